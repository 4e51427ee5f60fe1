"""From a slider's event to the painted picture, in a real JupyterLab in a real browser: median and 95th percentile."""

from typing import Any

from playwright.sync_api import Locator

from benchmarks.in_browser import Moves, opened, summary

FLOWERS = """from filterviz_widget import FilterExplorer
from filterviz_widget.demo import flower_model
explorer = FilterExplorer(flower_model(), layer="conv2")
explorer"""

VGG = """import keras
vgg = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
vgg_explorer = FilterExplorer(vgg, layer="block3_conv1", input_range=(0, 1))
vgg_explorer"""

PREPARING = 6000
"""Milliseconds in which the neighbouring layers are compiled."""

MOVE = """async (slider, position) => {
  const root = slider.closest(".filterviz");
  const picture = root.querySelector("figure img");
  const words = root.querySelector(".filterviz-words");
  const before = picture.alt;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const until = async (holds) => {
    while (!holds()) await painted();
    await picture.decode().catch(() => undefined);
    await painted();
    return performance.now() - began;
  };
  slider.value = String(position);
  const began = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
  const first = await until(() => picture.alt !== before);
  const whole = await until(() => words.textContent.startsWith("Done"));
  return [first, whole];
}"""


def main() -> dict[str, Any]:
    """Measures moves of Filter and of Layer, on the flower model and on VGG16."""
    results: dict[str, Any] = {}
    with opened(FLOWERS, VGG, height=2400) as notebook:
        page = notebook.page
        for place, (model, filters, cold, prepared) in enumerate(
            (("flower model", 40, [3], [4]), ("VGG16", 8, [6, 10], [7, 9]))
        ):
            notebook.run(place, timeout=180)
            view = notebook.cell(place).locator(".filterviz")
            view.locator("figure img").wait_for(timeout=120_000)
            page.wait_for_function("root => root.textContent.includes('Done')", arg=view.element_handle())
            moves = [_move(view, "Filter", position % 32) for position in range(1, filters + 1)]
            results[f"{model}, filter"] = summary(moves)
            # Layers two or more steps away are compiled when they are asked for, neighbours are by then.
            layers: dict[str, Moves] = {"cold": [], "prepared": []}
            for far, near in zip(cold, prepared, strict=True):
                layers["cold"].append(_move(view, "Layer", far))
                page.wait_for_timeout(PREPARING)
                layers["prepared"].append(_move(view, "Layer", near))
                page.wait_for_timeout(PREPARING)
            results |= {f"{model}, layer, {how}": summary(taken) for how, taken in layers.items()}
    for name, figures in results.items():
        print(
            f"{name}: first frame {figures['first frame ms']['median']:.0f} ms (95 %: "
            f"{figures['first frame ms']['95 %']:.0f}), whole picture {figures['whole picture ms']['median']:.0f} ms "
            f"(95 %: {figures['whole picture ms']['95 %']:.0f})"
        )
    return results


def _move(view: Locator, name: str, position: int) -> tuple[float, float]:
    first, whole = view.get_by_role("slider", name=name, exact=True).evaluate(MOVE, position)
    return float(first), float(whole)


if __name__ == "__main__":
    main()
