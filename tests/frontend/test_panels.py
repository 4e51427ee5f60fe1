"""The panels beside the picture: chosen, filled, empty, busy, linked, and reachable by everybody."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

NAMES = ["Kernel", "Field", "Strongest", "Map", "Attention", "Inhibits", "Photo", "Without", "Neighbours", "Sheet"]
PANELS = [name.lower() for name in NAMES]

HAND_OVER = """view => model.message({ type: "file", name: "conv1-0.gif", view },
  [new DataView(Uint8Array.of(71, 73, 70).buffer)])"""


@pytest.fixture
def whole(explorer: Page) -> Page:
    """Every panel with content beside a finished picture of filter 0 of conv1."""
    explorer.set_viewport_size({"width": 866, "height": 1400})
    explorer.evaluate("model.kernel(fv.filled())")
    explorer.clock.run_for(200)
    return explorer


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def saved(page: Page) -> dict[str, Any]:
    return page.evaluate("model.saves.at(-1)")


def test_panels_are_chosen_by_buttons_and_stand_in_their_order(explorer: Page) -> None:
    for name in ("Map", "Kernel"):
        explorer.get_by_role("button", name=name, exact=True).click()
    assert saved(explorer) == {"panels": ["kernel", "map"]}
    headings = explorer.locator(".filterviz-panels h3")
    expect(headings).to_have_text(["Kernel", "Map"])
    expect(explorer.get_by_role("button", name="Map", exact=True)).to_have_attribute("aria-pressed", "true")
    explorer.get_by_role("button", name="Kernel", exact=True).click()
    expect(headings).to_have_text(["Map"])


def test_every_panel_shows_what_the_kernel_says(whole: Page) -> None:
    expect(whole.locator(".filterviz-panels h3")).to_have_text(NAMES)
    expect(panel(whole, "Kernel").get_by_role("img", name="Kernel of filter 0 of layer conv1")).to_be_visible()
    expect(panel(whole, "Field")).to_contain_text("16 x 16 pixels")
    expect(panel(whole, "Strongest").get_by_role("img")).to_have_count(3)
    expect(panel(whole, "Strongest")).to_contain_text("The optimum is 2 × the strongest of your images.")
    expect(panel(whole, "Inhibits")).to_contain_text("Activation -2 here.")
    expect(panel(whole, "Photo")).to_contain_text("Activation 1 in the photo, 3 here.")
    expect(panel(whole, "Without").get_by_role("row", name="tulip 90.0 % 40.0 %")).to_be_visible()
    expect(panel(whole, "Without")).to_contain_text("Without it: iris, not tulip.")
    expect(panel(whole, "Neighbours")).to_contain_text("It sees the image itself.")
    expect(panel(whole, "Sheet").get_by_role("gridcell")).to_have_count(16)


def test_what_went_wrong_over_the_set_is_said_beside_what_is_known_of_the_photo(whole: Page) -> None:
    changes = {"set": [], "set_words": "Too little memory."}
    whole.evaluate("changes => model.kernel({ without_panel: { ...model.get('without_panel'), ...changes } })", changes)
    expect(panel(whole, "Without").get_by_role("row", name="tulip 90.0 % 40.0 %")).to_have_count(1)
    expect(panel(whole, "Without")).to_contain_text("Too little memory.")


@pytest.mark.parametrize(
    "changes",
    [
        "{ shown: fv.shown({ filter: 1, iterations: 4 }) }",
        "{ status: 'running' }",
        "{ shown: fv.shown({ filter: 0, iterations: 4, options: { ...fv.shown().options, sign: -1 } }) }",
        "{ shown: fv.shown({ filter: 0, iterations: 4, options: { ...fv.shown().options, objective: 'center' } }) }",
    ],
)
def test_only_what_can_be_compared_is_compared(whole: Page, changes: str) -> None:
    whole.evaluate(f"model.kernel({changes})")
    expect(panel(whole, "Strongest")).not_to_contain_text("The optimum is")


def test_what_is_missing_or_failed_is_said_in_the_panel(whole: Page) -> None:
    whole.evaluate(
        "model.kernel({ map_panel: { layer: 'conv1', filter: 0, empty: 'Drop a photo here.' },"
        " kernel_panel: { layer: 'conv1', filter: 0, error: 'It has no kernel.' } })"
    )
    expect(panel(whole, "Map")).to_contain_text("Drop a photo here.")
    expect(panel(whole, "Map").locator("canvas")).to_be_hidden()
    expect(panel(whole, "Kernel").get_by_role("status")).to_have_text("It has no kernel.")
    expect(panel(whole, "Kernel").get_by_role("img")).to_have_count(0)


@pytest.mark.parametrize("width", [866, 400])
def test_an_error_is_seen_above_the_panels_and_moves_no_control(whole: Page, width: int) -> None:
    whole.set_viewport_size({"width": width, "height": 1400})
    whole.clock.run_for(100)
    before = whole.get_by_role("button", name="GIF", exact=True).bounding_box()
    whole.evaluate("model.kernel({ error: 'Out of memory.', note: 'Opened.' })")
    alert, first = whole.get_by_role("alert").bounding_box(), panel(whole, "Kernel").bounding_box()
    assert alert
    assert first
    assert before
    assert before["y"] < alert["y"] < first["y"]
    assert whole.get_by_role("button", name="GIF", exact=True).bounding_box() == before


def test_how_many_images_there_are_and_were_read_is_said(whole: Page) -> None:
    words = whole.locator(".filterviz-read")
    expect(words).to_have_text("Set: 5 images")
    whole.evaluate("model.kernel({ read: [1200, 2000] })")
    expect(words).to_have_text("1,200 of 2,000 images read")
    whole.evaluate("model.kernel({ read: [7, null] })")
    expect(words).to_have_text("7 images read")


def test_what_is_of_other_settings_is_marked_until_the_right_one_comes(whole: Page) -> None:
    expect(panel(whole, "Map")).to_have_attribute("aria-busy", "false")
    whole.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    expect(panel(whole, "Map")).to_have_attribute("aria-busy", "true")
    expect(panel(whole, "Field")).to_have_attribute("aria-busy", "false")  # it is the layer's
    whole.evaluate("model.kernel({ map_panel: { ...fv.panelStates().map_panel, filter: 1 } })")
    expect(panel(whole, "Map")).to_have_attribute("aria-busy", "false")
    whole.evaluate("model.kernel({ busy: ['map'] })")
    expect(panel(whole, "Map")).to_have_attribute("aria-busy", "true")


def pixel(page: Page, x: int, y: int) -> list[int]:
    return page.evaluate(
        """([x, y]) => {
          const context = document.querySelector("canvas.filterviz-map").getContext("2d");
          return [...context.getImageData(x, y, 1, 1).data];
        }""",
        [x, y],
    )


def test_the_map_is_red_where_it_answers_and_blue_where_it_is_negative(whole: Page) -> None:
    plain = pixel(whole, 24, 2)
    red, blue = pixel(whole, 24, 24), pixel(whole, 8, 24)
    assert red[0] - red[2] > plain[0] - plain[2] + 60
    assert blue[2] - blue[0] > plain[2] - plain[0] + 30
    half = panel(whole, "Map").get_by_role("combobox", name="Scale of the feature map")
    half.select_option("layer")
    weaker = pixel(whole, 24, 24)
    assert red[0] - red[2] > weaker[0] - weaker[2] > plain[0] - plain[2]
    panel(whole, "Map").get_by_role("slider", name="Opacity of the feature map").press("Home")
    nothing = pixel(whole, 24, 24)
    assert abs(nothing[0] - plain[0]) < 30


def test_a_position_is_marked_in_every_picture_and_its_value_said(whole: Page) -> None:
    canvas = panel(whole, "Map").locator("canvas")
    box = canvas.bounding_box()
    assert box
    canvas.hover(position={"x": box["width"] * 0.5, "y": box["height"] * 0.5})
    expect(panel(whole, "Map").locator(".filterviz-map-value")).to_have_text("row 1, column 1: 2")
    marks = whole.locator(".filterviz-mark-box:visible:not(.filterviz-plain)")
    expect(marks).to_have_count(8)  # picture, field, map, inhibits, photo, three heads
    for mark in marks.all():
        style = mark.get_attribute("style") or ""
        assert re.findall(r"(left|top|width|height): ([\d.]+)", style) == [
            (side, "33.3333") for side in ("left", "top", "width", "height")
        ]
    # The same from the picture: its left third, middle.
    whole.locator(".filterviz-frame").hover(
        position={"x": 10, "y": whole.locator(".filterviz-frame").bounding_box()["height"] / 2}
    )
    expect(panel(whole, "Map").locator(".filterviz-map-value")).to_have_text("row 1, column 0: -1")
    whole.mouse.move(0, 0)
    expect(whole.locator(".filterviz-main .filterviz-mark-box")).to_be_hidden()


def test_a_click_or_the_arrow_keys_hold_a_position(whole: Page) -> None:
    canvas = panel(whole, "Map").locator("canvas")
    status = panel(whole, "Map").locator(".filterviz-map-value")
    canvas.focus()
    canvas.press("ArrowRight")  # begins at the strongest position
    expect(status).to_have_text("row 1, column 1: 2")
    canvas.press("ArrowLeft")
    expect(status).to_have_text("row 1, column 0: -1")
    for _ in range(5):
        canvas.press("ArrowDown")
    expect(status).to_have_text("row 2, column 0: 0")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.5})
    whole.mouse.move(0, 0)
    expect(status).to_have_text(re.compile(r"^row 1, column 2: 0\.5"))


def test_a_click_on_a_neighbour_goes_there(whole: Page) -> None:
    whole.get_by_role("button", name="conv2 7 -0.25").click()
    assert saved(whole) == {"layer": "conv2", "filter": 7}


def test_strongest_or_weakest_cut_out_or_whole(whole: Page) -> None:
    images = panel(whole, "Strongest").get_by_role("img")
    assert images.first.get_attribute("alt") == "flower 3, activation 3"
    panel(whole, "Strongest").get_by_role("button", name="weakest").click()
    expect(images).to_have_count(2)
    panel(whole, "Strongest").get_by_role("button", name="whole").click()
    expect(images.first).to_have_js_property("naturalWidth", 24)
    expect(panel(whole, "Strongest").locator(".filterviz-mark-box").first).to_have_attribute(
        "style", re.compile(r"left: 25%; top: 25%; width: 50%; height: 50%")
    )


# The sheet


def test_the_sheet_asks_for_its_pages_and_shows_what_comes(whole: Page) -> None:
    assert {"type": "sheet", "pages": [0]} in whole.evaluate("model.sent")
    whole.evaluate("model.message({ type: 'sprite', key: 'other', page: 0, source: fv.square(576) })")
    whole.evaluate("model.message({ type: 'sprite', key: 'conv1|map|a', page: 0, source: fv.square(576) })")
    whole.clock.run_for(200)
    panel(whole, "Sheet").get_by_role("gridcell").nth(5).click()
    assert saved(whole) == {"filter": 5}
    panel(whole, "Sheet").get_by_label("Show").select_option("optimum")
    assert saved(whole) == {"sheet_of": "optimum"}


# The time line


def test_the_time_line_shows_earlier_pictures_and_comes_back(whole: Page) -> None:
    picture = whole.locator("figure img")
    expect(picture).to_have_js_property("naturalWidth", 48)
    line = whole.get_by_role("slider", name="Iteration", exact=True)
    line.press("ArrowLeft")
    expect(picture).to_have_js_property("naturalWidth", 11)
    line.press("Home")
    expect(picture).to_have_js_property("naturalWidth", 9)
    line.press("End")
    expect(picture).to_have_js_property("naturalWidth", 48)
    whole.evaluate("model.live(false)")  # a saved notebook has no kernel
    line.press("Home")
    expect(picture).to_have_js_property("naturalWidth", 9)


def test_a_film_of_another_picture_is_not_offered(whole: Page) -> None:
    whole.evaluate("model.kernel({ shown: fv.shown({ filter: 1, iterations: 4 }), image: fv.square(40) })")
    whole.clock.run_for(100)
    expect(whole.get_by_role("slider", name="Iteration", exact=True)).to_be_disabled()


# Pinned, photo, files


def test_a_pinned_picture_stands_beside_with_what_differs(whole: Page) -> None:
    whole.get_by_role("button", name="Pin", exact=True).click()
    assert whole.evaluate("model.sent.at(-1)") == {"type": "pin"}
    whole.evaluate(
        "model.kernel({ pinned: { image: fv.square(30), method: 'classic', activation: 6,"
        " shown: fv.shown({ filter: 3, seed: 9, options: { ...fv.shown().options, jitter: 4 } }) } })"
    )
    beside = panel(whole, "Pinned picture")
    expect(beside.get_by_role("img", name="What filter 3 of layer conv1 responds to")).to_be_visible()
    expect(beside).to_contain_text("filter 3 → 0, iterations 20 → 4, seed 9 → 0, jitter 4 → 0")
    for name in ("swap", "unpin"):
        beside.get_by_role("button", name=name).click()
        assert whole.evaluate("model.sent.at(-1)") == {"type": name}
    whole.evaluate("model.kernel({ pinned: {} })")
    expect(beside).to_be_hidden()


def test_files_are_asked_for_and_handed_over(whole: Page) -> None:
    for name, kind in (("Figure", "figure"), ("GIF", "gif"), ("WebP", "webp")):
        whole.get_by_role("button", name=name, exact=True).click()
        asked = whole.evaluate("model.sent.at(-1)")
        assert asked == {"type": "save", "kind": kind, "view": asked["view"]}
    with whole.expect_download() as download:
        whole.evaluate(HAND_OVER, asked["view"])
    assert download.value.suggested_filename == "conv1-0.gif"
    assert Path(download.value.path()).read_bytes() == b"GIF"


def test_a_file_is_handed_to_the_view_that_asked(whole: Page) -> None:
    """A cell's output can be shown twice, and one click is one file."""
    downloads: list[Any] = []
    whole.on("download", lambda download: downloads.append(download))
    whole.evaluate("() => { fv.mount(model, two); }")
    whole.locator("#two").get_by_role("button", name="GIF", exact=True).click()
    view = whole.evaluate("model.sent.at(-1).view")
    whole.evaluate(HAND_OVER, "of another page")
    with whole.expect_download():
        whole.evaluate(HAND_OVER, view)
    assert len(downloads) == 1


