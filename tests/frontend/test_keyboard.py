"""Whole sessions by the keyboard alone; what has the focus is seen, in reading order, and never lost."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

FOCUSED = """() => {
  const at = document.activeElement;
  const name = at.getAttribute("aria-label") ?? (at.labels?.length ? at.labels[0].textContent : at.textContent);
  return [at.getAttribute("role") ?? (at.localName === "input" ? at.type : at.localName), name.trim()];
}"""
RING = """() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = text;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const light = ([red, green, blue]) => [red, green, blue].reduce((sum, part, at) => {
    const share = part / 255;
    return sum + [0.2126, 0.7152, 0.0722][at] * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  }, 0);
  const at = document.activeElement;
  const around = [at, at.nextElementSibling, at.parentElement].filter(Boolean);
  const ringed = around.find((each) => {
    const { outlineStyle, outlineWidth, opacity } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && opacity !== "0";
  });
  if (!ringed) return "no ring";
  const { outlineColor, outlineWidth, outlineOffset } = getComputedStyle(ringed);
  let behind = ringed.parentElement;
  while (behind.parentElement && colour(getComputedStyle(behind).backgroundColor)[3] < 255)
    behind = behind.parentElement;
  const [one, other] = [outlineColor, getComputedStyle(behind).backgroundColor].map((each) => light(colour(each)));
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (contrast < 3) return `a ring of ${contrast.toFixed(1)} to 1`;
  const box = ringed.getBoundingClientRect();
  const reach = parseFloat(outlineOffset) + parseFloat(outlineWidth) - 0.5;
  for (let outer = ringed.parentElement; outer !== document.body; outer = outer.parentElement) {
    if (getComputedStyle(outer).overflowX === "visible") continue;
    const cut = outer.getBoundingClientRect();
    if (box.left - reach < cut.left || box.right + reach > cut.right
      || box.top - reach < cut.top || box.bottom + reach > cut.bottom)
      return `a ring that ${outer.className} cuts off`;
  }
  const bar = document.querySelector(".filterviz-site .filterviz-atlas-bar");
  if (bar && !bar.contains(at) && box.top < bar.getBoundingClientRect().bottom - 1) return "below the bar";
  return box.top < -1 || box.bottom > innerHeight + 1 && box.height < innerHeight ? "out of sight" : "";
}"""
PLACE = """() => {
  const { left, top, right, bottom } = document.activeElement.getBoundingClientRect();
  return [left, top + scrollY, right, bottom + scrollY];
}"""


class Hand:
    """A hand on the keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, keys: str) -> None:
        for key in keys.split():
            self.page.keyboard.press(key)

    def focused(self) -> list[str]:
        return self.page.evaluate(FOCUSED)

    def to(self, role: str, name: str, key: str = "Tab") -> None:
        """Goes on, or with Shift+Tab back, to a control whose name begins so."""
        way = []
        for _ in range(120):
            self.page.keyboard.press(key)
            way.append(self.focused())
            if way[-1][0] == role and way[-1][1].startswith(name):
                return
        pytest.fail(f"{key} does not lead to {name}: {way}")

    def all(self, key: str, end: str, ask: str = "() => null") -> list[tuple[list[str], Any]]:
        """Everything that a key leads to, up to the button at the end, with what is asked about each."""
        answers = []
        for _ in range(150):
            self.page.keyboard.press(key)
            at, answer = self.page.evaluate(f"[({FOCUSED})(), ({ask})()]")
            if at == ["button", end]:
                return answers
            answers.append((at, answer))
        pytest.fail(f"{key} does not lead out")


def button(page: Page, words: str, place: str) -> None:
    page.evaluate(
        "([words, place]) => one.insertAdjacentHTML(place, `<button id=${words}>${words}</button>`)", [words, place]
    )


@pytest.fixture
def hand(blank: Page) -> Hand:
    """Before a page's own button, the explorer with every panel, and another button."""
    button(blank, "before", "beforebegin")
    button(blank, "behind", "afterend")
    blank.set_viewport_size({"width": 1000, "height": 900})
    blank.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one); model.kernel(fv.filled()) }")
    blank.clock.run_for(300)
    blank.locator("#before").focus()
    return Hand(blank)


def saved(page: Page) -> dict[str, Any]:
    page.clock.run_for(200)
    return page.evaluate("model.saves.at(-1)")


def sent(page: Page) -> dict[str, Any]:
    return page.evaluate("model.sent.at(-1)")


