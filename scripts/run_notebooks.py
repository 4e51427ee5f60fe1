"""Runs the notebooks in a real JupyterLab and stores them with their outputs, and a still picture of each widget."""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from scripts.find_chromium import HELP, find_chromium
from scripts.stored_notebook import Still, stored
from tests.browser.lab import REPOSITORY, Kernel, Lab, Notebook

NOTEBOOKS = REPOSITORY / "notebooks"

LATER = "still-at-end"
"""Tag of a cell whose widget is taken when the whole notebook has run: one that watches what later cells do."""

LONGEST = 1800
"""Seconds that a cell, or the pictures of its widgets, may take."""

PATIENCE = 300
"""Seconds that an atlas is waited for, which is shown while it is made: that of the flower model takes four minutes."""

WIDGETS = "list(__import__('ipywidgets').widgets.widget._instances.values())"
BUSY = f"""[repr(each) for each in {WIDGETS} if hasattr(each, 'iterations') and each.status in
    ('idle', 'compiling', 'running') or getattr(each, 'busy', False)]"""
MAKING = f"[repr(each) for each in {WIDGETS} if getattr(each, 'state', '') == 'making']"

SIZE: ViewportSize = {"width": 1240, "height": 3000}
"""Of the page: of a widget that is higher than the notebook's room a picture would show the half."""

SETTLE = 1.5
"""Seconds in which what the kernel has sent is painted."""


def wait_for_widgets(kernel: Kernel, page: Any) -> None:
    """Blocks until no widget has anything left to do."""
    began = time.monotonic()
    while busy := kernel(BUSY, timeout=LONGEST):
        if time.monotonic() - began > LONGEST:
            raise TimeoutError(f"Still at work: {', '.join(busy)}")
        page.wait_for_timeout(500)
    while time.monotonic() - began < PATIENCE and kernel(MAKING, timeout=LONGEST):
        page.wait_for_timeout(2000)
    page.wait_for_timeout(1000 * SETTLE)


def stills_of(notebook: Notebook, place: int) -> list[Still]:
    """A picture of each widget in the output of a cell."""
    found = []
    for root in notebook.cell(place).locator(".jp-OutputArea-output .filterviz").all():
        box = root.bounding_box()
        if box is None or box["height"] > SIZE["height"] - 200:
            raise ValueError(f"A widget does not fit into the page: {box}")
        picture = root.locator("img[alt^=What]").first
        words = (picture.get_attribute("alt") if picture.count() else "") or "All filters of the network"
        found.append(Still(root.screenshot(animations="disabled", caret="hide"), words))
    return found


def run(browser: Browser, path: Path, folder: Path) -> dict[str, Any]:
    """Runs one notebook, and returns what is to be stored of it."""
    copy = folder / "notebooks" / path.name
    copy.parent.mkdir()
    source = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in source["cells"] if cell["cell_type"] == "code"]
    for cell in cells:  # a cell that has its number already would not be seen to run
        cell.update(outputs=[], execution_count=None)
    copy.write_text(json.dumps(source), "utf-8")
    settings = folder / "jupyterlab_settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')  # every cell stays in the page
    lab = Lab(folder, copy)
    context = browser.new_context(viewport=SIZE, color_scheme="light")
    try:
        notebook = Notebook(context.new_page(), lab.address)
        page = notebook.page
        page.keyboard.press("Control+B")  # the room of the file browser goes to the notebook
        kernel = lab.kernel()
        stills: dict[str, list[Still]] = {}
        for place, cell in enumerate(cells):
            notebook.run(place, timeout=LONGEST)
            wait_for_widgets(kernel, page)
            stills[cell["id"]] = stills_of(notebook, place)
        for place, cell in enumerate(cells):
            if LATER in cell["metadata"].get("tags", ()):
                stills[cell["id"]] = stills_of(notebook, place)
        kernel.close()
        page.keyboard.press("Control+s")
        saved = _saved(page, copy)
    finally:
        context.close()
        lab.close()
    return stored(saved, stills, [REPOSITORY, folder, Path.home(), tempfile.gettempdir()])


def _saved(page: Any, copy: Path) -> dict[str, Any]:
    for _ in range(60):
        page.wait_for_timeout(500)
        saved: dict[str, Any] = json.loads(copy.read_text("utf-8"))
        code = [cell for cell in saved["cells"] if cell["cell_type"] == "code"]
        if all(cell["execution_count"] for cell in code):
            return saved
    raise TimeoutError(f"JupyterLab did not save {copy.name}.")


def main() -> None:
    """Runs the notebooks that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(NOTEBOOKS.glob("*.ipynb")))
    chosen = parser.parse_args().notebooks
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(HELP)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for path in chosen:
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
                notebook = run(browser, path, Path(folder))
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, "utf-8")
            widgets = text.count('"alt"')
            print(
                f"{path.name}: {time.monotonic() - began:.0f} s, {widgets} widgets, {len(text) // 1000} kB", flush=True
            )
        browser.close()


if __name__ == "__main__":
    main()
