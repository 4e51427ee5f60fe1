"""Pages without a kernel, made by nbconvert from saved widgets and shown by Jupyter's own classes for them.

Sphinx (myst-nb, jupyter-sphinx) embeds saved widgets by the same classes.
"""

import json
import re
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import ipywidgets
import keras
import nbformat
import numpy as np
import pytest
from ipywidgets.embed import embed_data
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, Route, expect

import hatch_build
from filterviz_widget import FilterExplorer, FilterHistory
from filterviz_widget.demo import flower_model, flowers

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="session")
def scripts() -> dict[str, Path]:
    """What such a page asks the network for, by a part of its address."""
    lock, done = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        hatch_build.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", folder=HERE)
    modules = HERE / "node_modules"
    return {
        "require.min.js": modules / "requirejs" / "require.js",
        "embed-amd.js": modules / "@jupyter-widgets" / "html-manager" / "dist" / "embed-amd.js",
        "/anywidget@": Path(str(files("anywidget"))) / "nbextension" / "index.js",
    }


def exported(widget: Any, change: Any = lambda state: None) -> str:
    """A notebook with the widget as its only output, through nbconvert; `change` is given the saved state."""
    saved = embed_data(widget, drop_defaults=False)["manager_state"]
    change(saved["state"][widget.model_id]["state"])
    view = {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}
    output = nbformat.v4.new_output("display_data", {VIEW: view, "text/plain": "a widget"})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("explorer", outputs=[output])])
    notebook.metadata["widgets"] = {STATE: saved}
    text, _ = HTMLExporter().from_notebook_node(notebook)
    return str(text)


@pytest.fixture(scope="module")
def explorer() -> Iterator[FilterExplorer]:
    made = FilterExplorer(flower_model(), layer="conv2", filter=3, iterations=6, panels=["kernel", "strongest"])
    made.figure(120)  # waits for picture and panels
    until = time.monotonic() + 60
    while not made.film.get("frames") and time.monotonic() < until:
        time.sleep(0.05)
    yield made
    made.close()


@pytest.fixture
def shown(browser: Browser, scripts: dict[str, Path], tmp_path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    def serve(route: Route) -> None:
        known = [path for part, path in scripts.items() if part in route.request.url]
        route.fulfill(path=known[0]) if known else route.abort()

    page.route(re.compile("^https?:"), serve)

    def show(text: str) -> Page:
        (tmp_path / "page.html").write_text(text, "utf-8")
        page.clock.install()
        page.goto((tmp_path / "page.html").as_uri())
        page.clock.run_for(2000)
        expect(page.locator(".filterviz")).to_be_visible(timeout=30_000)
        return page

    yield show
    context.close()
    assert problems == []


def test_a_saved_explorer_shows_its_picture_and_its_way(shown: Any, explorer: FilterExplorer) -> None:
    page = shown(exported(explorer))
    page.clock.run_for(5000)
    picture = page.locator(".filterviz-picture img").first
    expect(picture).to_have_attribute("src", explorer.image)
    expect(page.get_by_text("conv2 · filter 3 of")).to_be_visible()
    expect(page.locator(".filterviz-words")).to_have_text("Done · 6 of 6")
    line = page.get_by_role("slider", name="Iteration", exact=True)
    expect(line).to_be_enabled()
    line.focus()
    line.press("Home")
    expect(picture).to_have_attribute("src", explorer.film["frames"][0][1])
    expect(page.get_by_role("region", name="Strongest").locator("img")).to_have_count(9)
    expect(page.get_by_role("region", name="Kernel").locator("img")).to_be_visible()


def test_its_controls_rest_and_it_says_so(shown: Any, explorer: FilterExplorer) -> None:
    page = shown(exported(explorer))
    page.clock.run_for(5000)
    expect(page.locator(".filterviz-messages")).to_contain_text("No kernel answers: what is shown stays")
    for name in ("Layer", "Filter"):
        expect(page.get_by_role("slider", name=name, exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Run again")).to_have_attribute("aria-disabled", "true")
    page.clock.run_for(60_000)
    expect(page.locator(".filterviz-messages")).not_to_contain_text("No answer")


@pytest.mark.parametrize("status", ["compiling", "running"])
def test_one_saved_before_its_end_promises_none(shown: Any, explorer: FilterExplorer, status: str) -> None:
    page = shown(exported(explorer, lambda state: state.update(status=status, iteration=2)))
    page.clock.run_for(5000)
    expect(page.locator(".filterviz-words")).to_contain_text("Disconnected")


def test_a_saved_history_shows_its_epoch(shown: Any) -> None:
    x, y = flowers(17, size=24)[0], np.zeros((17, 2), np.float32)
    net = keras.Sequential(
        [keras.Input((24, 24, 3)), keras.layers.Conv2D(2, 5, name="eyes"), keras.layers.GlobalAveragePooling2D()]
    )
    net.compile("sgd", "mse")
    history = FilterHistory(probe=(x, y), iterations=2, input_range=(0, 1))
    net.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    widget = history.widget()
    widget.epoch = 1
    assert widget.wait(60)
    page = shown(exported(widget))
    page.clock.run_for(5000)
    expect(page.locator("img[alt='Kernel of filter 0 of layer eyes, epoch 1']")).to_be_visible()
    expect(page.get_by_role("slider", name="Epoch")).to_be_disabled()
    expect(page.locator(".filterviz-messages")).to_contain_text("No kernel answers")
    history.close()


def test_the_state_that_is_saved_is_json_and_has_the_picture(explorer: FilterExplorer) -> None:
    state = json.loads(json.dumps(ipywidgets.Widget.get_manager_state(widgets=[explorer])["state"]))
    assert state[explorer.model_id]["state"]["image"] == explorer.image
