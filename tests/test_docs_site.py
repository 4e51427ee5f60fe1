"""The site of the documentation, built strictly: nothing is missing or from elsewhere, and what it says is so."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

import filterviz_widget
from scripts.build_docs import build
from scripts.pages import gallery, house, lesson, measured

ROOT = Path(__file__).parents[1]
SOURCES = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "link": "href",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
"""What a page fetches by itself; an <a> it does not."""

SAMPLE = ("index.html", "how.html", "performance.html", "gallery/index.html")
AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
THE_THEMES_OWN = {"landmark-unique": {"enabled": False}}
"""Its menus are navs within navs, some of them by the same name."""


class Elements(HTMLParser):
    """Collects a page's addresses: those that it fetches, those that it leads to, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched, self.led, self.anchors = list[str](), list[str](), set[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if (address := given.get(SOURCES.get(tag, ""))) and given.get("rel") != "canonical":
            self.fetched.append(address)
        self.fetched += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        if tag == "a" and "href" in given:
            self.led.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    build(folder)  # raises where mkdocs finds a link, an anchor or a page missing
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Elements]:
    """Those of the site itself: an atlas in it has tests of its own."""
    found = (path for path in sorted(site.rglob("*.html")) if path.relative_to(site).parts[0] != "flower-atlas")
    return {path.relative_to(site).as_posix(): Elements(path.read_text("utf-8")) for path in found}


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_that_a_page_fetches_comes_from_another_host(site: Path, pages: dict[str, Elements]) -> None:
    assert len(pages) > 20
    fetched = [address for page in pages.values() for address in page.fetched]
    assert [address for address in fetched if urlsplit(address).netloc] == []
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    addresses = [
        address.strip("\"'")
        for address in re.findall(r"url\(([^)]*)\)|@import\s+([^;]+)", styles)
        for address in address
        if address
    ]
    assert [address for address in addresses if urlsplit(address).netloc] == []


def test_links_in_what_mkdocs_does_not_check_lead_somewhere(site: Path, pages: dict[str, Elements]) -> None:
    """Those of cards, figures and menus, written as HTML."""
    missing = []
    for name, page in pages.items():
        if name == "404.html":  # its addresses begin at the site's root, wherever it is shown
            continue
        for address in page.led + page.fetched:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or parts.path.startswith("flower-atlas/"):
                continue
            path = (site / name).parent / unquote(parts.path) if parts.path else site / name
            target = path.resolve()
            there = target.is_file() or (target / "index.html").is_file()
            known = pages.get(target.relative_to(site.resolve()).as_posix()) if there else None
            anchor = unquote(parts.fragment)
            if not there or (known and anchor and not anchor.startswith("__") and anchor not in known.anchors):
                missing.append(f"{name}: {address}")
    assert missing == []


def test_pages_ask_nobody_but_their_own_server(served: str, pages: dict[str, Elements], page: Page) -> None:
    asked, wrong = set[str](), list[str]()
    page.on("request", lambda request: asked.add(request.url))
    page.on("response", lambda response: wrong.append(response.url) if response.status >= 400 else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for name in pages:
        page.goto(served + name)
    assert {served + name for name in pages} <= asked
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
    assert wrong == []


def test_the_search_works_on_a_page_opened_from_a_disk(site: Path, page: Page) -> None:
    page.goto((site / "start.html").as_uri())
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("accentuation")
    page.locator(".md-search-result__item").first.wait_for()
    assert page.locator(".md-search-result__item a").first.get_attribute("href")


@pytest.mark.parametrize(("scheme", "chosen"), [("light", "default"), ("dark", "slate")])
def test_pages_follow_the_system_fit_a_telephone_and_keep_the_rules_of_axe(
    served: str, page: Page, scheme: Any, chosen: str
) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.emulate_media(color_scheme=scheme)
    for name in SAMPLE:
        page.goto(served + name)
        assert page.locator("body").get_attribute("data-md-color-scheme") == chosen
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.add_script_tag(path=AXE)
        found = page.evaluate("rules => axe.run(document, {rules, resultTypes: ['violations']})", THE_THEMES_OWN)
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], name


