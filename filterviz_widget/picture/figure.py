"""Figures that a notebook shows by themselves."""

import io

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
