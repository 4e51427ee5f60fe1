"""The atlas in a notebook: the kernel hands over the files, and no address changes."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import hatch_build
from filterviz_widget.widgets.frontend import frontend
from tests.atlas.generated import Layer, generated

EDGES = [(0, 1)]
MODEL = """
  window.sent = [];
  window.files = {};
  window.answers = true;
  window.traits = {
    made: 64, parts: 2, filters: 232, state: "making", pace: "1.9 a second, 88 s left", heard: 0, working: false,
    error: "", note: "", version: "0",
  };
  const listeners = new Map();
  const emit = (event, ...details) => [...(listeners.get(event) ?? [])].forEach((act) => act(...details));
  window.kernel = (changes) => {
    Object.assign(traits, changes);
    for (const name of Object.keys(changes)) emit(`change:${name}`);
  };
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  window.model = {
    get: (name) => traits[name],
    set() { throw new Error("the page writes no trait"); },
    save_changes() { throw new Error("the page writes no trait"); },
    send(content) {
      sent.push(content);
      if (!answers) return;
      queueMicrotask(() => kernel({ heard: traits.heard + 1 }));
      if (content.type !== "file") return;
      const file = files[content.path];
      setTimeout(() => emit("msg:custom", { type: "file", path: content.path, ...(file ? {} : { missing: true }) },
        file ? [bytes(file)] : []));
    },
    on: (event, act) => listeners.set(event, (listeners.get(event) ?? new Set()).add(act)),
    off: (event, act) => listeners.get(event).delete(act),
  };
  window.asked = (path) => sent.filter((each) => each.type === "file" && each.path === path).length;
"""


def give(page: Page, folder: Path) -> None:
    """Hands all files of the atlas to the page's kernel."""
    found = {
        path.relative_to(folder).as_posix(): base64.b64encode(path.read_bytes()).decode()
        for path in folder.rglob("*")
        if path.suffix in (".json", ".jpg", ".webp")
    }
    page.evaluate("found => Object.assign(files, found)", found)


