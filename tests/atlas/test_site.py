"""The page of an atlas in a browser: from a disk, and from a web server."""

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

import hatch_build
from tests.atlas.generated import CLASSES, Layer, activation, branched, generated, write

BIG = "block/conv3"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")  # a file that is read again must not come from the cache
        super().end_headers()


@pytest.fixture(scope="session")
def atlases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some, side by side: "one", "other" of the same network, "unlike" of another one, and "big"."""
    hatch_build.build()
    root = tmp_path_factory.mktemp("atlases")
    generated(root / "one", 500)
    half = [*branched(500)[:3], Layer(BIG, 500, made=64, row=2), branched(500)[4]]
    generated(root / "other", layers=half, key="1" * 32, seed=1, title="flowers_net, epoch 40")
    generated(root / "unlike", 40)
    generated(root / "big")
    return root


@pytest.fixture(scope="session")
def served(atlases: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(atlases)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["disk", "server"])
def root(request: pytest.FixtureRequest, atlases: Path) -> str:
    return atlases.as_uri() if request.param == "disk" else request.getfixturevalue("served")


@pytest.fixture
def watched(page: Page, atlases: Path) -> Iterator[Page]:
    """Any error in the page fails the test, and any request that leaves the folder of the atlases."""
    problems: list[str] = []
    homes = (f"{atlases.as_uri()}/", "http://127.0.0.1:", "data:")
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if asked.url.startswith(homes) else problems.append(asked.url))
    page.set_viewport_size({"width": 1400, "height": 900})
    yield page
    assert problems == []


def open_at(page: Page, root: str, atlas: str = "one", address: str = "", query: str = "") -> None:
    page.goto("about:blank")  # another fragment alone would not load the page anew
    page.goto(f"{root}/{atlas}/index.html{query}#{address}")
    ready(page)


def ready(page: Page) -> None:
    page.wait_for_selector(".filterviz-atlas-screen[aria-busy=false]")


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=2)


def search(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search")


def tile(page: Page, filter: int) -> Locator:
    return page.get_by_role("gridcell").filter(has_text=re.compile(rf"^{filter}$"))


def order(page: Page) -> list[int]:
    return page.evaluate(
        "[...document.querySelectorAll('[role=gridcell]:not([hidden])')].map((cell) => Number(cell.textContent))"
    )


def is_drawn(page: Page, filter: int) -> bool:
    """Whether a tile shows a picture; from a disk its pixels cannot be read."""
    pixel = "tile => tile.querySelector('canvas').getContext('2d').getImageData(20, 20, 1, 1).data[3] === 255"
    return tile(page, filter).evaluate(pixel)


def test_every_kind_of_link_leads_on_and_the_back_button_back(watched: Page, root: str) -> None:
    page = watched
    open_at(page, root)
    expect(title(page)).to_have_text("flowers_net")
    expect(page).to_have_title("flowers_net · Filter atlas")
    page.get_by_role("link", name=BIG).click()
    expect(title(page)).to_have_text(BIG)
    expect(page).to_have_title(f"{BIG} · flowers_net · Filter atlas")
    tile(page, 12).click()
    expect(title(page)).to_have_text(f"{BIG}12")
    assert page.url.endswith("#block/conv3/12")
    optimum = page.get_by_alt_text(f"What filter 12 of layer {BIG} responds to")
    expect(optimum).to_be_visible()
    page.wait_for_function("document.querySelector('.filterviz-frame img').naturalWidth === 96")
    for name in ("Alike", "Inhibits", "Facets", "Kernel", "Field", "Strongest", "Neighbours", "Code"):
        expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Code", exact=True)).to_contain_text('"block/conv3", 12')
    page.get_by_role("region", name="Neighbours").get_by_role("button").last.click()
    expect(title(page)).to_have_text("logits5")
    ready(page)
    page.get_by_role("region", name="Alike").locator("a").first.click()
    expect(title(page)).to_have_text(re.compile(r"^logits\d$"))
    page.go_back()
    expect(title(page)).to_have_text("logits5")
    page.go_back()
    expect(title(page)).to_have_text(f"{BIG}12")
    page.go_back()
    expect(title(page)).to_have_text(BIG)
    page.go_back()
    expect(title(page)).to_have_text("flowers_net")
    page.go_forward()
    expect(title(page)).to_have_text(BIG)
    page.get_by_role("link", name="Next layer").click()
    expect(title(page)).to_have_text("logits")
    page.get_by_role("navigation", name="Where you are").get_by_role("link", name="flowers_net").click()
    expect(title(page)).to_have_text("flowers_net")


def test_an_address_opens_what_it_names(watched: Page, root: str) -> None:
    open_at(watched, root, address="block/conv3/499")
    expect(title(watched)).to_have_text(f"{BIG}499")
    expect(watched.get_by_role("link", name="500")).to_have_count(0)
    open_at(watched, root, address="branch_a")
    expect(title(watched)).to_have_text("branch_a")
    for address, words in (("conv9/3", "no layer “conv9”"), ("branch_a/33", "from 0 to 32"), ("%", "no layer “%”")):
        open_at(watched, root, address=address)
        expect(watched.get_by_role("alert")).to_contain_text(words)
        expect(title(watched)).to_have_text("flowers_net")


def test_the_sheet_stands_where_it_was_left(watched: Page, served: str) -> None:
    open_at(watched, served, address=BIG)
    view = watched.locator(".filterviz-sheet-view")
    view.evaluate("view => (view.scrollTop = 1500)")
    expect(tile(watched, 100)).to_be_visible()
    tile(watched, 100).click()
    expect(title(watched)).to_have_text(f"{BIG}100")
    top = 1500
    watched.go_back()
    expect(tile(watched, 100)).to_have_attribute("aria-selected", "true")
    assert view.evaluate("view => view.scrollTop") == top


def test_the_keyboard_leads_everywhere(watched: Page, root: str) -> None:
    page, press = watched, watched.keyboard.press
    open_at(page, root)
    page.get_by_role("link", name=BIG).focus()
    press("Enter")
    expect(tile(page, 0)).to_be_focused()
    press("ArrowRight")
    press("Enter")
    expect(title(page)).to_have_text(f"{BIG}1")
    way = f"""
      ArrowRight {BIG}2  ArrowLeft {BIG}1  ArrowUp branch_b1  ArrowDown {BIG}1  ArrowDown logits1
      Escape logits  Escape flowers_net
    """.split()
    for key, wanted in zip(way[::2], way[1::2], strict=True):
        press(key)
        expect(title(page)).to_have_text(wanted)
    press("/")
    expect(search(page)).to_be_focused()
    page.keyboard.type("conv1/12")
    press("Enter")
    expect(title(page)).to_have_text("conv112")
    expect(title(page)).to_be_focused()


def test_the_search_finds_layers_filters_and_classes(watched: Page, served: str) -> None:
    page = watched
    open_at(page, served, address="branch_a")
    hits = page.get_by_role("option")
    for typed, name, wanted in (
        ("conv1", "conv1", "conv1"),
        ("v3", BIG, BIG),
        ("conv3/12", f"{BIG}/12", f"{BIG}12"),
        ("BLOCK/conv3 7", f"{BIG}/7", f"{BIG}7"),
        ("9", f"{BIG}/9", f"{BIG}9"),  # of the layer that is shown
        ("sunfl", "sunflower", f"logits{CLASSES.index('sunflower')}"),
    ):
        search(page).fill(typed)
        expect(hits.first).to_contain_text(name)
        search(page).press("Enter")
        expect(title(page)).to_have_text(wanted)
    search(page).fill("branch")
    expect(hits).to_have_count(2)
    search(page).press("ArrowDown")
    search(page).press("Enter")
    expect(title(page)).to_have_text("branch_b")
    search(page).fill("nowhere")
    expect(page.locator(".filterviz-hits-none")).to_contain_text("Nothing is called “nowhere”")
    search(page).press("Enter")
    expect(title(page)).to_have_text("branch_b")
    search(page).press("Escape")
    expect(page.locator(".filterviz-hits-none")).to_be_hidden()


def test_filters_are_sorted_by_their_numbers_and_their_likeness(watched: Page, served: str) -> None:
    page = watched
    open_at(page, served, address=BIG)
    sort = page.get_by_label("Sort")
    expect(page.get_by_text("Show", exact=True)).to_be_hidden()  # there is one kind of pictures only
    sort.select_option("by activation")
    best = sorted((filter for filter in range(500) if filter != 3), key=activation, reverse=True)
    assert order(page)[:5] == best[:5]
    expect(tile(page, best[0]).locator("canvas")).to_have_attribute(
        "title",
        re.compile(rf"^Filter {best[0]} · activation 10 · selectivity 0\.\d+ · alike to 0 "),
    )
    tile(page, best[2]).click()
    page.get_by_role("region", name="Alike").get_by_role("button", name="all").click()
    expect(title(page)).to_have_text(BIG)
    expect(sort).to_have_value("similarity")
    assert order(page)[0] == best[2]
    sort.select_option("by selectivity")
    assert [filter * 31 % 100 for filter in order(page)[:6]] == [99, 99, 99, 99, 99, 98]
    page.get_by_label("Filter number").fill("7")
    page.get_by_label("Filter number").press("Enter")
    page.get_by_role("button", name="Most alike to 7 first").click()
    assert order(page)[0] == 7


def test_two_atlases_of_one_network_are_compared(watched: Page, root: str) -> None:
    page = watched
    open_at(page, root)
    page.get_by_text("Compare with another atlas").click()
    page.get_by_label("Address of another atlas").fill("../other")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("link", name=re.compile("^conv1 "))).to_contain_text(re.compile(r"alike 0\.\d\d"))
    assert "?with=" in page.url
    page.get_by_role("link", name=BIG).click()
    page.get_by_label("Sort").select_option("by change to the other atlas")
    assert order(page)[0] > 20  # later ones are moved further
    assert 1 not in order(page)[:10]
    tile(page, order(page)[0]).click()
    expect(page.locator(".filterviz-frame img:visible")).to_have_count(2)
    expect(page.get_by_text(re.compile(r"^alike 0\.\d\d, activation"))).to_be_visible()
    search(page).fill("conv3/400")
    search(page).press("Enter")
    expect(page.get_by_text("flowers_net, epoch 40 lacks this filter so far.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("flowers_net, epoch 40 lacks this filter so far.")).to_be_visible()


def test_an_atlas_of_another_network_or_of_none_is_refused_in_words(page: Page, root: str) -> None:
    open_at(page, root, query="?with=../unlike/")
    expect(page.get_by_role("alert")).to_contain_text(f"layer {BIG} has 500 filters here and 40 there.")
    for foreign in ("data:text/javascript,alert(1)//", "//other.example/", "https://other.example/atlas/"):
        open_at(page, root, query=f"?with={quote(foreign, safe='')}")
        expect(page.get_by_role("alert")).to_contain_text("is not on this server")
    open_at(page, root, query="?with=../none/")
    expect(page.get_by_role("alert")).to_contain_text(
        "There is nothing to compare with at ../none/. ../none/atlas.json is missing."
    )
    expect(title(page)).to_have_text("flowers_net")


def test_what_is_finished_appears_where_the_page_stands(page: Page, atlases: Path, root: str) -> None:
    folder = atlases / f"grows-{root[:4]}"
    layers = [Layer("conv1", 200, made=64, examples=False), Layer("conv2", 32, made=0, row=1)]
    generated(folder, layers=layers, edges=[(0, 1)])
    page.set_viewport_size({"width": 1400, "height": 1200})
    page.clock.install()
    open_at(page, root, folder.name)
    bar = page.get_by_role("progressbar", name="Filters finished")
    expect(bar).to_have_attribute("aria-valuenow", "64")
    expect(page.get_by_text("64 of 232 filters")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^conv2 "))).to_contain_text("0 of 32")
    page.get_by_role("link", name=re.compile("^conv2 ")).click()
    expect(title(page)).to_have_text("conv2")
    page.go_back()
    page.get_by_role("link", name=re.compile("^conv1 ")).click()
    view = page.locator(".filterviz-sheet-view")
    view.evaluate("view => (view.scrollTop = 900)")
    expect(tile(page, 80)).to_be_visible()
    expect(tile(page, 80).locator("canvas")).to_have_attribute("title", re.compile("activation unknown"))
    tile(page, 80).click()
    expect(page.get_by_text("This filter is not finished yet.")).to_be_visible()

    generated(folder, layers=[Layer("conv1", 200, made=96, examples=False), layers[1]], edges=[(0, 1)])
    page.clock.run_for(6000)
    expect(page.get_by_alt_text("What filter 80 of layer conv1 responds to")).to_be_visible()
    strongest = page.get_by_role("region", name="Strongest")
    expect(strongest.get_by_text("The images have not been looked through yet.")).to_be_visible()
    generated(folder, layers=[Layer("conv1", 200, made=96), layers[1]], edges=[(0, 1)])
    page.clock.run_for(6000)
    expect(strongest.locator("img")).to_have_count(6)
    page.go_back()
    expect(tile(page, 80).locator("canvas")).to_have_attribute("title", re.compile(f"activation {activation(80):.2f}"))
    page.wait_for_function("document.querySelector('.filterviz-sheet-view').scrollTop > 0")
    top = view.evaluate("view => view.scrollTop")
    generated(folder, layers=[Layer("conv1", 200), Layer("conv2", 32, row=1)], edges=[(0, 1)])
    page.clock.run_for(6000)
    expect(tile(page, 100).locator("canvas")).to_have_attribute(
        "title", re.compile(f"activation {activation(100):.2f}")
    )
    assert view.evaluate("view => view.scrollTop") == top
    expect(page.locator(".filterviz-atlas-layer").get_by_role("progressbar")).to_be_hidden()
    page.get_by_role("navigation", name="Where you are").get_by_role("link", name="flowers_net").click()
    expect(bar).to_be_hidden()
    expect(page.get_by_role("link", name=re.compile("^conv2 "))).not_to_contain_text("of")


FIRST = "layers/00-conv1"
WITHOUT = object()
DAMAGES: list[tuple[str, str, object, str]] = [
    ("", "atlas.json", WITHOUT, "There is no atlas here: atlas.json is missing."),
    ("", "atlas.json", "half of it", "atlas.json is damaged"),
    ("", "atlas.json", {"format": 2, "made_by": "filterviz-widget 9"}, "newer version (filterviz-widget 9)"),
    ("", "atlas.json", {"format": 1}, "atlas.json is damaged"),
    ("", "network.json", WITHOUT, "network.json is missing."),
    ("conv1", f"{FIRST}/layer.json", WITHOUT, "layer.json is missing."),
    ("conv1", f"{FIRST}/layer.json", {}, "layer.json is damaged"),
    ("conv1", f"{FIRST}/00000/sheet.jpg", WITHOUT, "sheet.jpg is not there"),
    ("conv1/1", f"{FIRST}/00000/shard.json", WITHOUT, "shard.json is missing."),
    ("conv1/1", f"{FIRST}/00000/1.webp", WITHOUT, "1.webp is missing, or no image."),
    ("conv1/1", f"{FIRST}/00000/inhibits.jpg", "half of it", "inhibits.jpg is missing, or no image."),
    ("conv1/1", f"{FIRST}/examples.json", WITHOUT, "examples.json is missing."),
]


@pytest.mark.parametrize(("address", "name", "content", "words"), DAMAGES)
def test_what_is_missing_or_broken_is_said_in_words(
    page: Page, tmp_path: Path, address: str, name: str, content: object, words: str
) -> None:
    folder = generated(tmp_path, layers=[Layer("conv1", 40), Layer("conv2", 40, row=1)], edges=[(0, 1)])
    file = folder / (f"{name}.js" if name.endswith(".json") else name)
    if content is WITHOUT:
        file.unlink()
    elif isinstance(content, dict):
        write(folder, name, content)
    else:
        file.write_bytes(file.read_bytes()[:6])
    page.goto(f"{folder.as_uri()}/index.html#{address}")
    expect(page.get_by_text(words).first).to_be_visible()


def test_a_filter_without_an_optimum_says_why(watched: Page, served: str) -> None:
    open_at(watched, served, address="conv1/3")
    expect(watched.get_by_text("The activation is not finite from step 3 on.")).to_be_visible()
    expect(watched.get_by_role("button", name="PNG")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
@pytest.mark.parametrize("address", ["", BIG, f"{BIG}/30", "conv1/3"])
def test_nothing_is_wider_than_the_page_whose_theme_is_the_systems(
    watched: Page, served: str, scheme: Any, width: int, address: str
) -> None:
    watched.emulate_media(color_scheme=scheme)
    watched.set_viewport_size({"width": width, "height": 844})
    open_at(watched, served, address=address, query="?with=../other/")
    dark = "getComputedStyle(document.querySelector('main')).backgroundColor === 'rgb(28, 30, 33)'"
    assert watched.evaluate(dark) == (scheme == "dark")
    assert watched.evaluate("document.documentElement.scrollWidth") <= width


def test_an_optimum_is_saved_as_a_png(watched: Page, served: str) -> None:
    open_at(watched, served, address="conv1/1")
    with watched.expect_download() as download:
        watched.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "conv1-1.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_page_from_a_disk_may_not_read_pixels_and_opens_the_file_of_an_optimum(watched: Page, atlases: Path) -> None:
    open_at(watched, atlases.as_uri(), address="conv1/1")
    with watched.expect_popup() as opened:
        watched.get_by_role("button", name="Open").click()
    assert opened.value.url.endswith("/conv1/00000/1.webp".replace("conv1", "00-conv1"))


MEMORY = """
  // Every sprite that is still held by the page, as far as the garbage collector knows.
  window.sprites = [];
  const { decode } = HTMLImageElement.prototype;
  HTMLImageElement.prototype.decode = function () {
    sprites.push(new WeakRef(this));
    return decode.call(this);
  };
  window.gaps = [];
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => gaps.push(duration)))
    .observe({ type: "longtask" });
