"""A blank page with the front end's parts in it, as `fv`; any error in the page fails the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

import hatch_build
from filterviz_widget.widgets.frontend import frontend
from tests.atlas.generated import Layer, branched, generated

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


class OnePage:
    """A page that the tests of a file use one after the other: to open one takes longer than most of them.

    Its clock is stopped when it is opened, and stays so.
    """

    def __init__(self, browser: Browser, file: Path) -> None:
        self._browser, self._file = browser, file
        self._context: BrowserContext | None = None

    def blank(self) -> Page:
        """The page with nothing in it, as if it were new."""
        if self._context is None:
            self._context = self._browser.new_context()
            page = self._context.new_page()
            page.clock.install()
            page.goto(self._file.as_uri())
            page.clock.pause_at(page.evaluate("Date.now()") + 1000)
            return page
        (page,) = self._context.pages
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
        page.set_viewport_size({"width": 1280, "height": 720})
        page.mouse.move(0, 0)
        page.goto(self._file.as_uri())
        return page

    def close(self) -> None:
        """Gives it up; the next test has a new one."""
        if self._context is not None:
            self._context.close()
            self._context = None


@pytest.fixture(scope="module")
def one_page(browser: Browser, bundle: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnePage]:
    folder = tmp_path_factory.mktemp("blank")
    (folder / "bundle.js").write_text(bundle, "utf-8")
    styles = "".join(f"<style>{frontend(name)}</style>" for name in ("widget.css", "history.css"))
    names = "window.one = document.querySelector('#one'); window.never = new AbortController().signal"
    places = '<div id="one"></div><div id="two"></div>'
    head = f'<!doctype html><meta charset="utf-8">{styles}{places}<script src="bundle.js"></script>'
    (folder / "blank.html").write_text(f"{head}<script>{names}</script>", "utf-8")
    page = OnePage(browser, folder / "blank.html")
    yield page
    page.close()


@pytest.fixture
def blank(request: pytest.FixtureRequest, one_page: OnePage) -> Iterator[Page]:
    """Has #one and #two to put views into, and a stopped clock: time passes by `page.clock.run_for`."""
    problems: list[str] = []
    page = one_page.blank()

    def failed(error: Error) -> None:
        problems.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    page.on("pageerror", failed)
    page.on("console", said)
    yield page
    page.remove_listener("pageerror", failed)
    page.remove_listener("console", said)
    if request.node.get_closest_marker("changes_the_page"):
        one_page.close()
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


@pytest.fixture(scope="session")
def atlases(bundle: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Side by side: "one", "other" of the same network that is not finished, and "none", where something is missing."""
    root = tmp_path_factory.mktemp("atlases")
    generated(root / "one", 100)
    half = [*branched(100)[:3], Layer("block/conv3", 100, made=64, row=2), branched(100)[4]]
    generated(root / "other", layers=half, key="1" * 32, seed=1, title="flowers_net, epoch 40")
    (generated(root / "none", layers=[Layer("conv1", 2)], edges=[]) / "atlas.json.js").unlink()
    return root


@pytest.fixture(scope="module")
def site(browser: Browser, atlases: Path) -> Iterator[Callable[[str], Page]]:
    """Opens the page of an atlas at an address, such as "one/index.html#conv1"; always the same page."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})

    def open_at(address: str) -> Page:
        page.goto("about:blank")  # another fragment alone would not load the page anew
        page.goto(f"{atlases.as_uri()}/{address}")
        page.wait_for_selector(".filterviz-atlas-screen[aria-busy=false]")
        return page

    yield open_at
    page.close()
