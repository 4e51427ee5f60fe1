import pytest
from playwright.sync_api import Page


@pytest.fixture
def kernel(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.states = [];
          window.control = new AbortController();
          window.kernel = fv.connection((state) => states.push(state), control.signal);
        }"""
    )
    return blank


def states(page: Page) -> list[str]:
    return page.evaluate("states")


def test_a_kernel_that_does_not_answer_is_silent_until_it_does(kernel: Page) -> None:
    kernel.evaluate("kernel.asked()")
    kernel.clock.run_for(3900)
    assert states(kernel) == []
    kernel.clock.run_for(200)
    assert states(kernel) == ["silent"]
    kernel.evaluate("kernel.answered()")
    assert states(kernel) == ["silent", "live"]


def test_an_answer_in_time_is_nothing_to_tell(kernel: Page) -> None:
    kernel.evaluate("kernel.asked()")
    kernel.clock.run_for(2000)
    kernel.evaluate("kernel.answered()")
    kernel.clock.run_for(10_000)
    assert states(kernel) == []


def test_what_the_kernel_writes_of_its_own_accord_is_no_answer(kernel: Page) -> None:
    kernel.evaluate("kernel.asked()")
    kernel.clock.run_for(2000)
    kernel.evaluate("kernel.alive()")
    kernel.clock.run_for(2100)
    assert states(kernel) == ["silent"]
    kernel.evaluate("kernel.alive()")
    assert states(kernel) == ["silent"]


def test_the_first_question_without_an_answer_counts_and_not_the_last_of_a_long_drag(kernel: Page) -> None:
    for _ in range(41):
        kernel.evaluate("kernel.asked()")
        kernel.clock.run_for(100)
    assert states(kernel) == ["silent"]


def test_where_nobody_has_ever_answered_there_may_be_nobody(kernel: Page) -> None:
    kernel.evaluate("kernel.greeted()")
    kernel.clock.run_for(3900)
    assert states(kernel) == []
    kernel.clock.run_for(200)
    assert states(kernel) == ["absent"]


@pytest.mark.parametrize("sign", ["answered", "alive"])
def test_a_busy_kernel_that_comes_later_is_as_welcome(kernel: Page, sign: str) -> None:
    kernel.evaluate("kernel.greeted()")
    kernel.clock.run_for(20_000)
    kernel.evaluate(f"kernel.{sign}()")
    assert states(kernel) == ["absent", "live"]


@pytest.mark.parametrize("sign", ["answered", "alive"])
def test_whoever_is_heard_of_is_not_absent(kernel: Page, sign: str) -> None:
    kernel.evaluate(f"kernel.greeted(); kernel.{sign}()")
    kernel.clock.run_for(10_000)
    assert states(kernel) == []


def test_a_kernel_that_goes_and_comes_back_is_told_once_each(kernel: Page) -> None:
    kernel.evaluate("kernel.asked(); kernel.lost(); kernel.lost()")
    kernel.clock.run_for(10_000)
    assert states(kernel) == ["lost"]
    kernel.evaluate("kernel.alive(); kernel.alive()")
    assert states(kernel) == ["lost", "live"]


def test_nothing_is_told_after_the_view_has_gone(kernel: Page) -> None:
    kernel.evaluate("kernel.asked(); kernel.greeted(); control.abort(); kernel.lost()")
    kernel.clock.run_for(10_000)
    assert states(kernel) == []
