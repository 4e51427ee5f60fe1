"""Where the heads of an attention layer look in a photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.picture.feature_maps import PALE, spread_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT = np.array([214, 40, 57], np.float32)
"""Red, as what excites has it."""

MOST_SHOWN = 64
"""Heads in one figure."""


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """How much each head of a layer looks at each place of a photo, from one place. Arrays are read-only.

    Attributes:
        layer: The layer's name.
        maps: float32 `(heads, height, width)`: shares from 0 to 1 of a head's attention. What is lacking to 1 goes to
            tokens of no place, such as the class token.
        shown: uint8 `(image height, image width, 1 or 3)`: the photo as the model saw it.
        query: `(row, column)` of the place that looks; None for the class token, or the mean of all places.
        words: Who looks, in words.
        note: What a reader should know, such as that the photo's range is not the model's; "" for nothing.

    Example:

    >>> found = attention_maps(model, "cat.jpg", "encoder/block_3/attention")
    >>> found.maps.sum((1, 2))  # of each head
    >>> found.plot()
    """

    layer: str
    maps: npt.NDArray[np.float32]
    shown: npt.NDArray[np.uint8]
    query: tuple[int, int] | None
    words: str
    note: str = ""

    def __post_init__(self) -> None:
        for array in (self.maps, self.shown):
            array.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Of the arrays."""
        return self.maps.nbytes + self.shown.nbytes

    def overlay(self, head: int, opacity: float = 0.85) -> npt.NDArray[np.uint8]:
        """A head's map laid over the pale photo, its largest share in full red.

        Args:
            head: Counted from 0.
            opacity: Of the largest share, from 0 to 1.

        Returns:
            uint8 `(image height, image width, 3)`.

        Raises:
            ValueError: If there is no such head, or for another opacity.
        """
        count = len(self.maps)
        if isinstance(head, bool) or not isinstance(head, int | np.integer) or not 0 <= head < count:
            raise ValueError(f"head must be a whole number from 0 to {count - 1}, got {head!r}.")
        if isinstance(opacity, bool) or not isinstance(opacity, int | float) or not 0 <= opacity <= 1:
            raise ValueError(f"opacity must be a number from 0 to 1, got {opacity!r}.")
        height, width = self.shown.shape[:2]
        down, across = (
            spread_weights((np.arange(count) + 0.5) * size / count, size)
            for count, size in zip(self.maps.shape[1:], (height, width), strict=True)
        )
        heat = down @ np.nan_to_num(self.maps[head]) @ across.T
        share = opacity * np.clip(heat / (self.maps[head].max() or 1), 0, 1)[..., None]
        pale = 255 - (255 - self.shown.mean(2, keepdims=True)) * PALE
        return np.rint(pale * (1 - share) + HEAT * share).astype(np.uint8)

    def plot(self) -> Figure:
        """The photo, and the map of each head laid over it; up to 64 heads."""
        from filterviz_widget.picture.figure import tiled

        tiles = [("the photo", self.shown)]
        for head in range(min(len(self.maps), MOST_SHOWN)):
            tiles.append((f"head {head}: {100 * self.maps[head].sum():.0f} %", self.overlay(head)))
        return tiled(tiles, f"{self.layer}: where {self.words} looks (head: share on the photo)", self.note)

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())
