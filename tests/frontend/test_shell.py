"""What both views do with the host: hello, questions and answers, and rest where there is nobody."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PICTURE = {
    "status": "done",
    "iteration": 20,
    "activations": [1.0, 2.0],
    "note": "Seen from 9 starts.",
}
"""A finished run."""


def mount(page: Page, view: str, answers: bool = True) -> None:
    page.evaluate(
        """([view, answers]) => {
          window.model = view === "explorer" ? new fv.FakeModel() : new fv.FakeHistory();
          model.answers = answers;
          if (view === "history") model.record(4);
          window.unmount = (view === "explorer" ? fv.mount : fv.mountHistory)(model, one);
        }""",
        [view, answers],
    )


both = pytest.mark.parametrize("view", ["explorer", "history"])


def expect_rest(page: Page, rests: bool) -> None:
    page.clock.run_for(20)
    # Not the time line, which needs a film and no kernel.
    tracks = page.locator("input[type=range]:visible:not(.filterviz-time-range)")
    controls = [*tracks.all(), *page.get_by_role("spinbutton").all()]
    assert len(controls) >= 4
    for control in [*controls, *page.get_by_role("combobox").all()]:
        (expect(control).to_be_disabled if rests else expect(control).to_be_enabled)()


# Hello


@both
def test_a_view_that_listens_says_hello_once(blank: Page, view: str) -> None:
    mount(blank, view)
    blank.clock.run_for(60_000)
    assert blank.evaluate("model.sent") == [{"type": "hello"}]
    assert blank.evaluate("model.saves") == []
    expect_rest(blank, False)
    expect(blank.get_by_text("No kernel answers")).to_be_hidden()


@both
def test_a_view_that_nobody_answers_rests_after_a_while_and_says_so(blank: Page, view: str) -> None:
    mount(blank, view, answers=False)
    blank.clock.run_for(3900)
    expect(blank.get_by_text("No kernel answers")).to_be_hidden()
    blank.clock.run_for(200)
    expect(blank.get_by_role("status").get_by_text("No kernel answers")).to_be_visible()
    expect_rest(blank, True)


@both
@pytest.mark.parametrize("change", [{"heard": 1}, {"error": "Out of memory"}])
def test_a_busy_kernel_wakes_the_controls_when_it_comes(blank: Page, view: str, change: Any) -> None:
    mount(blank, view, answers=False)
    blank.clock.run_for(30_000)
    expect_rest(blank, True)
    blank.evaluate("change => model.kernel(change)", change)
    expect_rest(blank, False)
    expect(blank.get_by_text("No kernel answers")).to_be_hidden()


# Names and words


@pytest.mark.parametrize(("view", "name"), [("explorer", "Filter explorer"), ("history", "Training history")])
def test_a_view_has_a_name(blank: Page, view: str, name: str) -> None:
    mount(blank, view)
    group = blank.get_by_role("group", name=name, exact=True)
    expect(group.get_by_role("slider", name="Filter", exact=True)).to_be_visible()


@both
def test_words_come_into_regions_that_were_there_before_them(blank: Page, view: str) -> None:
    """Most screen readers do not hear of a region that comes with its words."""
    mount(blank, view)
    blank.evaluate("model.kernel({ note: '' })")
    blank.evaluate("window.regions = [...one.querySelectorAll('[role=status], [role=alert]')]")
    blank.evaluate("model.kernel({ note: 'The filter is dead.', error: 'Out of memory.' }); model.live(false)")
    said = blank.evaluate("regions.map((region) => [region.getAttribute('role'), region.textContent])")
    assert ["status", "The filter is dead."] in said
    assert ["alert", "Out of memory."] in said
    assert [role for role, words in said if words.startswith("Not connected")] == ["status"]


# Questions


def test_a_message_that_changes_nothing_has_an_answer_too(explorer: Page) -> None:
    explorer.get_by_role("checkbox", name="All layers").check()
    explorer.clock.run_for(10_000)
    expect(explorer.get_by_text("No answer")).to_be_hidden()


def test_a_question_without_an_answer_is_told_and_leaves_the_controls(explorer: Page) -> None:
    explorer.evaluate("model.answers = false")
    explorer.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    explorer.evaluate("model.kernel({ status: 'running' })")  # of the run before
    explorer.clock.run_for(5000)
    expect(explorer.get_by_text("No answer from the kernel so far")).to_be_visible()
    expect_rest(explorer, False)
    explorer.evaluate("model.kernel({ heard: 2 })")
    expect(explorer.get_by_text("No answer")).to_be_hidden()


def test_records_that_come_as_training_goes_on_are_no_answer(history: Page) -> None:
    history.evaluate("model.answers = false")
    history.get_by_role("slider", name="Epoch").press("End")
    for count in range(5, 10):
        history.evaluate("count => model.record(count)", count)
        history.clock.run_for(1000)
    expect(history.get_by_text("No answer from the kernel so far")).to_be_visible()


@pytest.mark.parametrize("button", ["Run again", "Stop"])
def test_a_button_is_a_question_too(explorer: Page, button: str) -> None:
    explorer.evaluate("model.kernel({ status: 'running' }); model.answers = false")
    explorer.get_by_role("button", name=button).dispatch_event("click")
    explorer.clock.run_for(5000)
    expect(explorer.get_by_text("No answer from the kernel so far")).to_be_visible()


# A host that says so, or throws


@both
def test_a_kernel_that_goes_is_told_and_one_that_comes_back_too(blank: Page, view: str) -> None:
    mount(blank, view)
    blank.evaluate("model.live(false)")
    expect(blank.get_by_text("Not connected to a kernel")).to_be_visible()
    expect_rest(blank, True)
    blank.evaluate("model.live(true)")
    expect(blank.get_by_text("Not connected to a kernel")).to_be_hidden()
    expect_rest(blank, False)


@both
def test_a_host_that_refuses_to_send_has_no_kernel(blank: Page, view: str) -> None:
    blank.evaluate(
        """view => {
          window.model = view === "explorer" ? new fv.FakeModel() : new fv.FakeHistory();
          model.refuses = true;
          (view === "explorer" ? fv.mount : fv.mountHistory)(model, one);
        }""",
        view,
    )
    expect(blank.get_by_text("Not connected to a kernel")).to_be_visible()
    expect_rest(blank, True)


# The class that real hosts use


@pytest.fixture
def hosted(blank: Page, real_model: str) -> Page:
    """Has `host(view, changes, comm)`, which shows a view of the real class' model as `model`."""
    blank.add_script_tag(content=real_model)
    blank.evaluate(
        """() => {
          window.host = (view, changes = {}, comm) => {
            const state = view === "explorer" ? fv.explorerState(changes) : fv.historyState(changes);
            const { model, lent } = real.hosted(state, comm);
            window.model = model;
            return (view === "explorer" ? fv.mount : fv.mountHistory)(lent, one);
          };
        }"""
    )
    return blank


