import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def line(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.pressed = [];
          window.line = fv.progress({ stop: () => pressed.push("stop"), again: () => pressed.push("again") }, never);
          one.append(line.element);
        }"""
    )
    return blank


def test_the_bar_says_how_far_the_run_is(line: Page) -> None:
    line.evaluate("line.show('running', 250, 1000, 'conv1')")
    bar = line.get_by_role("progressbar", name="Iterations done")
    expect(bar).to_have_attribute("aria-valuenow", "250")
    expect(bar).to_have_attribute("aria-valuemax", "1000")
    assert line.locator(".filterviz-fill").evaluate("fill => fill.style.width") == "25%"
    expect(line.get_by_text("Running · 250 of 1,000")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "stoppable"),
    [("idle", 0), ("compiling", 1), ("running", 1), ("done", 0), ("cancelled", 0), ("error", 0)],
)
def test_only_what_runs_can_be_stopped(line: Page, status: str, stoppable: int) -> None:
    line.evaluate("status => line.show(status, 1, 2, 'conv1')", status)
    line.get_by_role("button", name="Stop").dispatch_event("click")
    assert line.evaluate("pressed") == ["stop"] * stoppable


def test_the_stop_button_keeps_the_focus_after_it_has_stopped_the_run(line: Page) -> None:
    line.evaluate("line.show('running', 1, 2, 'conv1')")
    line.get_by_role("button", name="Stop").press("Enter")
    line.evaluate("line.show('cancelled', 1, 2, 'conv1')")
    expect(line.get_by_role("button", name="Stop")).to_be_focused()


def test_screen_readers_hear_of_each_status_once_and_politely(line: Page) -> None:
    spoken = line.get_by_role("status")
    expect(spoken).to_have_attribute("aria-live", "polite")
    line.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelector("[role=status]");
          new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true });
        }"""
    )
    line.evaluate("line.show('idle', 0, 3, 'conv1')")  # as the view came
    for call in ("'compiling', 0", "'running', 1", "'running', 2", "'running', 3", "'done', 3"):
        line.evaluate(f"line.show({call}, 3, 'conv1', 'activation 2')")
        line.clock.run_for(500)
    said = "said.filter(Boolean)"
    assert line.evaluate(said) == ["Compiling conv1", "Running", "Done, activation 2"]


def test_of_many_short_runs_screen_readers_hear_of_the_last_one(line: Page) -> None:
    for activation in range(20):
        line.evaluate(
            f"line.show('running', 1, 3, 'conv1'); line.show('done', 3, 3, 'conv1', 'activation {activation}')"
        )
        line.clock.run_for(100)
        expect(line.get_by_role("status")).to_have_text("")
    line.clock.run_for(500)
    expect(line.get_by_role("status")).to_have_text("Done, activation 19")