def test_a_live_figure_is_as_dark_as_the_reader_chose(served: str, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(served + "start.html")
    page.evaluate(
        """() => document.querySelector("article").insertAdjacentHTML(
            "beforeend", '<div class="live-figure"><iframe src="404.html"></iframe></div>')"""
    )
    figure = page.frame_locator(".live-figure iframe").locator("html")
    expect(figure).to_have_css("color-scheme", "light")
    for _ in range(2):  # from the system's to light, to dark
        page.locator("label.md-header__button:visible[for^=__palette]").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    assert figure.evaluate("root => root.style.colorScheme") == "dark"


def test_every_public_name_is_in_the_reference_with_its_example(site: Path, pages: dict[str, Elements]) -> None:
    anchors = {anchor for name, page in pages.items() if name.startswith("api/") for anchor in page.anchors}
    missing = [name for name in filterviz_widget.__all__ if f"filterviz_widget.{name}" not in anchors]
    assert missing == []
    widgets = (site / "api" / "widgets.html").read_text("utf-8")
    assert "conv3-12.png" in widgets


def test_every_notebook_has_a_page_and_a_card(site: Path, pages: dict[str, Elements]) -> None:
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert names == {each.name for each in gallery.notebooks()}
    assert {f"{name}.html" for name in names} <= set(pages["gallery/index.html"].led)
    assert all(f"gallery/{name}.html" in pages for name in names)


def test_the_house_is_drawn_with_every_room(site: Path) -> None:
    page = (site / "how.html").read_text("utf-8")
    rooms = {path.parent.name for path in (ROOT / "filterviz_widget").glob("*/__init__.py")}
    assert rooms <= {room for storey in house.storeys() for room in storey}
    assert all(f">{room}</text>" in page for room in rooms)


def test_tables_have_the_figures_of_the_results(site: Path) -> None:
    page = (site / "performance.html").read_text("utf-8")
    moved = measured.results("latency")["VGG16, filter"]["first frame ms"]
    assert f"{moved['median']:.0f} ms ({moved['95 %']:.0f})" in page
    assert "made:" not in page


def test_the_lesson_has_every_picture_that_was_kept(pages: dict[str, Elements]) -> None:
    kept = {f"pictures/{each['file']}" for row in lesson.kept()["rows"].values() for each in row}
    assert kept <= set(pages["lesson.html"].fetched)
    assert kept == {f"pictures/{path.name}" for path in lesson.PICTURES.glob("lesson-*.webp")}


def test_the_messages_under_troubleshooting_are_those_of_the_code() -> None:
    sources = [*(ROOT / "filterviz_widget").rglob("*.py"), *(ROOT / "js" / "src").rglob("*.ts")]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    text = re.sub(r'"\s*\n\s*f?"', "", text)  # texts that go on in the next line
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    quoted = re.findall(r'\*\*"([^"]+)"|^\| "([^"]+)"', page, re.MULTILINE)
    messages = [" ".join((bold or cell).split()) for bold, cell in quoted]
    assert len(messages) > 15
    own = [message for message in messages if "model not found" not in message]  # that one is the host's
    pieces = [piece.strip(" '.,:`") for message in own for piece in re.split("…|'…'|`", message)]
    missing = [piece for piece in pieces if len(piece) > 5 and piece not in text]
    assert not missing, "; ".join(missing)


def test_pages_name_no_path_of_the_machine_that_built_them(site: Path) -> None:
    texts = (path for path in site.rglob("*") if path.suffix in {".html", ".js", ".json", ".css", ".xml"})
    assert [PurePosixPath(path).name for path in texts if str(ROOT) in path.read_text("utf-8")] == []
