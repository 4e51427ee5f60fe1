"""A blank page with the front end's parts in it, as `fv`; any error in the page fails the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

import hatch_build
from filterviz_widget.widgets.frontend import frontend

HERE = Path(__file__).parent


def bundled(name: str, known_as: str, folder: Path) -> str:
    target = folder / f"{name}.js"
    options = ["--bundle", "--format=iife", f"--global-name={known_as}", "--target=es2022", "--log-level=warning"]
    hatch_build.npm("exec", "--", "esbuild", str(HERE / f"{name}.ts"), *options, f"--outfile={target}")
    return target.read_text("utf-8")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    hatch_build.build()
    hatch_build.install()
    return bundled("harness", "fv", tmp_path_factory.mktemp("frontend"))


@pytest.fixture(scope="session")
def real_model(bundle: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host's own class, for the tests that ask for it: it is large."""
    return bundled("real_model", "real", tmp_path_factory.mktemp("real"))


@pytest.fixture
def blank(page: Page, bundle: str) -> Iterator[Page]:
    """Has #one and #two to put views into, and a stopped clock: time passes by `page.clock.run_for`."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.clock.install()
    page.goto("about:blank")
    page.set_content('<!doctype html><div id="one"></div><div id="two"></div>')
    for style in ("widget.css", "history.css"):
        page.add_style_tag(content=frontend(style))
    page.add_script_tag(content=bundle)
    page.evaluate("window.one = document.querySelector('#one'); window.never = new AbortController().signal")
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    yield page
    assert problems == []


@pytest.fixture
def explorer(blank: Page) -> Page:
    """The whole explorer in #one without panels, its settings unfolded, its model as `model`."""
    blank.evaluate("() => { window.model = new fv.FakeModel(); window.unmount = fv.mount(model, one) }")
    blank.locator("summary").filter(has_text="Settings").click()
    return blank


@pytest.fixture
def history(blank: Page) -> Page:
    """The history in #one with four records, its model as `model`; the first is looked at."""
    blank.evaluate(
        "() => { window.model = new fv.FakeHistory(); window.unmount = fv.mountHistory(model, one); model.record(4) }"
    )
    return blank
