"""A real kernel and a real JupyterLab behind a slow link: two views of one explorer, and when each frame comes."""

import json
import re
import time
from typing import Any

from playwright.sync_api import expect

from benchmarks.in_browser import opened_in_lab
from soak.found import Found
from soak.measure import percentile
from tests.browser.lab import Kernel, Notebook, View
from tests.browser.page_states import asleep, cut_off, hidden, slow

LAG = 3.0
"""Seconds that a frame may be old."""

CELL = """import time
from filterviz_widget import FilterExplorer
from filterviz_widget.demo import flower_model
explorer = FilterExplorer(flower_model(), layer="conv2")
frames = []
explorer.observe(lambda change: frames.append((time.time(), change.new)), "iteration")
explorer"""

WATCH = """root => {
  window.seen = [];
  window.words = new Set();
  const bar = root.querySelector("[role=progressbar]");
  const lines = root.querySelector(".filterviz-messages");
  const saw = () => seen.push([Date.now() / 1000, Number(bar.getAttribute("aria-valuenow"))]);
  new MutationObserver(saw).observe(bar, { attributeFilter: ["aria-valuenow"] });
  const heard = () => words.add(lines.textContent);
  new MutationObserver(heard).observe(lines, { subtree: true, childList: true, characterData: true });
}"""


def on_a_slow_link(found: Found, iterations: int) -> None:
    """A long run, a drag, sleep and a cut of the line; after each the page shows what the kernel has."""
    with opened_in_lab(CELL, "explorer", height=2600) as (notebook, lab):
        notebook.run(0, timeout=180)
        notebook.run(1)
        views = [View(notebook.cell(place).locator(".filterviz")) for place in range(2)]
        for view in views:
            view.expect_words(re.compile("^Done"), timeout=120)
        kernel = lab.kernel()
        views[0].root.evaluate(WATCH)
        views[0].root.locator("summary").filter(has_text="Settings").click()
        with slow(notebook.page):
            _long_run(found, notebook, views[0], kernel, iterations)
            _drag(found, notebook, views[0], kernel)
        wrong: list[str] = []
        for filter, state in enumerate((asleep, cut_off, hidden), 20):
            with state(notebook.page):
                change = f"explorer.iterations, explorer.filter = 300, {filter}"
                kernel("None", before=f"{change}; explorer.wait(60); explorer._wishes.wait(60)", timeout=120)
            wrong += _unlike(views, kernel, state.__name__)
        found.none("pictures that are not the kernel's last", wrong)
        said = [words for words in notebook.page.evaluate("[...words]") if "No answer" in words]
        found.none("false words", said)
        kernel.close()


def _long_run(found: Found, notebook: Notebook, view: View, kernel: Kernel, iterations: int) -> None:
    kernel("None", before="frames.clear()")
    notebook.page.evaluate("seen.length = 0")
    view.enter("Iterations", iterations)
    view.expect_words(f"Done · {iterations:,} of {iterations:,}", timeout=600)
    sent: list[Any] = json.loads(kernel("json.dumps(frames)", before="import json"))
    at = {iteration: when for when, iteration in sent}
    seen = notebook.page.evaluate("seen")
    lags = [when - at[iteration] for when, iteration in seen if iteration in at]
    *lags, last = lags  # with the whole curve, which is as long as the run
    middle = len(lags) // 2
    found.figure("frames in the kernel", len(sent))
    found.figure("frames on the page", len(lags))
    found.figure("lag of a frame, median (s)", percentile(lags, 0.5))
    found.at_most("lag of a frame, worst (s)", max(lags), LAG, time=True)
    found.at_most(
        "lag in the second half beyond the first (s)", max(lags[middle:]) - max(lags[:middle]), 1.0, time=True
    )
    found.at_most("lag of the last picture (s)", last, LAG + 1, time=True)
    found.at_most("frames that were not left out", len(lags), 0.9 * len(sent))


def _drag(found: Found, notebook: Notebook, view: View, kernel: Kernel) -> None:
    kernel("None", before="explorer.iterations = 20; explorer.wait(60)")
    view.expect_words("Done · 20 of 20", timeout=60)
    for _ in range(20):
        view.slider("Filter").press("ArrowRight")
        notebook.page.wait_for_timeout(150)
    moved = time.monotonic()
    last = int(view.number("Filter").input_value())
    view.expect_picture("conv2", last, timeout=120)
    found.at_most("from the last move of a drag to its picture (s)", time.monotonic() - moved, 2 * LAG, time=True)


def _unlike(views: list[View], kernel: Kernel, after: str) -> list[str]:
    """Which views do not show what the kernel has."""
    image, filter = kernel("(explorer.image, explorer.filter)")
    wrong = []
    for place, view in enumerate(views):
        try:
            expect(view.picture).to_have_attribute("src", image, timeout=60_000)
            view.expect_picture("conv2", filter)
        except AssertionError:
            wrong.append(f"view {place} after it was {after}: {view.picture.get_attribute('alt')}, not filter {filter}")
    return wrong
