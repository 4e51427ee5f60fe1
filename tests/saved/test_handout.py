"""What is handed out: one HTML file, opened in a real browser without a network, beside what it was made of."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from filterviz_widget import FilterExplorer, FilterHistory, visualize_filter
from filterviz_widget.demo import flower_model, flowers

ALIKE = 0.9
"""Correlation of the brightness of a picture with that of its WebP, which keeps less of the colours."""

REPOSITORY = Path(__file__).parents[2]

PANELS = ["kernel", "strongest", "inhibits", "neighbours", "sheet"]


@pytest.fixture(scope="module")
def model() -> Any:
    return flower_model()


@pytest.fixture(scope="module")
def explorer(model: Any) -> Iterator[FilterExplorer]:
    made = FilterExplorer(model, layer="conv2", filter=2, iterations=8, panels=PANELS, seed=3)
    made.wait(120)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lesson(explorer: FilterExplorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stick") / "lesson.html"
    explorer.to_html(path, layers=["conv2", "conv1"], filters=[0, 1, 2, 20], title="Edges <b>first</b>")
    return path


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[Any]:
    made = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield made
    made.close()


@pytest.fixture
def opened(context: Any, lesson: Path) -> Iterator[Page]:
    yield from watched(context, lesson)


def watched(context: Any, path: Path) -> Iterator[Page]:
    """The page from the disk; a request for anything else, or an error in its console, fails."""
    page, asked, problems = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type in ("error", "warning") else None)
    page.goto(path.as_uri())
    yield page
    page.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    assert problems == []


def pixels(page: Page, place: str = ".filterviz-picture img") -> np.ndarray:
    source = page.locator(place).first.get_attribute("src") or ""
    return decoded(source)


def decoded(source: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB")).astype(float)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.mean(2).ravel(), other.mean(2).ravel())[0, 1])


def filter_box(page: Page) -> Any:
    return page.get_by_role("spinbutton", name="Filter", exact=True)


def test_it_begins_with_what_was_on_the_screen(opened: Page) -> None:
    expect(opened.get_by_role("heading", level=1)).to_have_text("Edges <b>first</b>")
    expect(opened.get_by_label("Layer name")).to_have_value("conv2")
    expect(filter_box(opened)).to_have_value("2")
    expect(opened.locator(".filterviz-words")).to_have_text("Done · 8 of 8")
    expect(opened.locator("footer")).to_contain_text("Pictures of 7 filters were made beforehand")


def test_each_filter_is_shown_by_its_own_picture(opened: Page, model: Any) -> None:
    for layer, number in (("conv2", 2), ("conv2", 20), ("conv1", 1)):
        opened.get_by_label("Layer name").select_option(layer)
        filter_box(opened).fill(str(number))
        filter_box(opened).press("Enter")
        expect(opened.get_by_text(f"{layer} · filter {number} of")).to_be_visible()
        right = visualize_filter(model, layer, number, iterations=8, seed=3).image
        other = visualize_filter(model, layer, number + 1, iterations=8, seed=3).image
        assert likeness(pixels(opened), right) > ALIKE
        assert likeness(pixels(opened), other) < likeness(pixels(opened), right) - 0.1  # both began with the same noise


def test_only_filters_that_were_prepared_can_be_chosen(opened: Page) -> None:
    filter_box(opened).fill("17")
    filter_box(opened).press("Enter")
    expect(filter_box(opened)).to_have_value("20")
    opened.get_by_label("Layer name").select_option("conv1")  # it has no filter 20
    expect(filter_box(opened)).to_have_value("2")
    slider = opened.get_by_role("slider", name="Filter")
    slider.focus()
    slider.press("Home")
    expect(filter_box(opened)).to_have_value("0")
    expect(opened.get_by_label("Layer name").locator("option")).to_have_text(["conv1", "conv2"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(opened: Page, scheme: Any) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.evaluate((REPOSITORY / "js" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = opened.evaluate("axe.run(document)")
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]] == []
    opened.set_viewport_size({"width": 320, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") == 320


def test_the_time_line_shows_the_picture_as_it_was(opened: Page, model: Any) -> None:
    slider = opened.get_by_role("slider", name="Iteration", exact=True)
    expect(slider).to_be_enabled()
    slider.focus()
    slider.press("Home")
    first = visualize_filter(model, "conv2", 2, iterations=1, seed=3).image
    expect(opened.locator(".filterviz-time-which")).to_contain_text("iteration 1")
    assert likeness(pixels(opened), first) > 0.6  # frames are small, and the first is nearly all noise
    slider.press("End")
    expect(opened.locator(".filterviz-time-which")).to_contain_text("iteration 8")


def test_what_needs_a_kernel_rests_and_nothing_promises_an_answer(opened: Page) -> None:
    opened.locator("summary").filter(has_text="Settings").click()
    for name in ("Step size", "Iterations", "Seed"):
        expect(opened.get_by_role("spinbutton", name=name)).to_be_disabled()
    expect(opened.get_by_role("radio", name="Robust")).to_be_disabled()
    for name in ("Run again", "Stop", "Open…", "GIF"):
        expect(opened.get_by_role("button", name=name)).to_have_count(0)
    opened.clock.install()
    opened.clock.run_for(20_000)
    expect(opened.locator(".filterviz-messages")).to_have_text("")


def test_panels_can_be_put_away_and_are_of_the_filter(opened: Page, explorer: FilterExplorer) -> None:
    chips = opened.get_by_role("group", name="Panels").get_by_role("button")
    expect(chips.filter(visible=True)).to_have_text(["Kernel", "Strongest", "Inhibits", "Neighbours", "Sheet"])
    inhibits = explorer.inhibits_panel
    assert likeness(pixels(opened, "section[aria-label=Inhibits] img"), decoded(inhibits["source"])) > ALIKE
    chips.filter(has_text="Inhibits").click()
    expect(opened.locator("section[aria-label=Inhibits]")).to_have_count(0)
    expect(opened.locator("section[aria-label=Strongest] img")).to_have_count(9)


def test_a_neighbour_that_is_not_on_the_page_cannot_be_gone_to(opened: Page) -> None:
    neighbours = opened.locator(".filterviz-neighbour")
    for place in range(neighbours.count()):
        one = neighbours.nth(place)
        name = one.locator(".filterviz-neighbour-name").inner_text()
        number = int(one.locator(".filterviz-neighbour-filter").inner_text())
        is_there = name in ("conv1", "conv2") and number in (0, 1, 2, 20)
        expect(one).to_have_attribute("aria-disabled", str(not is_there).lower())


def test_a_sheet_of_some_filters_says_what_it_lacks(opened: Page) -> None:
    sheet = opened.locator("section[aria-label=Sheet]")
    expect(sheet).to_contain_text("all filters from 0 on")
    opened.get_by_label("Layer name").select_option("conv1")  # of which 0, 1 and 2 were prepared
    expect(sheet.get_by_role("gridcell")).to_have_count(3)
    expect(sheet.get_by_label("Sort").locator("option")).to_have_text(["by number"])
    sheet.get_by_role("gridcell").nth(1).click()
    expect(filter_box(opened)).to_have_value("1")


def test_a_picture_can_be_pinned_and_swapped(opened: Page) -> None:
    opened.get_by_role("button", name="Pin", exact=True).click()
    pinned = opened.get_by_role("region", name="Pinned picture")
    expect(pinned).to_contain_text("conv2 · filter 2")
    opened.get_by_label("Layer name").select_option("conv1")
    pinned.get_by_role("button", name="swap", exact=True).click()
    expect(opened.get_by_label("Layer name")).to_have_value("conv2")
    expect(pinned).to_contain_text("conv1 · filter 2")
    pinned.get_by_role("button", name="unpin").click()
    expect(pinned).to_be_hidden()


def test_the_explorer_stays_as_it_was(explorer: FilterExplorer, lesson: Path) -> None:
    assert (explorer.layer, explorer.filter, explorer.iterations, explorer.seed) == ("conv2", 2, 8, 3)
    assert explorer.panels == PANELS
    assert "hand out" not in explorer.note


def test_a_page_of_the_whole_flower_model_stays_below_ten_megabytes(model: Any) -> None:
    explorer = FilterExplorer(model, iterations=20)
    layers = {each["name"]: each["filters"] for each in explorer.layers if each["name"].startswith(("conv", "logits"))}
    assert sum(layers.values()) == 305
    page = explorer.to_html(layers=list(layers), filters=range(0, 96, 12)) or ""
    explorer.close()
    data = page.partition('type="application/json">')[2].partition("</script>")[0]
    content = json.loads(data)
    made = [state for of_layer in content["entries"].values() for number, state in of_layer.items() if number]
    sides = [state["strongest_panel"][side] for state in made for side in ("strongest", "weakest")]
    whole = {example["whole"]["$image"] for side in sides for example in side}
    # The photographs are there once, however many filters show them: at most all 170.
    photographs = sum(len(content["images"][place]) for place in whole)
    total = len(page) - len(data) + photographs / len(whole) * 170 + (len(data) - photographs) / len(made) * 305
    assert total < 10e6


def test_words_of_others_stay_words(context: Any, tmp_path: Path) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    inputs = keras.Input((16, 16, 3))
    net = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="a<b")(inputs))
    explorer = FilterExplorer(net, iterations=2, image_size=16, input_range=(0, 1), panels=["strongest"])
    explorer.to_html(tmp_path / "page.html", title=hostile)
    explorer.close()
    for page in watched(context, tmp_path / "page.html"):
        expect(page.get_by_role("heading", level=1)).to_have_text(hostile)
        expect(page.get_by_label("Layer name")).to_have_value("a<b")
    assert hostile not in (tmp_path / "page.html").read_text("utf-8")


def test_a_filter_that_cannot_be_drawn_is_said_and_the_others_are_there(context: Any, tmp_path: Path) -> None:
    inputs = keras.Input((16, 16, 1))
    good = keras.layers.Conv2D(2, 3, name="good")(inputs)
    net = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="bad")(good))
    bad = net.get_layer("bad")
    bad.set_weights([np.full(weight.shape, np.nan) for weight in bad.get_weights()])
    explorer = FilterExplorer(net, iterations=2, input_range=(0, 1), panels=[], layer="bad")
    explorer.to_html(tmp_path / "page.html")
    explorer.close()
    for page in watched(context, tmp_path / "page.html"):
        expect(page.get_by_role("alert")).to_contain_text("The ascent on layer bad was ended")
        expect(page.locator(".filterviz-words")).to_contain_text("Failed")
        page.get_by_label("Layer name").select_option("good")
        expect(page.get_by_role("alert")).to_have_text("")
        expect(page.locator(".filterviz-words")).to_have_text("Done · 2 of 2")
        expect(page.get_by_text("good · filter 0 of")).to_be_visible()
        page.get_by_label("Layer name").select_option("bad")
        expect(page.get_by_role("alert")).to_contain_text("The ascent on layer bad was ended")
        expect(page.get_by_text("good · filter 0 of")).to_have_count(0)
        expect(page.locator(".filterviz-picture img")).to_be_hidden()


def test_what_is_wrong_is_said_before_anything_is_drawn(explorer: FilterExplorer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ending in \.html, got .*lesson\.pdf"):
        explorer.to_html(tmp_path / "lesson.pdf")
    with pytest.raises(OSError, match="no folder"):
        explorer.to_html(tmp_path / "none" / "lesson.html")
    with pytest.raises(ValueError, match="There is no layer 'conv22'; did you mean 'conv2'"):
        explorer.to_html(layers=["conv22"])
    with pytest.raises(ValueError, match=r"has any of the filters \[900\]"):
        explorer.to_html(layers="conv2", filters=[900])
    for layers in (5, []):
        with pytest.raises(ValueError, match=r"layers must be names of layers, such as \['conv1', 'conv2'\]"):
            explorer.to_html(layers=layers)
    for filters in ([-1], 3, "12"):
        with pytest.raises(ValueError, match="whole numbers from 0"):
            explorer.to_html(filters=filters)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[FilterHistory, Path]:
    x, y = flowers(34, size=24)
    net = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            keras.layers.Conv2D(4, 5, name="eyes"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(17, activation="softmax"),
        ]
    )
    net.compile("adam", "sparse_categorical_crossentropy")
    history = FilterHistory(probe=(x, y), filters=range(3), iterations=3, input_range=(0, 1))
    net.fit(x, y, epochs=3, callbacks=[history], verbose=0)
    path = tmp_path_factory.mktemp("stick") / "run.html"
    history.to_html(path, filters=[0, 2])
    return history, path


def test_a_run_is_looked_at_epoch_by_epoch(context: Any, run: tuple[FilterHistory, Path]) -> None:
    history, path = run
    for page in watched(context, path):
        slider = page.get_by_role("slider", name="Epoch")
        expect(slider).to_have_attribute("aria-valuetext", "before training")
        for epoch in range(4):
            picture = pixels(page, "img[alt^='What filter 0']")
            assert likeness(picture, history.pictures("eyes")[epoch, 0]) > ALIKE
            expect(page.locator(f"img[alt='Kernel of filter 0 of layer eyes, epoch {epoch}']")).to_be_visible()
            slider.press("ArrowRight")
        page.get_by_role("slider", name="Filter").press("End")
        expect(page.locator("img[alt='Kernel of filter 2 of layer eyes, epoch 3']")).to_be_visible()
        page.get_by_role("button", name=re.compile("Play")).click()
        expect(slider).to_have_attribute("aria-valuetext", "after epoch 3", timeout=20_000)


def test_a_run_without_records_or_layers_says_so(run: tuple[FilterHistory, Path]) -> None:
    with pytest.raises(RuntimeError, match="Nothing is recorded yet"):
        FilterHistory().to_html()
    with pytest.raises(ValueError, match="no recorded layer 'nose'; there are eyes"):
        run[0].to_html(layers=["nose"])
