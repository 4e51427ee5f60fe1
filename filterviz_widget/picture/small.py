"""Small pictures of large ones: whole, or of a part."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]

THUMBNAIL = 96
"""Longest side of a small image in pixels."""

EMPTY = 235
"""Grey of a tile's margins."""


def thumbnail(image: Picture, side: int = THUMBNAIL) -> Picture:
    """A small one of the same proportions; a larger one of few pixels, as browsers smooth what they enlarge."""
    height, width = image.shape[:2]
    share = side / max(height, width)
    size = max(1, round(width * share)), max(1, round(height * share))
    if size == (width, height):
        return image
    how = Image.Resampling.BOX if share < 1 else Image.Resampling.NEAREST
    picture = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).resize(size, how)
    return np.asarray(picture).reshape(size[1], size[0], image.shape[2])


def crop(image: Picture, box: Sequence[int]) -> Picture:
    """What lies in a box `(top, left, bottom, right)`; the whole image for an empty one."""
    top, left, bottom, right = box
    return image[top:bottom, left:right] if bottom > top and right > left else image


def middle_slice(image: Picture, slices: int) -> Picture:
    """Of a strip of slices the one in the middle."""
    height = len(image) // slices
    return image[slices // 2 * height :][:height]


def tiled(pictures: Sequence[Picture | None], tile: tuple[int, int], columns: int) -> Picture:
    """Pictures no larger than a tile `(height, width)`, each in the middle of one, row by row; a grey tile for None.

    Returns:
        uint8 `(rows * height, columns * width, 3)`.
    """
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
