"""What is lost on its way to the page is asked for: while something runs, after a silence, once at a time."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

WORLD = """view => {
  // A kernel that numbers what it tells as the real one does, and of which what `lost` says gets lost.
  window.model = view === "explorer" ? new fv.FakeModel() : new fv.FakeHistory();
  let [number, asks] = [0, 0];
  const changed = {};
  model.answers = false;
  window.tell = (changes, { lost = false } = {}) => {
    number += 1;
    for (const name of Object.keys(changes)) changed[name] = [number, changes[name]];
    if (!lost) model.kernel({ ...changes, told: [number - 1, number, asks] });
  };
  window.greet = (working) => model.kernel({ heard: model.get("heard") + 1, working, told: [0, number, asks] });
  window.answer = (working = true) => {
    const { since } = model.sent.filter(({ type }) => type === "news").at(-1);
    const missed = Object.entries(changed).filter(([, [at]]) => at > since).map(([name, [, value]]) => [name, value]);
    asks += 1;
    const heard = model.get("heard") + 1;
    model.kernel({ ...Object.fromEntries(missed), heard, working, told: [since, number, asks] });
  };
  window.asked = () => model.sent.filter(({ type }) => type === "news").length;
  window.unmount = (view === "explorer" ? fv.mount : fv.mountHistory)(model, one);
}"""

ASK_FOR_FILE = """() => {
  model.kernel({ image: fv.square(30), shown: fv.shown(), status: "done" });
  one.querySelector(".filterviz-saves button:nth-of-type(2)").click();
  window.view = model.sent.at(-1).view;
}"""


@pytest.fixture(params=["explorer"])
def world(request: pytest.FixtureRequest, blank: Page) -> Page:
    blank.evaluate(WORLD, request.param)
    return blank


def asked(page: Page) -> int:
    return int(page.evaluate("asked()"))


def test_who_hears_nothing_for_a_while_asks_while_something_runs(world: Page) -> None:
    world.evaluate("greet(true)")
    world.clock.run_for(290)
    assert asked(world) == 0
    world.clock.run_for(20)
    assert world.evaluate("model.sent") == [{"type": "hello"}, {"type": "news", "since": 0}]


@pytest.mark.parametrize("world", ["explorer", "history"], indirect=True)
def test_nobody_asks_where_nothing_runs_or_nobody_has_answered(world: Page) -> None:
    world.clock.run_for(3000)
    world.evaluate("model.kernel({ working: true })")  # as it was saved
    world.clock.run_for(3000)
    world.evaluate("greet(false)")
    world.clock.run_for(10_000)
    assert asked(world) == 0


def test_where_pictures_come_nobody_asks(world: Page) -> None:
    world.evaluate("greet(true)")
    for iteration in range(100):
        world.evaluate("iteration => tell({ iteration })", iteration)
        world.clock.run_for(100)
    assert asked(world) == 0


def test_one_question_at_a_time(world: Page) -> None:
    world.evaluate("greet(true)")
    world.clock.run_for(60_000)
    assert asked(world) == 1
    world.evaluate("answer()")
    world.clock.run_for(60_000)
    assert asked(world) == 2


def test_a_long_compilation_is_asked_after_ever_more_rarely(world: Page) -> None:
    world.evaluate("greet(true)")
    times = []
    for step in range(1000):
        before = asked(world)
        world.clock.run_for(10)
        if asked(world) > before:
            times.append(10 * step)
            world.evaluate("answer()")
    gaps = [after - before for before, after in pairwise(times)]
    assert 5 < len(times) < 15
    assert min(gaps) >= 290
    assert gaps == sorted(gaps)
    world.evaluate("tell({ status: 'running' })")
    world.clock.run_for(320)
    assert asked(world) == len(times) + 1, "what comes brings the first pause back"


def test_what_was_lost_is_shown_and_asked_for_more_often(world: Page) -> None:
    world.evaluate("greet(true)")
    world.clock.run_for(310)
    for iteration in (3, 7, 20):
        world.evaluate("iteration => tell({ iteration, status: 'running' }, { lost: true })", iteration)
        world.evaluate("answer()")
        expect(world.locator(".filterviz-words")).to_have_text(f"Running · {iteration} of 20")
        count = asked(world)
        world.clock.run_for(110)
        assert asked(world) == count + 1
    world.evaluate("tell({ status: 'done' }, { lost: true }); answer(false)")
    expect(world.locator(".filterviz-words")).to_have_text("Done · 20 of 20")
    count = asked(world)
    world.clock.run_for(10_000)
    assert asked(world) == count


def test_a_gap_is_noticed_at_the_next_word_also_during_a_drag(world: Page) -> None:
    world.evaluate("greet(true); tell({ iteration: 5 }, { lost: true })")
    for heard in range(2, 6):  # the answers to a drag come all the time
        world.evaluate("heard => tell({ heard })", heard)
        world.clock.run_for(60)
    assert world.evaluate("model.sent.at(-1)") == {"type": "news", "since": 0}
    world.evaluate("answer()")
    assert world.evaluate("model.get('iteration')") == 5


def test_a_question_says_up_to_where_everything_came(world: Page) -> None:
    world.evaluate(
        "tell({ iteration: 1 }); greet(true); tell({ iteration: 2 }); tell({ iteration: 3 }, { lost: true })"
    )
    world.evaluate("tell({ iteration: 4 })")
    world.clock.run_for(310)
    assert world.evaluate("model.sent.at(-1)") == {"type": "news", "since": 2}


def test_a_question_of_the_page_is_no_question_of_the_user(world: Page) -> None:
    """A kernel that is busy with another cell answers neither; only what the hand did is worth a word."""
    world.evaluate("greet(true)")
    world.clock.run_for(60_000)
    expect(world.get_by_text("No answer")).to_be_hidden()


def test_a_question_that_got_lost_with_its_answer_is_not_the_last(world: Page) -> None:
    world.evaluate("greet(true)")
    world.clock.run_for(310)
    assert asked(world) == 1
    world.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    world.evaluate("tell({ heard: 5 })")
    world.clock.run_for(310)
    assert asked(world) == 2


def test_an_answer_does_not_undo_what_the_hand_set_after_the_question(world: Page) -> None:
    """A cell has written the panels and still runs: the page has heard of them, and hears of them again."""
    toggles = world.get_by_role("group", name="Panels")
    world.evaluate("greet(true)")
    world.clock.run_for(310)
    world.evaluate("tell({ panels: ['kernel', 'map'] })")
    toggles.get_by_role("button", name="Sheet", exact=True).click()
    world.clock.run_for(200)
    world.evaluate("answer()")
    expect(toggles.get_by_role("button", pressed=True)).to_have_text(["Kernel", "Map", "Sheet"])
    toggles.get_by_role("button", name="Photo", exact=True).click()
    world.clock.run_for(200)
    chosen = ["kernel", "map", "photo", "sheet"]
    assert world.evaluate("[model.get('panels'), model.saves.at(-1).panels]") == [chosen, chosen]


def test_the_whole_state_does_not_undo_what_the_hand_set_before_it_came(world: Page) -> None:
    world.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    world.clock.run_for(200)
    world.evaluate("model.kernel({ filter: 0, heard: 1, told: [0, 1, 0] })")
    world.clock.run_for(200)
    expect(world.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value("1")
    assert world.evaluate("[model.get('filter'), model.saves.at(-1).filter]") == [1, 1]


def test_what_the_kernel_makes_of_a_setting_is_shown_once_it_has_answered(world: Page) -> None:
    """What it told before may be older than the hand, and what it told afterwards is newer."""
    filter = world.get_by_role("spinbutton", name="Filter", exact=True)
    world.evaluate("greet(true)")
    world.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    world.clock.run_for(200)
    saves = world.evaluate("model.saves.length")
    world.evaluate("tell({ filter: 5 })")
    expect(filter).to_have_value("1")
    world.evaluate("tell({ heard: model.get('heard') + 1 })")
    expect(filter).to_have_value("5")
    world.evaluate("tell({ filter: 7 })")
    expect(filter).to_have_value("7")
    world.clock.run_for(200)
    assert world.evaluate("model.saves.length") == saves


def test_the_hand_takes_back_what_the_kernel_has_not_answered_yet(world: Page) -> None:
    slider = world.get_by_role("slider", name="Filter", exact=True)
    world.evaluate("greet(true)")
    slider.press("ArrowRight")
    world.clock.run_for(200)
    world.evaluate("tell({ filter: 0 })")  # from before: the model knows no better
    slider.press("ArrowLeft")
    world.clock.run_for(200)
    assert world.evaluate("model.saves.map(({ filter }) => filter)") == [1, 0]


def test_what_nobody_answers_yet_is_where_the_hand_is(world: Page) -> None:
    toggles = world.get_by_role("group", name="Panels")
    world.evaluate("greet(true); tell({ panels: ['kernel'] })")
    for name in ("Map", "Photo", "Sheet"):
        toggles.get_by_role("button", name=name, exact=True).click()
        world.clock.run_for(200)
        expect(toggles.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
    saves = world.evaluate("model.saves.map(({ panels }) => panels)")
    assert saves == [["kernel", "map"], ["kernel", "map", "photo"], ["kernel", "map", "photo", "sheet"]]


@pytest.mark.parametrize("hand", ["view", "link"])
def test_the_last_hand_in_a_page_has_its_way(world: Page, hand: str) -> None:
    first, second = world.locator("#one"), world.locator("#two")
    world.evaluate("fv.mount(model, two); greet(true)")
    world.clock.run_for(310)
    first.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    if hand == "view":
        second.get_by_role("slider", name="Filter", exact=True).press("End")
    else:
        world.evaluate("model.set('filter', 15); model.save_changes()")
    for view in (first, second):
        expect(view.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value("15")
    world.evaluate("answer()")
    world.clock.run_for(200)
    for view in (first, second):
        expect(view.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value("15")
    assert world.evaluate("model.saves.map(({ filter }) => filter)") == [1, 15]


@pytest.mark.parametrize("end", ["unmount()", "model.live(false)"])
def test_a_view_without_a_kernel_or_a_place_asks_nobody(world: Page, end: str) -> None:
    world.evaluate("greet(true)")
    world.evaluate(end)
    world.clock.run_for(10_000)
    assert asked(world) == 0


@pytest.mark.parametrize("gap", [False, True])
def test_a_letter_that_comes_twice_is_opened_once(world: Page, gap: bool) -> None:
    """Beyond a gap it comes by itself, and again with what was lost before it."""
    downloads: list[Any] = []
    world.on("download", lambda download: downloads.append(download))
    letter = """number => model.message({ type: "file", name: "a.gif", view, letter: number },
      [new DataView(new ArrayBuffer(4))])"""
    world.evaluate("greet(true)")
    if gap:
        world.evaluate("tell({ seed: 1 }, { lost: true })")
    world.evaluate(ASK_FOR_FILE)
    with world.expect_download():
        world.evaluate(letter, 1 + gap)
    world.evaluate("tell({})")
    world.clock.run_for(310)
    assert world.evaluate("model.sent.at(-1)") == {"type": "news", "since": 0 if gap else 1}
    world.evaluate(letter, 1 + gap)
    world.evaluate("answer(); tell({ iteration: 1 })")
    world.wait_for_function("model.get('iteration') === 1")
    assert len(downloads) == 1


def receipts(page: Page) -> list[int]:
    sent: list[Any] = page.evaluate("model.sent.filter(({ type }) => type === 'receipt')")
    assert len({each["view"] for each in sent}) <= 1
    assert [each["at"] for each in sent] == sorted(each["at"] for each in sent)
    return [each["number"] for each in sent]


def test_a_page_says_what_it_has_heard_where_the_kernel_wants_to_know(world: Page) -> None:
    world.evaluate("greet(true); tell({ iteration: 1 })")
    world.evaluate("model.kernel({ iteration: 2, told: [1, 2, 0, 0, true] })")
    world.evaluate("model.kernel({ iteration: 3, told: [2, 3, 0, 0, false] })")
    world.evaluate("model.kernel({ iteration: 4, told: [3, 4, 0, 900, true] })")
    assert receipts(world) == [2, 4]
    world.clock.run_for(5000)
    expect(world.get_by_text("No answer")).to_be_hidden()


def test_on_a_slow_link_a_page_asks_no_sooner_than_what_is_on_its_way_can_come(world: Page) -> None:
    world.evaluate("greet(true); model.kernel({ iteration: 1, told: [0, 1, 0, 600, true] })")
    world.clock.run_for(1190)
    assert asked(world) == 0
    world.clock.run_for(20)
    assert asked(world) == 1
    world.evaluate("model.kernel({ heard: 2, working: true, told: [1, 1, 1, 600, false] })")  # it is on its way
    world.clock.run_for(310)
    assert asked(world) == 1
    world.evaluate("model.kernel({ iteration: 2, told: [1, 2, 1, 0, false] })")
    world.clock.run_for(310)
    assert asked(world) == 2
    assert world.evaluate("model.sent.at(-1)") == {"type": "news", "since": 2}