@pytest.mark.parametrize("name", ["Kernel", "Map", "Inhibits", "Photo"])
def test_a_panel_is_saved_as_a_png(whole: Page, name: str) -> None:
    with whole.expect_download() as download:
        panel(whole, name).get_by_role("button", name=f"Save {name} as PNG").click()
    assert download.value.suggested_filename == f"conv1-0-{name.lower()}.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_photo_that_is_opened_goes_to_the_kernel(whole: Page, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 6), "red").save(tmp_path / "red.png")
    whole.locator("input[type=file]").set_input_files(tmp_path / "red.png")
    whole.wait_for_function("model.sent.at(-1).type === 'photo'")
    assert whole.evaluate("model.sent.at(-1)") == {"type": "photo", "name": "red.png"}


# For everybody


@pytest.mark.parametrize("width", [850, 400, 200])  # 200: a window of 400 at 200 %
def test_nothing_is_cut_off_in_any_panel(whole: Page, width: int) -> None:
    whole.set_viewport_size({"width": width, "height": 3000})
    whole.evaluate(
        "model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: 'classic', activation: 1 } })"
    )
    whole.clock.run_for(300)
    outside = whole.evaluate(
        """() => {
          const edge = one.getBoundingClientRect().right + 0.5;
          return [...one.querySelectorAll("*")]
            .filter((part) => part.checkVisibility({ visibilityProperty: true }))
            .filter((part) => !part.closest("svg, .filterviz-spoken, .filterviz-marked"))
            .filter((part) => part.getBoundingClientRect().right > edge)
            .map((part) => [part.className, part.textContent.slice(0, 30)]);
        }"""
    )
    assert outside == []


