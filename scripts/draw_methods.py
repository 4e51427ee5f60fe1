"""Draws the same filters by each method, those of a trained VGG16 and of the flower model, into docs/methods-*.webp.

Run as `python -m scripts.draw_methods`, which finds the networks of the tests.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from filterviz_widget import visualize_filter
from filterviz_widget.demo import flower_model
from filterviz_widget.description.presets import PRESETS
from tests.trained.network import vgg16

DOCS = Path(__file__).parents[1] / "docs"
TILE, GAP, LABEL, HEAD = 160, 6, 84, 26
BACKGROUND, INK = (24, 26, 28), (235, 238, 240)

FILTERS = {
    "vgg16": [
        ("block2_conv2", 40),
        ("block3_conv1", 12),
        ("block3_conv3", 69),
        ("block4_conv3", 100),
        ("block5_conv1", 43),
        ("block5_conv3", 30),
    ],
    "flowers": [("conv1", 3), ("conv2", 12), ("conv3", 12), ("conv4", 21), ("conv5", 60), ("logits", 5)],
}


def draw(model: Any, filters: Sequence[tuple[str, int]], reading: dict[str, Any], path: Path) -> None:
    """Writes a figure: a row for each method, a column for each `(layer, filter)`."""
    step = TILE + GAP
    image = Image.new("RGB", (LABEL + len(filters) * step, HEAD + len(PRESETS) * step), BACKGROUND)
    pen = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(14)
    for row, method in enumerate(PRESETS):
        pen.text((8, HEAD + row * step + TILE / 2 - 8), method, INK, font)
        for column, (layer, filter) in enumerate(filters):
            left, top = LABEL + column * step, HEAD + row * step
            pen.text((left + TILE / 2, 6), f"{layer} · {filter}", INK, font, anchor="ma")
            picture = visualize_filter(model, layer, filter, method=method, **reading)
            print(f"{layer} {filter}, {method}: {picture.activations[-1]:.3g} {picture.note}", flush=True)
            tile = Image.fromarray(picture.image).resize((TILE, TILE), Image.Resampling.LANCZOS)
            image.paste(tile, (left, top))
    image.save(path, quality=88, method=6)


if __name__ == "__main__":
    trained = vgg16()
    draw(trained.model, FILTERS["vgg16"], trained.reading, DOCS / "methods-vgg16.webp")
    draw(flower_model(), FILTERS["flowers"], {}, DOCS / "methods-flowers.webp")
