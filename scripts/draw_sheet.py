"""Draws every filter of every layer of the flower model, as the widget would, into docs/flower_model_sheet.png."""

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from filterviz_widget.ascent import Ascent, start_images
from filterviz_widget.demo import SPECIES, flower_model
from filterviz_widget.model import cut_at
from filterviz_widget.picture import display

SHEET = Path(__file__).parents[1] / "docs" / "flower_model_sheet.png"
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "logits")
WIDTH, GAP, LINE = 1330, 2, 20
BACKGROUND, INK = (24, 26, 28), (225, 228, 230)


def pictures(layer: str, step_size: float, iterations: int) -> list[npt.NDArray[np.uint8]]:
    """Runs the ascent for all filters of a layer in batches."""
    model = flower_model()
    shape = tuple(model.inputs[0].shape[1:])
    filters = model.get_layer(layer).output.shape[-1]
    ascent = Ascent(cut_at(model, layer), shape)
    drawn: list[npt.NDArray[np.uint8]] = []
    dead = 0
    for first in range(0, filters, 16):
        batch = list(range(first, min(first + 16, filters)))
        chunk = ascent.advance(start_images([0] * len(batch), shape), batch, step_size, iterations)
        dead += int((chunk.gradient_rms.numpy()[0] == 0).sum())
        drawn += [display(image) for image in chunk.images.numpy()]
    print(f"{layer}: {filters} filters, {filters - dead} live")
    return drawn


def section(title: str, tiles: list[npt.NDArray[np.uint8]], names: list[str] | None, columns: int) -> Image.Image:
    """Lays out one layer: a heading, then rows of pictures, with names below them where there are any."""
    side = (WIDTH - GAP * (columns - 1)) // columns
    height = side + GAP + (LINE if names else 0)
    rows = -(-len(tiles) // columns)
    image = Image.new("RGB", (WIDTH, rows * height + LINE + 16), BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((2, 8), title, INK, ImageFont.load_default(17))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = column * (side + GAP), LINE + 14 + row * height
        image.paste(Image.fromarray(tile).resize((side, side), Image.Resampling.LANCZOS), (left, top))
        if names:
            draw.text((left + 2, top + side + 2), names[index], INK, ImageFont.load_default(13))
        else:
            draw.text(
                (left + 3, top + 1),
                str(index),
                "white",
                ImageFont.load_default(10),
                stroke_width=1,
                stroke_fill="black",
            )
    return image


def main() -> None:
    """Draws all sections below one another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step-size", type=float, default=1.0)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--out", type=Path, default=SHEET)
    options = parser.parse_args()
    began = time.time()
    sections = []
    for layer in LAYERS:
        tiles = pictures(layer, options.step_size, options.iterations)
        names = [species.name for species in SPECIES] if layer == "logits" else None
        sections.append(section(f"{layer} · {len(tiles)} filters", tiles, names, 9 if names else 16))
    sheet = Image.new("RGB", (WIDTH, sum(part.height for part in sections)), BACKGROUND)
    top = 0
    for part in sections:
        sheet.paste(part, (0, top))
        top += part.height
    options.out.parent.mkdir(exist_ok=True)
    sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(options.out, optimize=True)
    print(f"{options.out.name}: {options.out.stat().st_size / 1e6:.2f} MB, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