def render(page: Page) -> None:
    """Shows the widget in #one."""
    page.evaluate(
        """async (source) => {
          const bundle = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          window.control = new AbortController();
          bundle.default.render({ model, el: one, signal: control.signal });
        }""",
        frontend("atlas.js"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hatch_build.build()
    return generated(
        tmp_path, layers=[Layer("net/conv1", 200, made=64), Layer("conv2", 32, made=0, row=1)], edges=EDGES
    )


@pytest.fixture
def cell(page: Page, folder: Path) -> Iterator[Page]:
    """The widget in a notebook's cell, that can have the focus, its clock stopped."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.clock.install()
    page.goto("about:blank")
    page.set_content('<!doctype html><title>notebook</title><div id="cell" tabindex="0"><div id="one"></div></div>')
    page.add_style_tag(content=frontend("atlas.css"))
    page.evaluate(MODEL)
    give(page, folder)
    render(page)
    page.clock.run_for(100)
    yield page
    assert problems == []


def title(page: Page) -> Any:
    return page.get_by_role("heading", level=2)


def tick(page: Page, milliseconds: int = 50) -> None:
    for _ in range(6):  # a file asks for another
        page.clock.run_for(milliseconds)


def test_files_come_from_the_kernel_each_once(cell: Page) -> None:
    tick(cell)
    expect(title(cell)).to_have_text("flowers_net")
    cell.get_by_role("button", name="net/conv1").click()
    tick(cell)
    expect(title(cell)).to_have_text("net/conv1")
    cell.get_by_role("gridcell").nth(12).click()
    tick(cell)
    expect(title(cell)).to_have_text("net/conv112")
    expect(cell.get_by_alt_text("What filter 12 of layer net/conv1 responds to")).to_be_visible()
    cell.wait_for_function("document.querySelector('.filterviz-frame img').naturalWidth === 96")
    assert cell.evaluate("asked('layers/00-net-conv1/00000/sheet.jpg')") == 1
    assert cell.evaluate("asked('layers/00-net-conv1/00000/shard.json')") == 1
    assert cell.url == "about:blank"
    expect(cell).to_have_title("notebook")


def test_back_leads_back_and_escape_up_and_then_to_the_notebook(cell: Page) -> None:
    tick(cell)
    back = cell.get_by_role("button", name="Back")
    expect(back).to_be_hidden()
    cell.get_by_role("button", name="net/conv1").click()
    tick(cell)
    cell.get_by_role("gridcell").nth(2).click()
    tick(cell)
    cell.keyboard.press("ArrowRight")
    tick(cell)
    expect(title(cell)).to_have_text("net/conv13")
    back.click()
    tick(cell)
    expect(title(cell)).to_have_text("net/conv12")
    cell.keyboard.press("Escape")
    cell.keyboard.press("Escape")
    tick(cell)
    expect(title(cell)).to_have_text("flowers_net")
    cell.keyboard.press("Escape")
    expect(cell.locator("#cell")).to_be_focused()
    cell.keyboard.press("/")  # the notebook's own
    expect(cell.get_by_role("combobox", name="Search")).not_to_be_focused()


def test_what_is_typed_into_the_search_does_not_reach_the_notebook(cell: Page) -> None:
    tick(cell)
    cell.evaluate("() => { window.keys = []; cell.addEventListener('keydown', (event) => keys.push(event.key)) }")
    cell.get_by_role("combobox", name="Search").focus()
    cell.keyboard.type("dd5")
    cell.keyboard.press("ArrowDown")
    assert cell.evaluate("keys") == []


def test_more_that_is_finished_is_shown_at_most_once_a_second(cell: Page, folder: Path) -> None:
    tick(cell)
    expect(cell.get_by_text("64 of 232 filters, 1.9 a second, 88 s left")).to_be_visible()
    generated(folder, layers=[Layer("net/conv1", 200, made=96), Layer("conv2", 32, made=0, row=1)], edges=EDGES)
    give(cell, folder)
    for made in (70, 80, 96):
        cell.evaluate("made => kernel({ made })", made)
    tick(cell, 300)
    expect(cell.get_by_text("96 of 232 filters")).to_be_visible()
    assert cell.evaluate("asked('atlas.json')") <= 3
    expect(cell.get_by_role("button", name="net/conv1")).to_contain_text("96 of 200")


def test_stop_is_sent_and_rests_afterwards(cell: Page) -> None:
    tick(cell)
    cell.get_by_role("button", name="Stop").click()
    assert cell.evaluate("sent.at(-1)") == {"type": "stop"}
    cell.evaluate("kernel({ state: 'stopped', error: 'Stopped by hand.' })")
    expect(cell.get_by_role("button", name="Stop")).to_be_hidden()
    expect(cell.get_by_text("64 of 232 filters, stopped")).to_be_visible()
    expect(cell.get_by_text("Stopped by hand.")).to_be_visible()


def test_a_file_that_is_missing_or_broken_is_said_in_words(cell: Page) -> None:
    tick(cell)
    cell.evaluate("delete files['layers/00-net-conv1/00032/shard.json']")
    cell.get_by_role("combobox", name="Search").fill("net/conv1/40")
    cell.get_by_role("combobox", name="Search").press("Enter")
    tick(cell)
    expect(cell.get_by_text("layers/00-net-conv1/00032/shard.json is missing.")).to_be_visible()
    cell.evaluate("files['layers/01-conv2/layer.json'] = btoa('{')")
    cell.get_by_role("button", name="Back").click()
    tick(cell)
    cell.get_by_role("button", name=re.compile("^conv2 ")).click()
    tick(cell)
    expect(cell.get_by_text("layers/01-conv2/layer.json is damaged")).to_be_visible()


def test_no_more_than_two_hundred_addresses_of_images_are_kept(page: Page, tmp_path: Path) -> None:
    generated(tmp_path, layers=[Layer("conv1", 256)], edges=[])
    page.goto("about:blank")
    page.set_content('<!doctype html><div id="one"></div>')
    page.add_style_tag(content=frontend("atlas.css"))
    page.evaluate(MODEL)
    page.evaluate(
        """() => {
          window.given = 0;
          const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
          URL.createObjectURL = (blob) => { given += blob.type.startsWith("image/"); return create.call(URL, blob); };
          URL.revokeObjectURL = (address) => { given -= 1; revoke.call(URL, address); };
        }"""
    )
    give(page, tmp_path)
    render(page)
    page.get_by_role("button", name=re.compile("^conv1 ")).click()
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.get_by_role("gridcell").first.click()
    expect(title(page)).to_have_text("conv10")
    for filter in range(1, 230):
        page.keyboard.press("ArrowRight")
        if filter % 40 == 0:
            expect(title(page)).to_have_text(f"conv1{filter}")
            page.wait_for_timeout(100)
    expect(page.get_by_alt_text("What filter 229 of layer conv1 responds to")).to_be_visible()
    page.wait_for_timeout(300)
    assert 0 < page.evaluate("given") <= 200
    page.evaluate("control.abort()")
    assert page.evaluate("given") == 0
