"""Narrow windows, and large type: at 320 pixels, and at 200 % of 1280, all is there, and can be read and hit."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

SITE = {
    "network": "other/index.html",
    "network, compared": "one/index.html?with=../other/",
    "layer": "one/index.html#block/conv3",
    "filter": "one/index.html#block/conv3/12",
}
PROBLEMS = """root => {
  const shown = [...root.querySelectorAll("*")].filter((part) => part.checkVisibility({ visibilityProperty: true })
    && !part.closest(".filterviz-spoken, svg, option, video"));
  const scrolls = (part) => ["auto", "scroll"].includes(getComputedStyle(part).overflowX);
  const inScroller = (part) => {
    for (let at = part.parentElement; at && at !== root; at = at.parentElement) if (scrolls(at)) return true;
    return false;
  };
  const about = (part) => `${part.className} ${part.textContent.slice(0, 30)}`;
  const edge = root.getBoundingClientRect().right + 0.5;
  const outside = shown.filter((part) => part.getBoundingClientRect().right > edge && !inScroller(part)
    && !part.closest(".filterviz-marked"));
  const cut = shown.filter((part) => getComputedStyle(part).overflowY === "hidden" && part.textContent.trim()
    && part.scrollHeight > part.clientHeight + 1);
  const targets = "a, button, input, select, summary, [role=gridcell], [tabindex='0']";
  const small = shown.filter((part) => part.matches(targets))
    .filter((part) => Math.min(part.getBoundingClientRect().width, part.getBoundingClientRect().height) < 24);
  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const part = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown.includes(part) || part.closest(".filterviz-sheet-view")) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const box of range.getClientRects()) texts.push([part, box]);
  }
  const over = [];
  texts.forEach(([one, a], place) => texts.slice(place + 1).forEach(([other, b]) => {
    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (one !== other && x > 1 && y > 4) over.push(`${about(one)} | ${about(other)}`);
  }));
  const problems = { outside: outside.map(about), cut: cut.map(about), small: small.map(about), over };
  if (document.documentElement.scrollWidth > innerWidth) problems.page = document.documentElement.scrollWidth;
  if (texts.length < 10) problems.texts = texts.length;
  return Object.fromEntries(Object.entries(problems).filter(([, found]) => !Array.isArray(found) || found.length));
}"""


@pytest.fixture(params=["explorer", "history", *SITE])
def view(request: pytest.FixtureRequest) -> Page:
    """Each view with all that can stand in it, unfolded."""
    if request.param in SITE:
        site: Callable[[str], Page] = request.getfixturevalue("site")
        page = site(SITE[request.param])
        page.evaluate("window.one = document.querySelector('main')")
    else:
        page = request.getfixturevalue("blank")
    if request.param == "explorer":
        page.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one); model.kernel(fv.filled()) }")
        page.evaluate(
            "model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: 'classic', activation: 6 },"
            " note: 'Closed at the start.', error: 'Out of memory.' })"
        )
    if request.param == "history":
        page.evaluate("() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one); model.record(4) }")
        page.evaluate("model.kernel({ epoch: 2, marks: { conv1: ['', '', 'exploding', ''] } })")
    page.evaluate("one.querySelectorAll('details').forEach((drawer) => (drawer.open = true))")
    return page


@pytest.mark.parametrize("width", [640, 320])
def test_all_is_there_and_can_be_read_and_hit(view: Page, width: int) -> None:
    view.set_viewport_size({"width": width, "height": 900})
    view.screenshot()  # what is observed has been laid out
    found: dict[str, Any] = view.evaluate(f"({PROBLEMS})(one)")
    assert found == {}
