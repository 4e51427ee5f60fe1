"""What stands beside the picture, in a real JupyterLab: by hand, by keyboard, and in a storm."""

import base64
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.lab import Kernel, View

ALL = ["Kernel", "Field", "Strongest", "Map", "Inhibits", "Photo", "Without", "Neighbours", "Sheet"]


def panel(view: View, name: str) -> Locator:
    return view.root.get_by_role("region", name=name, exact=True)


def choose(view: View, *names: str) -> None:
    for name in ALL:
        button = view.root.get_by_role("button", name=name, exact=True)
        if (button.get_attribute("aria-pressed") == "true") != (name in names):
            button.click()


@pytest.fixture
def whole(view: View, kernel: Kernel) -> Iterator[View]:
    """All panels; the first photo and the panels of the quickstart are there again afterwards."""
    before = kernel("explorer.panels", before="photo, panels = explorer.photo, explorer.panels")
    # A page that is busy hears late of the panels of the test before, and would then undo what is chosen here.
    chosen = view.root.get_by_role("group", name="Panels").get_by_role("button", pressed=True)
    expect(chosen).to_have_count(len(before))
    choose(view, *ALL)
    until = time.monotonic() + 30
    while kernel("explorer.panels") != [name.lower() for name in ALL]:  # nothing is busy before it has heard, either
        assert time.monotonic() < until
        time.sleep(0.05)
    for name in ALL:
        expect(panel(view, name)).to_have_attribute("aria-busy", "false", timeout=60_000)
    yield view
    kernel("None", before="explorer.photo, explorer.panels = photo, panels\nexplorer.unpin()")


def test_the_quickstart_shows_kernel_strongest_and_map_at_once(view: View) -> None:
    expect(view.root.locator(".filterviz-panels h3")).to_have_text(["Kernel", "Strongest", "Map"])
    expect(panel(view, "Strongest").get_by_role("img")).to_have_count(9)
    expect(panel(view, "Map").locator("canvas")).to_be_visible()
    expect(panel(view, "Strongest")).to_contain_text(
        re.compile(r"The optimum is [\d.]+ × the strongest of your images")
    )
    box = view.picture.bounding_box()
    assert box
    assert box["width"] >= 400


def test_a_dropped_file_is_the_photo_of_every_panel(whole: View, kernel: Kernel) -> None:
    before = panel(whole, "Map").locator(".filterviz-panel-words").inner_text()
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize((120, 80)).save(buffer, "PNG")
    whole.root.locator(".filterviz-body").evaluate(
        """(target, data) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], "rings.png", { type: "image/png" }));
          for (const kind of ["dragenter", "dragover", "drop"])
            target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
        }""",
        base64.b64encode(buffer.getvalue()).decode(),
    )
    expect(panel(whole, "Map").locator(".filterviz-panel-words")).to_contain_text("On rings.png", timeout=30_000)
    assert panel(whole, "Map").locator(".filterviz-panel-words").inner_text() != before
    assert kernel("explorer.photo_info['name'], explorer.photo.size, explorer.error") == ("rings.png", (120, 80), "")


def test_the_time_line_is_dragged(whole: View) -> None:
    line = whole.root.get_by_role("slider", name="Iteration", exact=True)
    expect(line).to_be_enabled(timeout=30_000)
    last = whole.picture.get_attribute("src")
    box = line.bounding_box()
    assert box
    mouse = whole.root.page.mouse
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] - 4, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 2, y, steps=5)
    mouse.up()
    expect(line).to_have_attribute("aria-valuetext", re.compile(r"^iteration (9|10|11) of 20"))
    middle = whole.picture.get_attribute("src")
    assert middle != last
    assert (middle or "").startswith("data:image/jpeg")
    line.press("End")
    expect(whole.picture).to_have_attribute("src", last or "")


