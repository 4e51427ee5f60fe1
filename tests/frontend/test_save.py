import pytest
from playwright.sync_api import Page


@pytest.fixture
def saver(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.times = []; window.failures = []; window.control = new AbortController(); window.fails = false;
          window.saver = fv.throttled(() => {
            times.push(performance.now());
            if (fails) throw new Error("static page");
          }, (error) => failures.push(error.message), control.signal);
        }"""
    )
    return blank


def count(page: Page) -> int:
    return page.evaluate("times.length")


def test_the_first_request_is_saved_at_once(saver: Page) -> None:
    saver.evaluate("saver.request()")
    assert count(saver) == 1


def test_a_burst_is_saved_every_hundred_milliseconds_and_at_its_end(saver: Page) -> None:
    for _ in range(25):
        saver.evaluate("saver.request()")
        saver.clock.run_for(10)
    assert count(saver) == 3
    saver.clock.run_for(100)
    assert count(saver) == 4
    saver.clock.run_for(1000)
    assert count(saver) == 4
    assert saver.evaluate("times.slice(1).every((time, place) => time - times[place] >= 100)")


def test_a_flush_saves_what_waits_and_nothing_else(saver: Page) -> None:
    saver.evaluate("saver.flush()")
    assert count(saver) == 0
    saver.evaluate("saver.request(); saver.request(); saver.flush()")
    assert count(saver) == 2
    saver.evaluate("saver.flush()")
    saver.clock.run_for(1000)
    assert count(saver) == 2


def test_what_waits_is_saved_when_the_view_goes_and_nothing_after(saver: Page) -> None:
    saver.evaluate("saver.request(); saver.request(); control.abort()")
    assert count(saver) == 2
    saver.clock.run_for(1000)
    assert count(saver) == 2


def test_a_failed_save_is_told_and_not_thrown(saver: Page) -> None:
    saver.evaluate("window.fails = true; saver.request()")
    assert saver.evaluate("failures") == ["static page"]
