"""Figures that a notebook shows by themselves."""

import io
from typing import Any

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib Figure made without pyplot, whose state belongs to the user's own thread.

    Notebooks show such a figure only where pyplot was imported; this one brings its picture along.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        options: dict[str, Any] = {} if self.get_layout_engine() else {"bbox_inches": "tight"}
        self.savefig(buffer, format="png", **options)
        return buffer.getvalue()
