import pytest
from playwright.sync_api import Page


@pytest.fixture
def kernel(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.model = new fv.FakeModel(); window.states = []; window.busy = false;
          window.control = new AbortController();
          window.kernel = fv.connection(model, () => busy, (state) => states.push(state), control.signal);
        }"""
    )
    return blank


def test_a_kernel_that_does_not_answer_is_silent_until_it_does(kernel: Page) -> None:
    kernel.evaluate("kernel.asked()")
    kernel.clock.run_for(3900)
    assert kernel.evaluate("states") == []
    kernel.clock.run_for(200)
    assert kernel.evaluate("states") == ["silent"]
    kernel.evaluate("model.kernel({ status: 'running' })")
    assert kernel.evaluate("states") == ["silent", "live"]


def test_an_answer_in_time_is_nothing_to_tell(kernel: Page) -> None:
    kernel.evaluate("kernel.asked()")
    kernel.clock.run_for(2000)
    kernel.evaluate("model.kernel({ error: 'filter must be less' })")
    kernel.clock.run_for(10_000)
    assert kernel.evaluate("states") == []


def test_a_kernel_known_to_be_at_work_may_take_its_time(kernel: Page) -> None:
    kernel.evaluate("busy = true; kernel.asked()")
    kernel.clock.run_for(10_000)
    assert kernel.evaluate("states") == []


def test_the_host_says_when_the_kernel_goes_and_comes_back(kernel: Page) -> None:
    kernel.evaluate("model.live(false); model.live(false); model.live(true)")
    assert kernel.evaluate("states") == ["lost", "live"]


def test_nothing_is_told_after_the_view_has_gone(kernel: Page) -> None:
    kernel.evaluate("kernel.asked(); control.abort(); model.live(false)")
    kernel.clock.run_for(10_000)
    assert kernel.evaluate("states") == []
    assert kernel.evaluate("model.listening()") == 0