def test_a_session_with_the_explorer(hand: Hand, tmp_path: Path) -> None:
    page = hand.page
    page.on("filechooser", lambda _: None)  # from now on, as the browser may hear too late that one will be waited for
    picture = page.locator(".filterviz-picture img")
    hand.to("range", "Iteration")
    hand.press("ArrowLeft")
    expect(picture).to_have_js_property("naturalWidth", 11)
    hand.press("End")
    hand.to("range", "Layer")
    hand.press("ArrowRight")
    assert saved(page) == {"layer": "conv2"}
    hand.press("ArrowLeft")
    hand.to("select", "Layer name")
    hand.press("ArrowDown")
    assert saved(page) == {"layer": "conv2"}
    hand.press("ArrowUp")
    hand.to("checkbox", "All layers")
    hand.press("Space")
    assert saved(page)["all_layers"] is True
    hand.to("range", "Filter")
    hand.press("ArrowRight ArrowRight")
    assert saved(page) == {"filter": 2}
    hand.press("Home")
    hand.to("radio", "Classic")
    hand.press("ArrowRight")
    assert saved(page)["method"] == "robust"
    hand.press("ArrowLeft")
    hand.to("summary", "Settings")
    hand.press("Enter")
    hand.to("range", "Step size")
    hand.press("ArrowRight")
    assert saved(page)["step_size"] > 1
    hand.to("number", "Iterations")
    hand.press("Control+a 3 0 Enter")
    assert saved(page) == {"iterations": 30}
    hand.to("button", "New seed")
    hand.press("Space")
    assert saved(page)["seed"] != 0
    hand.to("summary", "Options")
    hand.press("Space")
    hand.to("select", "Sign")
    hand.press("ArrowDown")
    assert saved(page)["options"]["sign"] == -1
    hand.to("button", "Reset options")
    hand.press("Enter")
    assert saved(page)["options"]["sign"] == 1
    hand.to("button", "Sheet")
    hand.press("Space")
    assert "sheet" not in saved(page)["panels"]
    expect(page.get_by_role("region", name="Sheet", exact=True)).to_have_count(0)
    assert hand.focused() == ["button", "Sheet"]
    hand.press("Enter")
    expect(page.get_by_role("region", name="Sheet", exact=True)).to_be_visible()
    Image.new("RGB", (8, 6), "red").save(tmp_path / "red.png")
    hand.to("button", "Open…")
    with page.expect_file_chooser() as chooser:
        hand.press("Enter")
    chooser.value.set_files(tmp_path / "red.png")
    page.wait_for_function("model.sent.at(-1).type === 'photo'")
    hand.to("button", "Pin")
    hand.press("Enter")
    assert sent(page) == {"type": "pin"}
    page.evaluate("model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: '', activation: 1 } })")
    hand.to("button", "GIF")
    hand.press("Space")
    assert {**sent(page), "view": ""} == {"type": "save", "kind": "gif", "view": ""}
    hand.to("button", "swap")
    hand.press("Enter")
    assert sent(page) == {"type": "swap"}
    hand.to("button", "unpin")
    hand.press("Enter")
    page.evaluate("model.kernel({ pinned: {} })")
    assert hand.focused() == ["button", "Pin"]
    hand.to("button", "Save Kernel as PNG")
    with page.expect_download():
        hand.press("Enter")
    hand.to("application", "Receptive field")
    hand.press("ArrowRight")  # begins in the middle
    hand.press("ArrowRight")
    held = page.get_by_role("region", name="Field", exact=True).get_by_role("status").first
    expect(held).to_have_text("row 1, column 2 sees rows 16 to 31 and columns 32 to 47 of the image")
    assert sent(page) == {"type": "attention", "row": 1, "column": 2}
    hand.to("button", "weakest")
    hand.press("Space")
    expect(page.get_by_alt_text("flower -1, activation -1")).to_be_attached()
    hand.to("application", "Feature map")
    hand.press("ArrowUp")
    expect(page.locator(".filterviz-map-value")).to_have_text("row 0, column 2: 0")
    hand.press("Enter")
    expect(page.locator(".filterviz-map-value")).to_have_text(re.compile("^Point at"))
    hand.to("range", "Opacity")
    hand.press("ArrowLeft")
    hand.to("button", "conv27")
    hand.press("Enter")
    assert saved(page) == {"layer": "conv2", "filter": 7}
    page.evaluate(
        "model.kernel({ neighbours_panel: { layer: 'conv2', filter: 7, previous:"
        " [{ layer: 'conv1', filter: 5, weight: 1 }], next: [] } })"
    )
    assert hand.focused() == ["button", "conv151"]  # the same place of the new list
    page.evaluate("model.kernel(fv.filled()); model.kernel({ layer: 'conv1', filter: 0 })")
    hand.to("select", "Sort")
    hand.to("gridcell", "Filter 0")
    hand.press("ArrowRight ArrowRight")
    assert saved(page)["filter"] == 2
    assert hand.focused()[1].startswith("Filter 2")
    hand.to("button", "Run again", "Shift+Tab")
    hand.press("Enter")
    assert sent(page) == {"type": "run"}
    page.evaluate("model.kernel({ status: 'running' })")
    hand.press("Shift+Tab Enter")
    assert sent(page) == {"type": "cancel"}
    hand.press("Escape")
    assert page.evaluate("document.activeElement === document.body")  # nothing around it can have the focus


