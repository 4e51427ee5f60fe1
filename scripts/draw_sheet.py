"""Draws every filter of every layer of the flower model, as the widget would, into docs/flower_model_sheet.webp."""

import argparse
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from filterviz_widget import visualize_layer
from filterviz_widget.demo import SPECIES, flower_model, flowers

SHEET = Path(__file__).parents[1] / "docs" / "flower_model_sheet.webp"
CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4", "conv5")
NAMES = [species.name for species in SPECIES]
WIDTH, MARGIN, GAP = 900, 12, 3
QUALITY = 24  # the whole in some 150 kB, which a README can carry
BACKGROUND, INK, FAINT = (24, 26, 28), (235, 238, 240), (150, 156, 160)
Picture = npt.NDArray[np.uint8]


def pictures(model: keras.Model, layer: str, step_size: float, iterations: int) -> list[Picture]:
    """Draws all filters of a layer."""
    made = visualize_layer(model, layer, step_size=step_size, iterations=iterations, batch_size=16, progress=False)
    drawn = list(made)
    print(f"{layer}: {len(drawn)} filters, {sum(not picture.note for picture in drawn)} live")
    return [picture.image for picture in drawn]


def examples() -> list[Picture]:
    """Draws one flower of each species, in their order."""
    images, labels = flowers(len(SPECIES), seed=2)
    return list(np.round(images[np.argsort(labels)] * 255).astype(np.uint8))


def section(title: str, note: str, tiles: list[Picture], names: list[str], columns: int) -> Image.Image:
    """Lays out a heading, then rows of pictures: names below them where there are any, else numbers on them."""
    side = (WIDTH - 2 * MARGIN + GAP) // columns - GAP
    height = side + (22 if names else GAP)
    rows = -(-len(tiles) // columns)
    image = Image.new("RGB", (WIDTH, 46 + rows * height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    heading: Any = ImageFont.load_default(22)
    draw.text((MARGIN, 12), title, INK, heading)
    draw.text((MARGIN + draw.textlength(title, heading) + 14, 18), note, FAINT, ImageFont.load_default(15))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = MARGIN + column * (side + GAP), 44 + row * height
        image.paste(Image.fromarray(tile).resize((side, side), Image.Resampling.LANCZOS), (left, top))
        if names:
            middle = left + side / 2
            draw.text((middle, top + side + 3), names[index], FAINT, ImageFont.load_default(13), anchor="ma")
        else:
            small = ImageFont.load_default(10)
            draw.text((left + 3, top + 1), str(index), "white", small, stroke_width=1, stroke_fill="black")
    return image


def main() -> None:
    """Draws all sections below one another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step-size", type=float, default=1.0)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--out", type=Path, default=SHEET)
    options = parser.parse_args()
    began = time.time()
    model = flower_model()
    sections = [section("flowers", "one of each species that the network was trained on", examples(), NAMES, 9)]
    for layer in ("logits", *reversed(CONVOLUTIONS)):
        tiles = pictures(model, layer, options.step_size, options.iterations)
        names = NAMES if layer == "logits" else []
        note = "what the network finds most like each species" if names else f"{len(tiles)} filters"
        sections.append(section(layer, note, tiles, names, 9 if names else 16))
    sheet = Image.new("RGB", (WIDTH, sum(part.height for part in sections) + MARGIN), BACKGROUND)
    top = 0
    for part in sections:
        sheet.paste(part, (0, top))
        top += part.height
    options.out.parent.mkdir(exist_ok=True)
    sheet.save(options.out, "WEBP", quality=QUALITY, method=6)
    print(f"{options.out.name}: {options.out.stat().st_size / 1e6:.2f} MB, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