"""


def test_ten_thousand_filters_need_no_more_of_the_page_than_few(watched: Page, served: str) -> None:
    page = watched
    page.add_init_script(MEMORY)
    open_at(page, served, "big", BIG)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def used() -> dict[str, float]:
        session.send("HeapProfiler.collectGarbage")
        return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}

    expect(page.get_by_role("gridcell").first).to_be_visible()
    before = used()
    nodes = page.evaluate(
        """async () => {
          const view = document.querySelector(".filterviz-sheet-view");
          let most = 0;
          for (let step = 0; step <= 200; step += 1) {
            view.scrollTop = (step / 200) * view.scrollHeight;
            await new Promise(requestAnimationFrame);
            most = Math.max(most, view.querySelectorAll("*").length);
          }
          return most;
        }"""
    )
    expect(tile(page, 9999)).to_be_visible()
    page.wait_for_function("document.querySelector('.filterviz-sheet-view').scrollTop > 100000")
    expect(page.locator(".filterviz-atlas-problem:not(:empty)")).to_have_count(0)
    page.get_by_label("Sort").select_option("by activation")  # each tile from a sprite of its own
    page.wait_for_timeout(500)
    after = used()
    held = page.evaluate("sprites.filter((each) => each.deref()).length")
    tasks = page.evaluate("gaps")
    megabytes = (after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 1e6
    slow = f"{len(tasks)} long tasks, the longest {max(tasks, default=0):.0f} ms"
    print(f"elements of the sheet {nodes}, sprites {held}, heap {megabytes:+.1f} MB, {slow}")
    assert nodes < 600
    assert held <= 64 + 120  # what is kept, and what is in sight
    assert after["Nodes"] - before["Nodes"] < 2000
    assert megabytes < 25
    assert is_drawn(page, order(page)[0])


def test_a_folder_that_was_moved_opens_as_before(watched: Page, atlases: Path, tmp_path: Path) -> None:
    """Nothing in it names a place; and a name may have spaces and signs in it."""
    moved = atlases / "moved here, 100 % #1"
    shutil.copytree(atlases / "unlike", moved)
    watched.goto(f"{moved.as_uri()}/index.html#conv1")
    expect(tile(watched, 1)).to_be_visible()
    tile(watched, 1).click()
    watched.wait_for_function("document.querySelector('.filterviz-frame img').naturalWidth === 96")


def test_the_generated_files_and_their_twins_say_the_same(atlases: Path) -> None:
    for path in (atlases / "one").rglob("*.json"):
        text = path.read_text("utf-8")
        name = path.relative_to(atlases / "one").as_posix()
        assert path.with_name(f"{path.name}.js").read_text("utf-8") == f"filterviz_atlas({json.dumps(name)}, {text});\n"