@pytest.mark.parametrize("width", [850, 1000, 1300])
def test_the_picture_is_the_largest_thing_on_the_screen(explorer: Page, width: int) -> None:
    """Half the width of a notebook's cell or more, and 400 pixels at least, whatever the image's size."""
    explorer.set_viewport_size({"width": width + 16, "height": 900})
    for size in (32, 96, 128, 160, 224, 240, 299, 331):
        explorer.evaluate(
            "size => model.kernel({ shown: fv.shown(), image: fv.square(size), image_size: [size, size] })", size
        )
        explorer.clock.run_for(50)
        expect(explorer.locator("figure img")).to_have_js_property("naturalWidth", size)
        box = explorer.locator("figure img").bounding_box()
        assert box
        assert box["width"] >= 400
        assert box["width"] >= min(width / 2, 560) - 2


def test_the_attention_is_there_only_for_layers_with_heads(whole: Page) -> None:
    button = whole.get_by_role("button", name="Attention", exact=True)
    expect(button).to_be_visible()
    expect(panel(whole, "Attention")).to_be_visible()
    whole.evaluate("model.kernel({ layer: 'conv2' })")
    expect(button).to_be_hidden()
    expect(panel(whole, "Attention")).to_have_count(0)
    whole.evaluate("model.kernel({ layer: 'conv1' })")
    expect(panel(whole, "Attention")).to_be_visible()


def test_each_head_is_a_picture_with_its_share_and_a_click_lets_that_place_look(whole: Page) -> None:
    pictures = panel(whole, "Attention").get_by_role("img")
    expect(pictures).to_have_count(3)
    expect(pictures.nth(1)).to_have_attribute("alt", "Where head 1 looks, 50 % of it on the photo")
    expect(panel(whole, "Attention")).to_contain_text("where the class token looks")
    reset = panel(whole, "Attention").get_by_role("button", name="no place")
    expect(reset).to_have_attribute("aria-disabled", "true")
    box = pictures.nth(2).bounding_box()
    assert box
    pictures.nth(2).click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.5})
    sent = whole.evaluate("model.sent.filter(({ type }) => type === 'attention').at(-1)")
    assert (sent["row"], sent["column"]) == (1, 2)
    whole.evaluate("model.kernel({ attention_panel: { ...fv.panelStates().attention_panel, query: [1, 2] } })")
    reset.click()
    sent = whole.evaluate("model.sent.filter(({ type }) => type === 'attention').at(-1)")
    assert (sent["row"], sent["column"]) == (None, None)
