"""Many pictures in one file: tiles of one size, side by side."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget.atlas.files import COLUMNS

Picture = npt.NDArray[np.uint8]

EMPTY = 235
"""Grey of a tile's margins, and of one that is missing."""


def sheet(pictures: Sequence[Picture | None], side: int) -> Picture:
    """Pictures of any sizes in squares, made smaller or larger to fit."""
    return tiled([None if each is None else _fitted(each, side) for each in pictures], (side, side))


def tiled(pictures: Sequence[Picture | None], tile: tuple[int, int], columns: int = COLUMNS) -> Picture:
    """Pictures no larger than a tile, each in the middle of one, row by row; a grey tile for None."""
    height, width = tile
    rows = -(-len(pictures) // columns)
    made = np.full((rows * height, columns * width, 3), EMPTY, np.uint8)
    for place, picture in enumerate(pictures):
        if picture is None:
            continue
        down, across = picture.shape[:2]
        top = place // columns * height + (height - down) // 2
        left = place % columns * width + (width - across) // 2
        made[top : top + down, left : left + across] = picture
    return made


def largest(pictures: Sequence[Picture | None]) -> tuple[int, int]:
    """The tile that holds any of them; one pixel where there is none."""
    sizes = [picture.shape[:2] for picture in pictures if picture is not None]
    return max((size[0] for size in sizes), default=1), max((size[1] for size in sizes), default=1)


def encoded(picture: Picture, quality: int | None = None) -> bytes:
    """WebP bytes; without a quality, from 1 to 100, without loss."""
    buffer = io.BytesIO()
    image = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture)
    if quality is None:
        image.save(buffer, "WEBP", lossless=True, quality=60, method=4)
    else:
        image.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _fitted(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    share = side / max(height, width)
    size = max(1, round(width * share)), max(1, round(height * share))
    if size == (width, height):
        return picture
    # Browsers smooth what they enlarge: pixels of a small picture stay squares.
    how = Image.Resampling.BOX if share < 1 else Image.Resampling.NEAREST
    image = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture)
    return np.asarray(image.resize(size, how)).reshape(size[1], size[0], picture.shape[2])
