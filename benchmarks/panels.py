"""What stands beside the picture, in a real JupyterLab: how soon it is there, and what it costs the picture.

- The first frame of a moved filter with every panel open, beside the same moves without any, in turns.
- The feature map of a moved filter, from the slider's event to the painted map.
- The sheet of a trained VGG16's block4 over a photograph, from the click to the first row.
"""

import json
import statistics
from typing import Any

from playwright.sync_api import Locator

from benchmarks.in_browser import Moves, opened, percentile, summary
from benchmarks.latency import MOVE
from tests.browser.lab import REPOSITORY, Notebook

FLOWERS = """from filterviz_widget import FilterExplorer
from filterviz_widget.demo import flower_model
explorer = FilterExplorer(flower_model(), layer="conv2", panels=["map"])
explorer"""

VGG = f"""import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import skimage.data
from tests.trained.network import vgg16
network = vgg16()
vgg = FilterExplorer(network.model, layer="block4_conv2", photo=skimage.data.chelsea(), panels=[], **network.reading)
vgg"""

PANELS = ["Kernel", "Field", "Strongest", "Map", "Inhibits", "Photo", "Without", "Neighbours", "Sheet"]
MOVES = 12
ROUNDS = 3
REST = 4000
"""Milliseconds in which the panels of one move are finished, so that the next one begins at rest."""

MAP = """async (slider, position) => {
  const root = slider.closest(".filterviz");
  const panel = root.querySelector("section[aria-label=Map]");
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  slider.value = String(position);
  const began = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
  if (panel.getAttribute("aria-busy") !== "true") throw new Error("the map does not wait for the new filter");
  while (panel.getAttribute("aria-busy") === "true") await painted();
  await painted();
  return performance.now() - began;
}"""

SHEET = """async (button) => {
  const root = button.closest(".filterviz");
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const began = performance.now();
  button.click();
  const drawn = (canvas) => {
    const { width, height } = canvas;
    return width && canvas.getContext("2d").getImageData(width >> 1, height >> 1, 1, 1).data[3] > 0;
  };
  const row = () => [...root.querySelectorAll("[role=row]")].find((each) => each.querySelector("canvas"));
  while (!row() || ![...row().querySelectorAll("canvas")].every(drawn)) await painted();
  return performance.now() - began;
}"""


def main() -> dict[str, Any]:
    """Measures the flower model, and a trained VGG16."""
    with opened(FLOWERS, VGG, height=900) as notebook:
        results = _flowers(notebook) | _sheet(notebook)
    print(json.dumps(results, indent=1))
    return results


def _flowers(notebook: Notebook) -> dict[str, Any]:
    notebook.run(0, timeout=180)
    view = notebook.cell(0).locator(".filterviz")
    _finished(notebook, view)
    slider = view.get_by_role("slider", name="Filter", exact=True)
    maps = [float(slider.evaluate(MAP, position)) for position in range(1, 31)]
    moves: dict[str, Moves] = {"without panels": [], "with all panels": []}
    position = 0
    for _ in range(ROUNDS):
        for how, taken in moves.items():
            _choose(view, PANELS if how == "with all panels" else [])
            notebook.page.wait_for_timeout(REST)
            for _ in range(MOVES):
                position = (position + 7) % 32
                first, whole = slider.evaluate(MOVE, position)
                taken.append((float(first), float(whole)))
                notebook.page.wait_for_timeout(REST if how == "with all panels" else 500)
    medians = {how: statistics.median(first for first, _ in taken) for how, taken in moves.items()}
    return {
        "map of a moved filter, ms": {"median": statistics.median(maps), "95 %": percentile(maps), "moves": len(maps)},
        **{f"flower model, filter, {how}": summary(taken) for how, taken in moves.items()},
        "first frame later by, ms": round(medians["with all panels"] - medians["without panels"], 1),
    }


def _sheet(notebook: Notebook) -> dict[str, Any]:
    notebook.run(1, timeout=180)
    view = notebook.cell(1).locator(".filterviz")
    _finished(notebook, view)
    first = float(view.get_by_role("button", name="Sheet", exact=True).evaluate(SHEET))
    _choose(view, [])
    again = float(view.get_by_role("button", name="Sheet", exact=True).evaluate(SHEET))
    return {"sheet of 512 filters, first row, ms": round(first), "the same again, ms": round(again)}


def _choose(view: Locator, names: list[str]) -> None:
    for name in PANELS:
        button = view.get_by_role("button", name=name, exact=True)
        if (button.get_attribute("aria-pressed") == "true") != (name in names):
            button.click()


def _finished(notebook: Notebook, view: Locator) -> None:
    view.locator("figure img").wait_for(timeout=120_000)
    notebook.page.wait_for_function(
        "root => root.textContent.includes('Done')", arg=view.element_handle(), timeout=120_000
    )
    notebook.page.wait_for_timeout(REST)


if __name__ == "__main__":
    main()
