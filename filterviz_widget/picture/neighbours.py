"""The filters before and behind with the strongest effective weights to a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POSITIVE, NEGATIVE = "#b2182b", "#2166ac"
"""Of the scale of `signed_colours`: red raises, blue lowers."""


class Neighbour(NamedTuple):
    """A filter of a neighbouring layer.

    Attributes:
        layer: Its layer's name.
        filter: Its number, counted from 0.
        weight: The effective weight between the two, with its sign; see `engine.neighbours`.
    """

    layer: str
    filter: int
    weight: float


@dataclass(frozen=True)
class Neighbours:
    """What a filter is made of, and what is made of it, in the nearest convolutions and dense layers.

    The strongest come first, whatever their sign; weights of zero are left out.

    Attributes:
        layer: The layer's name.
        filter: The filter, counted from 0.
        previous: Filters of the layers before it; empty for the first convolution.
        next: Filters of the layers behind it; empty for the last layer.

    Example:

    >>> found = neighbours(model, "conv3", 12, most=8)
    >>> found.previous[0]
    Neighbour(layer='conv2', filter=5, weight=-0.237...)
    >>> found.plot()
    """

    layer: str
    filter: int
    previous: tuple[Neighbour, ...]
    next: tuple[Neighbour, ...]

    @property
    def nbytes(self) -> int:
        """An estimate of what it takes in memory."""
        return 200 * (1 + len(self.previous) + len(self.next))

    def plot(self) -> Figure:
        """Both sides as horizontal bars, red for positive weights and blue for negative ones."""
        from filterviz_widget.picture.figure import NotebookFigure

        rows = max(len(self.previous), len(self.next), 3)
        figure = NotebookFigure(figsize=(8.4, 0.3 * rows + 1.2))
        axes: Any = figure.subplots(1, 2)
        for axis, title, side in zip(axes, ("before", "behind"), (self.previous, self.next), strict=True):
            axis.set_title(title, fontsize=9)
            if not side:
                axis.axis("off")
                axis.text(0.5, 0.5, f"nothing {title} it", ha="center", va="center", fontsize=9)
                continue
            weights = [each.weight for each in side]
            axis.barh(range(len(side)), weights, 0.7, color=[POSITIVE if one > 0 else NEGATIVE for one in weights])
            axis.set_yticks(range(len(side)), [f"{each.layer} {each.filter}" for each in side], fontsize=8)
            axis.set_ylim(rows - 0.5, -0.5)  # the strongest on top, bars as thick on both sides
            axis.axvline(0, color="black", linewidth=0.8)
            axis.set_xlabel("effective weight", fontsize=8)
            axis.tick_params(labelsize=8)
            axis.locator_params(axis="x", nbins=4)
        figure.suptitle(f"{self.layer}, filter {self.filter}", fontsize=9)
        return figure

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())
