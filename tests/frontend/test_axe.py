"""What axe-core finds in every view and state, light and dark: nothing. It does not see everything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from filterviz_widget.widgets.frontend import frontend
from tests.frontend.test_atlas_widget import MODEL, give, render

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
FIND = """async ([within, rules]) => {
  const options = rules ? { runOnly: { type: "rule", values: rules } }
    : { rules: { "target-size": { enabled: true } } };
  options.resultTypes = ["violations"]; // of what passes, one of each is told: it is quicker
  // A part of a notebook's page has no landmark of its own.
  if (within) options.rules = { ...options.rules, region: { enabled: false } };
  const { violations, passes } = await axe.run(within ? document.querySelector(within) : document, options);
  if (!passes.length) throw new Error("axe has looked at nothing");
  const each = (id) => (node) => [id, node.target.join(" "), node.html.slice(0, 160)];
  return violations.flatMap(({ id, nodes }) => nodes.map(each(id)));
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that can find something else in the dark."""
OPEN = "one.querySelectorAll('details').forEach((drawer) => (drawer.open = true));"
ABOUT = """const panels = (words) => Object.fromEntries(Object.keys(fv.panelStates()).map((name) =>
  [name, { layer: "conv1", filter: 0, ...words }]));"""
WITH_PANELS = {
    "done": OPEN,
    "running": "model.kernel({ status: 'running', iteration: 2, film: {}, read: [20, 170],"
    " shown: fv.shown({ filter: 1 }), busy: model.get('panels') })",
    "panels that failed": f"{ABOUT} model.kernel(panels({{ error: 'Out of memory.' }}))",
    "panels that lack something": f"{ABOUT} model.kernel(panels({{ empty: 'Drop a photo here.' }}))",
    "a position that is held": "const map = one.querySelector('.filterviz-map'); map.focus(); map.click()",
}
ALONE = {
    "before the first picture": "model.kernel({ image: '', shown: null, activations: [], status: 'idle' })",
    "compiling": "model.kernel({ status: 'compiling', activations: [], film: {} })",
    "failed": "model.kernel({ status: 'error', error: 'Out of memory.' })",
    "stopped": "model.kernel({ status: 'cancelled', iteration: 3 })",
    "without a kernel": f"model.live(false); {OPEN}",
    "without an answer": "model.answers = false; model.kernel({ status: 'running' });"
    " one.querySelector('.filterviz-progress button').click()",
    "a dead filter": "model.kernel({ note: 'The filter is dead: nothing opens it.', activations: [0, 0, 0, 0, 0] })",
    "pinned": "model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: 'classic', activation: 1 } })",
    "a number that is refused": "const box = one.querySelector('input[type=number]'); box.focus(); box.value = 99;"
    " for (const kind of ['input', 'change']) box.dispatchEvent(new Event(kind))",
    "options without a meaning": f"{OPEN} model.kernel({{ inapplicable: {{ jitter: 'Of units only.', filter: 'All.' }},"
    " options: { ...model.get('options'), blur: 2 } })",
    "a volume": "model.kernel({ data: { kind: 'volume', slices: 4, words: '' }, film: {} })",
}
HISTORY = {
    "before the first record": "",
    "recorded": "model.record(4)",
    "gaps": "model.record(4); model.kernel({ epochs: [0, 3, 4, 9], epoch: 2, logs: { loss: [null, 2, null, 1] } })",
    "exploding": "model.record(4); model.kernel({ epoch: 2,"
    " marks: { conv1: ['', '', 'exploding', ''], conv2: ['dead', 'dead', 'dead', 'dead'] } })",
    "without a kernel": "model.record(4); model.live(false)",
    "failed": "model.record(4); model.kernel({ error: 'The disk is full.', note: '' })",
}
SITE = {
    "network": "other/index.html",
    "network, compared": "one/index.html?with=../other/",
    "layer": "one/index.html#block/conv3",
    "layer that is not finished": "other/index.html#block/conv3",
    "filter": "one/index.html#block/conv3/30",
    "filter, compared": "one/index.html?with=../other/#conv1/5",
    "filter without an optimum": "one/index.html#conv1/3",
    "filter that is not finished": "other/index.html#block/conv3/400",
    "unknown address": "one/index.html#conv9/3",
    "no atlas": "none/index.html",
}


def found(page: Page, within: str = "") -> dict[str, Any]:
    """What axe finds, light and dark."""
    page.add_script_tag(content=AXE.read_text("utf-8"))
    problems = {}
    for scheme, rules in (("light", None), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_function("document.getAnimations().length === 0")  # what fades has faded
        problems[scheme] = page.evaluate(FIND, [within, rules])
    return {scheme: each for scheme, each in problems.items() if each}


@pytest.fixture
def live(blank: Page) -> Page:
    """Its clock goes: axe waits between its rules, and what fades has to fade."""
    blank.clock.resume()
    return blank


@pytest.mark.parametrize("state", [*WITH_PANELS, *ALONE])
def test_axe_finds_nothing_in_the_explorer(live: Page, state: str) -> None:
    live.set_viewport_size({"width": 900, "height": 1400})
    live.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one) }")
    live.evaluate(
        "panels => model.kernel({ ...fv.filled(), ...panels })", {} if state in WITH_PANELS else {"panels": []}
    )
    live.evaluate(f"() => {{ {(WITH_PANELS | ALONE)[state]} }}")
    live.clock.fast_forward(5000)  # panels that are busy have faded, and nobody has answered
    assert found(live, "#one") == {}


@pytest.mark.parametrize("state", HISTORY)
def test_axe_finds_nothing_in_the_history(live: Page, state: str) -> None:
    live.evaluate("() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one) }")
    live.evaluate(f"() => {{ {HISTORY[state]} }}")
    assert found(live, "#one") == {}


@pytest.mark.parametrize("state", SITE)
def test_axe_finds_nothing_in_the_page_of_an_atlas(site: Callable[[str], Page], state: str) -> None:
    assert found(site(SITE[state])) == {}


@pytest.mark.parametrize("typed", ["conv", "nowhere"])
def test_axe_finds_nothing_in_a_search(site: Callable[[str], Page], typed: str) -> None:
    page = site("one/index.html")
    page.get_by_role("combobox", name="Search").fill(typed)
    assert found(page) == {}


def test_axe_finds_nothing_in_the_atlas_of_a_notebook(live: Page, atlases: Path) -> None:
    live.add_style_tag(content=frontend("atlas.css"))
    live.evaluate(MODEL)
    give(live, atlases / "other")
    render(live)
    live.get_by_role("button", name="conv1").click()
    live.get_by_role("gridcell").nth(2).click()
    live.get_by_alt_text("What filter 2 of layer conv1 responds to").wait_for()
    assert found(live, "#one") == {}
    live.get_by_role("button", name="Back").click()
    live.get_by_role("button", name="Back").click()
    live.get_by_role("button", name="Stop").wait_for()
    assert found(live, "#one") == {}
