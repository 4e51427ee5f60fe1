"""What a hand does in every host, and what is to be seen then."""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.lab import View

Ask = Callable[[str], Any]

MOVES = 60

DARKNESS = """root => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const shade = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[0];
  };
  const { backgroundColor, color } = getComputedStyle(root);
  return [shade(backgroundColor), shade(color)];
}"""


def expect_first_picture(view: View, layer: str = "conv3") -> None:
    view.expect_picture(layer, 0, timeout=120)
    view.expect_words("Done · 20 of 20", timeout=60)
    expect(view.picture).to_be_visible()


def storm(view: View, ask: Ask) -> None:
    """Sixty moves of the filter's slider, as fast as they go; what is shown then is of the last place."""
    thumb = view.slider("Filter")
    last = int(thumb.get_attribute("max") or 0)
    box = thumb.bounding_box()
    assert box
    assert last >= 30
    assert box["width"] > 100
    mouse, y = view.root.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 9, y)
    mouse.down()
    for move in range(1, MOVES + 1):
        mouse.move(box["x"] + 8 + move * (box["width"] - 40) / MOVES, y)
    mouse.up()
    place = int(view.number("Filter").input_value())
    assert 20 < place < last
    view.expect_picture("conv3", place, timeout=60)
    view.expect_words("Done · 20 of 20")
    expect(view.number("Filter")).to_have_value(str(place))
    assert ask("explorer.wait(60).description.filter, explorer.filter, explorer.shown['filter']") == (place,) * 3
    assert view.picture.get_attribute("src") == ask("explorer.image")
    assert ask("is_as_without_a_widget(explorer)")


def expect_epochs(root: Locator, ask: Ask, last: int) -> None:
    """The axis reaches the last epoch; the slider and the picture are at it."""
    epoch = root.get_by_role("slider", name="Epoch", exact=True)
    expect(epoch).to_have_attribute("max", str(last), timeout=60_000)
    expect(root.get_by_role("img", name="What filter")).to_have_accessible_name(
        f"What filter 0 of layer eyes responds to, epoch {last}", timeout=60_000
    )
    expect(epoch).to_have_attribute("aria-valuetext", re.compile(f"^after epoch {last}$|^before training$"))
    expect(epoch).to_have_value(str(last))


def watch_training(root: Locator, ask: Ask) -> None:
    """While the cell that trains runs, the axis grows and the newest is shown."""
    for epoch in (1, 2):
        expect_epochs(root, ask, epoch)
        ask("GATE.release()")
    ask("[GATE.release() for _ in range(4)] and None")
    expect_epochs(root, ask, 4)
    assert ask("history.widget().epoch, history.widget().shown['epoch'], history.widget().error") == (4, 4, "")


def expect_looks(root: Locator, looks: str) -> None:
    """The widget is light or dark, with text that can be read on it; hosts load their colours after the page."""
    until = time.monotonic() + 15
    while True:
        background, text = root.evaluate(DARKNESS)
        if (background < 90 and text > 150) if looks == "dark" else (background > 200 and text < 110):
            return
        assert time.monotonic() < until, f"background {background}, text {text}"
        time.sleep(0.1)


def expect_rest(ask: Ask) -> None:
    """No thread stays at work; what was begun may end."""
    until = time.monotonic() + 60
    while ask("threads()") and time.monotonic() < until:
        time.sleep(0.2)
    assert ask("threads()") == 0
