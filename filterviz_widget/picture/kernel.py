"""The weights that make one filter, the strongest inputs first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.picture.signed_colours import colour_grid, kernel_grid, symmetric_limit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TILES = 16
"""Inputs that are drawn: of more the strongest."""

MOST_POINTS = 100
"""Of inputs with a single weight each."""

ENLARGED = 12
"""Side of a weight in pixels: small pictures are enlarged by browsers as photographs are, without corners."""


@dataclass(frozen=True, eq=False)
class FilterKernel:
    """A filter's effective kernel.

    Attributes:
        layer: The layer's name.
        filter: The filter, counted from 0.
        values: float32 `(height, width, inputs)`, in the inputs' own order; `(1, 1, inputs)` of a unit, `(1, size,
            inputs)` over a signal, and `(slices * height, width, inputs)` over a volume.
        is_colour: Whether the three inputs are red, green and blue.
        note: What was done to get it, such as that two parts were multiplied; "" for nothing.
        slices: How many slices of a kernel over volumes lie one below the other in `values`.

    Example:

    >>> kernel = filter_kernel(model, "conv3", 12)
    >>> kernel.values.shape, len(kernel.order)
    ((3, 3, 32), 32)
    >>> kernel.plot()
    """

    layer: str
    filter: int
    values: npt.NDArray[np.float32]
    is_colour: bool
    note: str = ""
    slices: int = 1

    @property
    def nbytes(self) -> int:
        """Of the weights."""
        return self.values.nbytes

    @property
    def limit(self) -> float:
        """The largest absolute weight, at which the scale ends."""
        return symmetric_limit(self.values)

    @property
    def order(self) -> list[int]:
        """The inputs, by the norm of their slices, the strongest first."""
        strength = np.linalg.norm(np.nan_to_num(self.values).reshape(-1, self.values.shape[2]), axis=0)
        return [int(each) for each in np.argsort(-strength, kind="stable")]

    @property
    def drawn(self) -> list[int]:
        """The inputs that `image` shows, in its order, row by row."""
        if self.is_colour:
            return [0, 1, 2]
        return self.order[: MOST_POINTS if self.values.shape[:2] == (1, 1) else MOST_TILES]

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """Its slices as tiles, blue below zero, white at zero and red above; over RGB one in colour before them."""
        if self.is_colour:
            return colour_grid(self.values, self.limit, enlarge=ENLARGED)
        return kernel_grid(self.values[..., self.drawn], self.limit, enlarge=ENLARGED)

    @property
    def words(self) -> str:
        """What `image` shows."""
        height, width, inputs = self.values.shape
        of = f"{height // self.slices} x {width} weights"
        of = f"{self.slices} slices of {of}" if self.slices > 1 else f"{width} weights" if height == 1 else of
        size = "" if (height, width) == (1, 1) else f"{of} each; "
        if self.is_colour:
            return f"{of}: in colour, then red; green, blue"
        shown = self.drawn
        named = ", ".join(map(str, shown[:4])) + ", …" * (len(shown) > 4)
        count = f"all {inputs} inputs" if len(shown) == inputs else f"the strongest {len(shown)} of {inputs} inputs"
        if inputs == 1:
            return of
        return " ".join(filter(None, [f"{size}{count}: {named}", self.note]))

    def plot(self) -> Figure:
        """Draws `image` with its scale."""
        from filterviz_widget.picture.figure import NotebookFigure

        figure = NotebookFigure(figsize=(4.2, 4.4))
        axis: Any = figure.subplots()
        axis.imshow(self.image, interpolation="nearest")
        axis.set_axis_off()
        figure.suptitle(f"{self.layer}, filter {self.filter}: kernel", fontsize=9)
        figure.supxlabel(f"{self.words}\nscale: blue {-self.limit:.3g}, white 0, red {self.limit:.3g}", fontsize=8)
        return figure

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())