@both
def test_a_page_without_a_kernel_comes_to_rest(hosted: Page, view: str) -> None:
    hosted.evaluate("view => void host(view)", view)
    hosted.clock.run_for(4100)
    expect(hosted.get_by_text("No kernel answers")).to_be_visible()
    expect_rest(hosted, True)


def test_what_was_finished_stays_as_it_was(hosted: Page) -> None:
    hosted.evaluate("picture => void host('explorer', { ...picture, shown: fv.shown(), image: fv.square(8) })", PICTURE)
    hosted.clock.run_for(10_000)
    expect(hosted.get_by_role("img", name="What filter 3 of layer conv1 responds to")).to_be_visible()
    expect(hosted.get_by_role("img", name="Activation over 1 iterations, from 1 to 2")).to_be_attached()
    expect(hosted.get_by_text("conv1 · filter 3 of 0")).to_be_visible()
    expect(hosted.get_by_text("Seen from 9 starts.")).to_be_visible()
    expect(hosted.get_by_text("Done · 20 of 20")).to_be_visible()
    expect_rest(hosted, True)


@pytest.mark.parametrize("status", ["idle", "compiling", "running"])
def test_what_was_under_way_does_not_go_on_for_ever(hosted: Page, status: str) -> None:
    hosted.evaluate("status => void host('explorer', { status, iteration: 7 })", status)
    hosted.clock.run_for(10_000)
    expect(hosted.locator(".filterviz-words")).to_have_text("Disconnected · 7 of 20")
    assert hosted.evaluate("one.innerText").count("Compiling") == 0
    expect(hosted.get_by_role("button", name="Stop")).to_be_disabled()
    expect(hosted.get_by_role("button", name="Run again")).to_be_disabled()


def test_with_a_kernel_messages_go_out_and_what_comes_back_is_drawn(hosted: Page) -> None:
    hosted.evaluate("() => { window.comm = new real.Comm(); host('explorer', {}, comm) }")
    assert hosted.evaluate("comm.sent") == [{"method": "custom", "content": {"type": "hello"}}]
    hosted.evaluate("comm.answer({ heard: 1, layer: 'conv2' })")
    thumb = hosted.get_by_role("slider", name="Filter", exact=True)
    expect(thumb).to_have_attribute("max", "31")
    thumb.press("ArrowRight")
    assert hosted.evaluate("comm.sent.at(-1)") == {"method": "update", "state": {"filter": 1}, "buffer_paths": []}
    hosted.evaluate("comm.answer({ heard: 2, error: 'filter must be even' })")
    hosted.clock.run_for(10_000)
    expect(hosted.get_by_role("alert")).to_have_text("filter must be even")
    expect(hosted.get_by_text(re.compile("No answer|No kernel"))).to_be_hidden()


def test_a_dead_kernel_behind_an_open_way_is_told(hosted: Page) -> None:
    hosted.evaluate("() => { window.comm = new real.Comm(); host('history', {}, comm) }")
    hosted.clock.run_for(4100)
    expect(hosted.get_by_text("No kernel answers")).to_be_visible()
    hosted.evaluate("comm.answer({ heard: 1 })")
    expect(hosted.get_by_text("No kernel answers")).to_be_hidden()
    hosted.evaluate("model.comm_live = false")
    expect(hosted.get_by_text("Not connected to a kernel")).to_be_visible()


def test_a_removed_view_leaves_no_listener_on_the_model(hosted: Page) -> None:
    before = hosted.evaluate("() => { window.gone = host('explorer'); return Object.keys(model._events).length }")
    assert before > 10
    hosted.evaluate("gone()")
    assert hosted.evaluate("Object.keys(model._events ?? {})") == []