def test_a_click_in_the_map_marks_the_position_everywhere(whole: View) -> None:
    canvas = panel(whole, "Map").locator("canvas")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] / 3, "y": box["height"] / 3})
    expect(panel(whole, "Map").locator(".filterviz-map-value")).to_have_text(
        re.compile(r"^row \d+, column \d+: -?[\d.]+")
    )
    for frame in (whole.root.locator(".filterviz-frame"), panel(whole, "Photo"), panel(whole, "Inhibits")):
        expect(frame.locator(".filterviz-mark-box")).to_be_visible()
    canvas.click(position={"x": box["width"] / 3, "y": box["height"] / 3})


def test_a_filter_is_chosen_in_the_sheet(whole: View, kernel: Kernel) -> None:
    cells = panel(whole, "Sheet").get_by_role("gridcell")
    cells.nth(5).click()
    whole.expect_picture("conv3", 5)
    cells.nth(5).press("ArrowRight")
    whole.expect_picture("conv3", 6)
    assert kernel("explorer.filter") == 6
    page = whole.root.page
    page.wait_for_function(
        """root => {
          const canvas = root.querySelector("[role=gridcell] canvas");
          const { width, height } = canvas;
          return width && canvas.getContext("2d").getImageData(width >> 1, height >> 1, 1, 1).data[3] > 0;
        }""",
        arg=panel(whole, "Sheet").element_handle(),
        timeout=30_000,
    )


def test_a_pinned_picture_is_compared_and_swapped(whole: View, kernel: Kernel) -> None:
    first = whole.picture.get_attribute("src")
    whole.root.get_by_role("button", name="Pin", exact=True).click()
    beside = panel(whole, "Pinned picture")
    expect(beside.get_by_role("img")).to_have_attribute("src", first or "", timeout=10_000)
    whole.enter("Filter", 9)
    whole.expect_picture("conv3", 9)
    expect(beside).to_contain_text("filter 0 → 9")
    beside.get_by_role("button", name="swap").click()
    whole.expect_picture("conv3", 0)
    expect(beside.get_by_role("img")).to_have_accessible_name("What filter 9 of layer conv3 responds to")
    beside.get_by_role("button", name="unpin").click()
    expect(beside).to_be_hidden()


def test_everything_goes_by_keyboard_alone(whole: View, kernel: Kernel) -> None:
    button = whole.root.get_by_role("button", name="Inhibits", exact=True)
    button.focus()
    button.press("Enter")
    expect(panel(whole, "Inhibits")).to_be_hidden()
    button.press(" ")
    expect(panel(whole, "Inhibits")).to_be_visible()
    neighbour = panel(whole, "Neighbours").get_by_role("button").first
    neighbour.focus()
    neighbour.press("Enter")
    expect(whole.picture).to_have_accessible_name(re.compile("of layer conv2 responds"), timeout=20_000)
    whole.expect_picture("conv2", kernel("explorer.filter"))


def test_after_a_storm_every_panel_is_about_the_last_place(whole: View, kernel: Kernel) -> None:
    slider = whole.slider("Filter")
    slider.focus()
    for _ in range(25):
        slider.press("ArrowRight")
    whole.expect_picture("conv3", 25)
    for name in ALL:
        expect(panel(whole, name)).to_have_attribute("aria-busy", "false", timeout=60_000)
    assert kernel(
        "[getattr(explorer, name + '_panel').get('filter', 25) for name in explorer.panels if name != 'sheet']"
    ) == [25] * (len(ALL) - 1)
    assert kernel("explorer.busy, explorer.error") == ([], "")
    assert kernel("explorer._wishes.wait(60)", timeout=90)  # the film and the set come to an end, too
    whole.expect_picture("conv3", 25, timeout=0.1)


def test_the_view_is_saved_as_a_figure_and_its_way_as_a_gif(whole: View) -> None:
    page = whole.root.page
    for name, start in (("GIF", b"GIF8"), ("Figure", b"\x89PNG")):
        with page.expect_download(timeout=60_000) as download:
            whole.root.get_by_role("button", name=name, exact=True).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
