"""Signed numbers as colours: blue below zero, white at zero, red above, on a scale symmetric around zero."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

STOPS = (
    (5, 48, 97),
    (33, 102, 172),
    (67, 147, 195),
    (146, 197, 222),
    (247, 247, 247),
    (244, 165, 130),
    (214, 96, 77),
    (178, 24, 43),
    (103, 0, 31),
)
"""From the lowest to the highest value, evenly spaced: ColorBrewer's RdBu (Brewer 2003), which colour-blind readers
can tell apart, turned so that red is positive."""

NOT_FINITE = (255, 0, 255)
BETWEEN = (128, 128, 128)


def symmetric_limit(values: Array) -> float:
    """The largest finite absolute value, at which the scale ends; 1 where all are zero."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0)) or 1.0


def signed_colours(values: Array, limit: float | None = None) -> npt.NDArray[np.uint8]:
    """Colours numbers on the diverging scale.

    Args:
        values: Float array of any shape.
        limit: The absolute value at which the scale ends, above zero; None for the largest among `values`. Give the
            layer's to compare filters.

    Returns:
        A uint8 array `(*values.shape, 3)`. Zero is near-white (247, 247, 247); NaN and infinity are magenta.

    Example:

    >>> signed_colours(np.array([-1.0, 0.0, 1.0])).tolist()
    [[5, 48, 97], [247, 247, 247], [103, 0, 31]]
    """
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values)
    share = np.clip(np.where(finite, values, 0) / (limit or symmetric_limit(values)), -1, 1)
    places = np.linspace(-1, 1, len(STOPS))
    channels = [np.interp(share, places, channel) for channel in np.transpose(STOPS)]
    colours: npt.NDArray[np.uint8] = np.stack(channels, axis=-1).round().astype(np.uint8)
    colours[~finite] = NOT_FINITE
    return colours


def kernel_tiles(kernel: Array, limit: float | None = None) -> npt.NDArray[np.uint8]:
    """The kernel of one filter as one small picture per input channel.

    Args:
        kernel: Float array `(height, width, inputs)`, a kernel or its gradient.
        limit: As for `signed_colours`; None for this filter's own.

    Returns:
        A uint8 array `(inputs, height, width, 3)`.
    """
    return signed_colours(np.moveaxis(kernel, 2, 0), limit)


def kernel_grid(
    kernel: Array, limit: float | None = None, *, columns: int | None = None, enlarge: int = 1
) -> npt.NDArray[np.uint8]:
    """The tiles of one filter in a single picture: row by row, a grey line of one pixel between them.

    Enlarge it without smoothing.

    Args:
        kernel: Float array `(height, width, inputs)`, a kernel or its gradient. A 1x1 kernel is a grid of single
            pixels without lines.
        limit: As for `signed_colours`; None for this filter's own.
        columns: Tiles per row, 1 or more; None for a grid that is about as wide as high.
        enlarge: Side of a weight in pixels; the lines stay one pixel wide.

    Returns:
        A uint8 array `(rows * (height + 1) - 1, columns * (width + 1) - 1, 3)`, with height and width times `enlarge`.

    Example:

    >>> kernel_grid(np.zeros((3, 3, 4))).shape
    (7, 7, 3)
    """
    line = 0 if kernel.shape[:2] == (1, 1) else 1
    return _side_by_side(kernel_tiles(kernel, limit), columns, enlarge, line)


def colour_grid(kernel: Array, limit: float | None = None, *, enlarge: int = 1) -> npt.NDArray[np.uint8]:
    """A kernel over red, green and blue as two rows of two tiles: in colour, red; green, blue.

    In colour, middle grey is zero, and the brighter a channel, the larger its weight.

    Args:
        kernel: Float array `(height, width, 3)`.
        limit: As for `signed_colours`.
        enlarge: As for `kernel_grid`.

    Returns:
        A uint8 array `(2 * height + 1, 2 * width + 1, 3)`, with height and width times `enlarge`.
    """
    share = np.nan_to_num(kernel / (limit or symmetric_limit(kernel)), nan=0)
    colour = (np.clip(0.5 + share / 2, 0, 1) * 255).round().astype(np.uint8)
    return _side_by_side(np.concatenate([colour[None], kernel_tiles(kernel, limit)]), 2, enlarge, 1)


def _side_by_side(tiles: npt.NDArray[np.uint8], columns: int | None, enlarge: int, line: int) -> npt.NDArray[np.uint8]:
    tiles = tiles.repeat(enlarge, axis=1).repeat(enlarge, axis=2)
    count, height, width, _ = tiles.shape
    columns = min(columns or round(np.sqrt(count * height / width)) or 1, count)
    rows = -(-count // columns)
    grid = np.full((rows * (height + line), columns * (width + line), 3), BETWEEN, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // columns * (height + line), index % columns * (width + line)
        grid[top : top + height, left : left + width] = tile
    return grid[: rows * (height + line) - line, : columns * (width + line) - line]