def test_a_session_with_the_history(blank: Page) -> None:
    blank.evaluate("() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one); model.record(4) }")
    hand = Hand(blank)
    hand.to("range", "Epoch")
    hand.press("ArrowRight")
    assert saved(blank) == {"epoch": 1}
    expect(blank.get_by_role("img", name="loss, epoch 1: 2, val_loss 2")).to_be_visible()  # as a click on the chart
    hand.to("button", "Play")
    hand.press("Space")
    blank.clock.run_for(700)
    assert saved(blank) == {"epoch": 2}
    hand.press("Space")
    assert hand.focused() == ["button", "Play"]
    hand.to("select", "Layer")
    hand.press("ArrowDown")
    assert saved(blank) == {"layer": "net/conv2"}
    hand.press("ArrowUp")
    hand.to("range", "Filter")
    hand.press("ArrowRight")
    assert saved(blank)["filter"] == 1


def test_a_session_with_an_atlas(site: Callable[[str], Page]) -> None:
    page = site("one/index.html")
    page.set_viewport_size({"width": 1280, "height": 900})
    hand = Hand(page)
    title = page.get_by_role("heading", level=2)
    hand.to("a", "block/conv3")
    hand.press("Enter")
    expect(title).to_have_text("block/conv3")
    expect(page.get_by_role("gridcell").first).to_be_focused()
    hand.press("ArrowRight ArrowRight Enter")
    expect(title).to_have_text("block/conv32")
    expect(title).to_be_focused()
    hand.press("ArrowRight")
    expect(title).to_have_text("block/conv33")
    page.wait_for_selector(".filterviz-atlas-screen[aria-busy=false]")
    hand.press("ArrowLeft")
    expect(page.get_by_role("region", name="Alike", exact=True)).to_be_visible()
    hand.to("application", "Receptive field")
    hand.press("ArrowRight ArrowDown")  # of the field, not of the atlas
    expect(title).to_have_text("block/conv32")
    held = page.get_by_role("region", name="Field", exact=True).get_by_role("status").first
    expect(held).to_have_text(
        re.compile(r"^row 13, column 12 sees rows \d+ to \d+ and columns \d+ to \d+ of the image$")
    )
    hand.press("Escape")
    expect(title).to_have_text("block/conv3")
    hand.press("/")
    page.keyboard.type("conv1/5")
    hand.press("Enter")
    expect(title).to_have_text("conv15")
    hand.press("Escape Escape")
    expect(title).to_have_text("flowers_net")
    hand.to("summary", "Compare")
    hand.press("Enter")
    hand.to("text", "Address of another atlas")
    page.keyboard.type("../other")
    hand.press("Enter")
    expect(page.get_by_role("link", name=re.compile("^conv1 "))).to_contain_text("alike")


THEMES = ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"})
SITE = {
    "network": "one/index.html?with=../other/",
    "layer": "one/index.html#block/conv3",
    "filter": "one/index.html#block/conv3/12",
}


@pytest.fixture(params=["explorer", "history", *SITE])
def everything(request: pytest.FixtureRequest) -> Page:
    """Each view with all that can have the focus, between two buttons of the page."""
    if request.param in SITE:
        page = request.getfixturevalue("site")(SITE[request.param])
        page.evaluate("() => { window.one = document.querySelector('main') }")
        button(page, "before", "beforebegin")
        button(page, "behind", "afterend")
    else:
        page = request.getfixturevalue("hand").page
        page.evaluate(
            "model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: '', activation: 1 } })"
        )
        if request.param == "history":
            page.evaluate("() => { one.replaceChildren(); window.model = new fv.FakeHistory() }")
            page.evaluate("() => { fv.mountHistory(model, one); model.record(4) }")
        page.clock.run_for(500)
    page.evaluate("one.querySelectorAll('details').forEach((drawer) => (drawer.open = true))")
    return page


def test_all_that_has_the_focus_has_a_ring_that_is_seen(everything: Page) -> None:
    everything.set_viewport_size({"width": 1000, "height": 900})
    for theme in THEMES:
        everything.emulate_media(color_scheme="null", forced_colors="null")
        everything.emulate_media(**theme)  # type: ignore[arg-type]
        everything.locator("#before").focus()
        rings = Hand(everything).all("Tab", "behind", RING)
        assert len(rings) > 5
        assert [(at, problem) for at, problem in rings if problem] == [], theme
    everything.emulate_media(color_scheme="null", forced_colors="null")


def test_the_focus_goes_in_reading_order_and_back_again(everything: Page) -> None:
    everything.set_viewport_size({"width": 390, "height": 900})  # where all stands one below the other
    everything.wait_for_timeout(100)
    everything.locator("#before").focus()
    places = Hand(everything).all("Tab", "behind", PLACE)
    wrong = [
        (before, after)
        for (before, (left, top, _, bottom)), (after, (x, y, _, lower)) in pairwise(places)
        # Above the one before it, or in its row and further to the left.
        if lower <= top + 1 or (y < bottom - 1 and lower > top + 1 and x < left - 1 and y <= top + 1)
    ]
    assert wrong == []
    back = Hand(everything).all("Shift+Tab", "before")
    assert [at for at, _ in back] == [at for at, _ in reversed(places)]
