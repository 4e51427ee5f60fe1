"""One contact sheet per layer: all filters, the methods below one another."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TILE, GAP, COLUMNS, LABEL = 96, 2, 16, 100
BACKGROUND, INK = (24, 26, 28), (235, 238, 240)


def draw_sheet(shown: dict[str, np.ndarray], filters: list[int], path: Path) -> None:
    """Writes a sheet: blocks of 16 filters, in each of them a row for every method.

    Args:
        shown: uint8 `(filters, height, width, 3)` by method.
        filters: Their numbers.
        path: Of the PNG file.
    """
    count = len(next(iter(shown.values())))
    step = TILE + GAP
    block = len(shown) * step + 20
    image = Image.new("RGB", (LABEL + min(COLUMNS, count) * step, -(-count // COLUMNS) * block), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(13)
    for row, (method, pictures) in enumerate(shown.items()):
        for place, picture in enumerate(pictures):
            down, across = divmod(place, COLUMNS)
            left, top = LABEL + across * step, down * block + 18 + row * step
            if row == 0:
                draw.text((left + TILE / 2, top - 16), str(filters[place]), INK, font, anchor="ma")
            if across == 0:
                draw.text((6, top + TILE / 2 - 8), method, INK, font)
            image.paste(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), (left, top))
    image.save(path, optimize=True)
