"""Figures that a notebook shows by themselves."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib Figure in constrained layout, made without pyplot, whose state belongs to the user's own thread.

    Notebooks show such a figure only where pyplot was imported; this one brings its picture along.
    """

    def __init__(self, figsize: tuple[float, float]):
        super().__init__(figsize=figsize, layout="constrained")

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def tiled(tiles: Sequence[tuple[str, npt.NDArray[np.uint8]]], title: str, note: str) -> NotebookFigure:
    """A figure of pictures side by side, each with its words above it.

    Args:
        tiles: Words and a uint8 picture `(height, width, 1 or 3)` for each.
        title: Above all.
        note: Below all; "" for none.
    """
    columns = min(4 if len(tiles) < 17 else 8, len(tiles))
    rows = -(-len(tiles) // columns)
    figure = NotebookFigure(figsize=(1.9 * columns, 2.15 * rows))
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (words, tile) in zip(axes.flat, tiles, strict=False):
        axis.imshow(tile.squeeze(2) if tile.shape[2] == 1 else tile, cmap="gray", vmin=0, vmax=255)
        axis.set_title(words, fontsize=8)
    if note:
        figure.supxlabel(note, fontsize=8, wrap=True)
    figure.suptitle(title, fontsize=9)
    return figure
