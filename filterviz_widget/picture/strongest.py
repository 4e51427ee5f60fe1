"""The images that excite the filters of a layer the most, and the least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Strongest:
    """For each filter of a layer, the images of a set that excite it the most, and the least.

    Rows are the filters that were asked for, in `filters`. Where there are fewer than `k` images, indices are -1 and
    values NaN.

    Attributes:
        layer: The layer's name.
        filters: The filters' numbers.
        indices: int64 `(filters, k)`: the images' places in the set, the strongest first; of equal ones the first.
        values: float32 `(filters, k)`: their activations, or what `by="position"` ranks: the map's largest value.
        positions: int32 `(filters, k, 2)`: row and column of the feature map's strongest position.
        weakest_indices: int64 `(filters, k)`, the weakest first.
        weakest_values: float32 `(filters, k)`.
        weakest_positions: int32 `(filters, k, 2)`.
        quantiles: float32 `(filters, 7)`: least, 5 %, 25 %, median, 75 %, 95 % and largest over the set.
        images: How many images were read.
        skipped: What could not be read: name and reason.
        notes: What was noticed about the images, with how many of them.

    Example:

    >>> strongest = strongest_images(model, "conv3", "photos/")
    >>> strongest.indices[12], strongest.values[12]
    >>> strongest.plot(12)
    """

    layer: str
    filters: tuple[int, ...]
    indices: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    positions: npt.NDArray[np.int32]
    weakest_indices: npt.NDArray[np.int64]
    weakest_values: npt.NDArray[np.float32]
    weakest_positions: npt.NDArray[np.int32]
    quantiles: npt.NDArray[np.float32]
    images: int
    skipped: tuple[tuple[str, str], ...]
    notes: dict[str, int]
    _shown: Callable[[int], npt.NDArray[np.uint8]]
    _name: Callable[[int], str]
    _box: Callable[[tuple[int, int]], Box]

    def name(self, index: int) -> str:
        """What an image of the set is called: its file's name, or its number."""
        return self._name(index)

    def plot(self, filter: int) -> Figure:
        """A filter's strongest images whole, with the receptive field of the strongest place, and cropped to it.

        Raises:
            ValueError: If the filter was not asked for, or a dataset gives other images the second time.
        """
        from matplotlib.patches import Rectangle

        from filterviz_widget.picture.figure import NotebookFigure

        if filter not in self.filters:
            raise ValueError(f"filter must be one of those asked for, {_listed(self.filters)}; got {filter!r}.")
        row = self.filters.index(filter)
        known = [place for place in range(self.indices.shape[1]) if self.indices[row, place] >= 0]
        figure = NotebookFigure(figsize=(max(1.35 * len(known), 4.0), 3.4))
        axes: Any = figure.subplots(2, len(known), squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for place in known:
            number, position = int(self.indices[row, place]), tuple(int(one) for one in self.positions[row, place])
            image = self._shown(number)
            top, left, bottom, right = self._box((position[0], position[1]))
            pixels = image.squeeze(2) if image.shape[2] == 1 else image
            look: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255}
            axes[0, place].imshow(pixels, **look)
            axes[0, place].set_title(f"{self.values[row, place]:.3g}", fontsize=8)
            for colour, width in (("black", 2.5), ("white", 1.0)):
                edges = (left - 0.5, top - 0.5), right - left, bottom - top
                axes[0, place].add_patch(Rectangle(*edges, fill=False, edgecolor=colour, linewidth=width))
            if bottom > top and right > left:
                axes[1, place].imshow(pixels[top:bottom, left:right], **look)
        if self.notes:
            figure.supxlabel(" ".join(self.notes), fontsize=8, wrap=True)
        figure.suptitle(f"{self.layer}, filter {filter}: the strongest of {self.images:,} images", fontsize=9)
        return figure

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot(self.filters[0])
        return bytes(figure._repr_png_())


def _listed(filters: tuple[int, ...]) -> str:
    return ", ".join(map(str, filters[:8])) + ", ..." * (len(filters) > 8)
