"""An optimum on matplotlib axes: pixels, a signal over its steps, or the slices of a volume side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.images.signal import COLOURS, MOST_LINES

if TYPE_CHECKING:
    from filterviz_widget.picture.filter_picture import FilterPicture

SHADE = "#f2b134"
"""Of what a position sees."""


def draw_optimum(axes: Any, picture: FilterPicture) -> None:
    """Draws it on axes that are empty."""
    reading = picture.description.reading
    if reading.data == "signal":
        _signal(axes, picture)
        return
    image = picture.image
    if reading.data == "volume":
        image = mosaic(image, reading.slices)
    axes.imshow(image.squeeze(2) if image.shape[2] == 1 else image, cmap="gray", vmin=0, vmax=255)
    if reading.data == "spectrogram":
        axes.set_xlabel("frequency", fontsize=8)
        axes.set_ylabel("time", fontsize=8)
        axes.tick_params(labelsize=7)
    else:
        axes.set_axis_off()


def mosaic(strip: npt.NDArray[np.uint8], slices: int) -> npt.NDArray[np.uint8]:
    """The slices of a strip row by row, about as wide as high, with a white line between them.

    >>> mosaic(np.zeros((16 * 8, 8, 1), np.uint8), 16).shape
    (35, 35, 1)
    """
    height, width, channels = strip.shape[0] // slices, *strip.shape[1:]
    columns = min(slices, max(1, round(math.sqrt(slices * height / width))))
    rows = -(-slices // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for place, tile in enumerate(strip.reshape(slices, height, width, channels)):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _signal(axes: Any, picture: FilterPicture) -> None:
    values = picture.values
    length, channels = values.shape
    if channels <= MOST_LINES:
        for channel in range(channels):
            colour = tuple(one / 255 for one in COLOURS[channel])
            axes.plot(np.arange(length), values[:, channel], color=colour, linewidth=1.2, label=f"channel {channel}")
        if channels > 1:
            axes.legend(fontsize=6, ncols=2, loc="upper right", framealpha=0.7)
        axes.set_ylabel("input", fontsize=8)
    else:
        off = float(np.abs(values - values.mean()).max()) or 1.0
        middle = float(values.mean())
        how = {"cmap": "RdBu_r", "vmin": middle - off, "vmax": middle + off, "interpolation": "nearest"}
        axes.imshow(values.T, aspect="auto", extent=(-0.5, length - 0.5, channels - 0.5, -0.5), **how)
        axes.set_ylabel("channel", fontsize=8)
    if picture.span is not None and picture.span[1] > picture.span[0]:
        first, last = picture.span
        axes.axvspan(first - 0.5, last - 0.5, facecolor=SHADE, alpha=0.25, edgecolor="black", linewidth=1)
    axes.set_xlim(-0.5, length - 0.5)
    axes.set_xlabel("step", fontsize=8)
    axes.tick_params(labelsize=7)
