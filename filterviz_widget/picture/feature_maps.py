"""The feature maps of a layer over one image: laid over it, and as a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget.picture.signed_colours import signed_colours, symmetric_limit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POSITIVE, NEGATIVE = np.array([214, 40, 57], np.float32), np.array([33, 102, 172], np.float32)
"""Red and blue, as kernels have them."""

PALE = 0.45
"""Contrast of the image under a small map."""

MOST_SHOWN = 64
"""Maps on one sheet: more are too small to see."""


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What every filter of a layer answers to one image. Arrays are read-only.

    Attributes:
        layer: The layer's name.
        maps: float32 `(height, width, filters)`; of units `(1, 1, units)`; of a signal the height is 1, and those of a
            volume's slices lie one below the other.
        shown: uint8 `(image height, image width, 1 or 3)`: the image as the model saw it; a signal is drawn, and the
            slices of a volume lie one below the other.
        centres: Where in the image the middle of each row's and column's receptive field lies, in pixels.
        note: What a reader should know, such as that the image's range is not the model's; "" for nothing.
        rows: Which rows of the maps lie over the image, from top to bottom: of a volume, over each of its slices those
            of the nearest slice of the maps. None for all, in their order.
        slices: Of the image.

    Example:

    >>> maps = feature_maps(model, "conv3", "cat.jpg")
    >>> maps.maps.shape, maps.strongest()[:3]
    >>> maps.plot(range(16))
    """

    layer: str
    maps: npt.NDArray[np.float32]
    shown: npt.NDArray[np.uint8]
    centres: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
    note: str = ""
    rows: npt.NDArray[np.int64] | None = None
    slices: int = 1

    def __post_init__(self) -> None:
        for array in (self.maps, self.shown, *self.centres):
            array.flags.writeable = False

    @property
    def laid(self) -> npt.NDArray[np.float32]:
        """The maps as they lie over the image, float32 `(rows, width, filters)`."""
        return self.maps if self.rows is None else self.maps[self.rows]

    @property
    def nbytes(self) -> int:
        """Of the arrays."""
        return self.maps.nbytes + self.shown.nbytes

    @property
    def activations(self) -> npt.NDArray[np.float32]:
        """The mean of each map, float32 `(filters,)`."""
        return np.asarray(self.maps.mean((0, 1)))

    def strongest(self) -> list[int]:
        """The filters in the order of their activation, the strongest first."""
        return [int(filter) for filter in np.argsort(-self.activations, kind="stable")]

    def overlay(self, filter: int, opacity: float = 0.8, scale: str = "filter") -> npt.NDArray[np.uint8]:
        """A filter's map laid over the image: red where it answers, blue where it is negative.

        Each position lies where the middle of its receptive field does; between positions it is interpolated.

        Args:
            filter: Counted from 0.
            opacity: Of the strongest place, from 0 to 1.
            scale: "filter": the strongest place of this map is drawn strongest; "layer": that of all maps.

        Returns:
            uint8 `(image height, image width, 3)`.

        Raises:
            ValueError: If there is no such filter, or for another opacity or scale.
        """
        self._check(filter)
        if isinstance(opacity, bool) or not isinstance(opacity, int | float) or not 0 <= opacity <= 1:
            raise ValueError(f"opacity must be a number from 0 to 1, got {opacity!r}.")
        if scale not in ("filter", "layer"):
            raise ValueError(f'scale must be "filter" or "layer", got {scale!r}.')
        one = self.laid[..., filter]
        limit = symmetric_limit(one if scale == "filter" else self.maps)
        heat = self._spread(np.nan_to_num(one)) / limit
        share = opacity * np.clip(np.abs(heat), 0, 1)[..., None]
        colour = np.where(heat[..., None] > 0, POSITIVE, NEGATIVE)
        image = np.broadcast_to(self.shown, (*self.shown.shape[:2], 3)).astype(np.float32)
        return np.rint(image * (1 - share) + colour * share).astype(np.uint8)

    def thumbnails(self, filters: Sequence[int], side: int) -> npt.NDArray[np.uint8]:
        """Maps laid over a small, pale image, each on its own scale: uint8 `(filters, side, side, 3)`.

        Of a volume it is the slice in the middle.

        Args:
            filters: Counted from 0.
            side: In pixels.
        """
        shown, laid, middles = self._middle()
        down, across = (
            spread_weights(places * side / size, side) for places, size in zip(middles, shown.shape[:2], strict=True)
        )
        chosen = np.nan_to_num(np.moveaxis(laid[..., filters], 2, 0))
        limits = np.abs(chosen).max((1, 2), keepdims=True)
        heat = np.clip(down @ (chosen / np.where(limits > 0, limits, 1)) @ across.T, -1, 1)[..., None]
        small = np.asarray(
            Image.fromarray(np.ascontiguousarray(np.broadcast_to(shown, (*shown.shape[:2], 3)))).resize((side, side))
        )
        pale = 255 - (255 - small.mean(2, keepdims=True)) * PALE
        share = np.sqrt(np.abs(heat))
        return np.rint(pale * (1 - share) + np.where(heat > 0, POSITIVE, NEGATIVE) * share).astype(np.uint8)

    def plot(self, filters: int | Sequence[int] | None = None) -> Figure:
        """The image and the maps of some filters laid over it; None for the strongest 11.

        Raises:
            ValueError: If there is no such filter, or for more than a figure shows.
        """
        from filterviz_widget.picture.figure import tiled

        chosen = (
            self.strongest()[:11] if filters is None else list(filters) if isinstance(filters, Iterable) else [filters]
        )
        for filter in chosen:
            self._check(filter)
        if len(chosen) > MOST_SHOWN:
            raise ValueError(f"A figure shows up to {MOST_SHOWN} maps, got {len(chosen)}.")
        tiles = [("the image", self.shown)]
        tiles += [(f"{filter}: {self.activations[filter]:.3g}", self.overlay(filter)) for filter in chosen]
        title = f"{self.layer}: feature maps over the image, each on its own scale (filter: mean)"
        return tiled(tiles, title, self.note)

    def sheet(self) -> npt.NDArray[np.uint8]:
        """All maps, small and on one signed scale, uint8 `(..., ..., 3)`."""
        height, width, count = self.maps.shape
        columns = max(1, round(np.sqrt(count * height / width)))
        rows = -(-count // columns)
        sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 128, np.uint8)
        colours = signed_colours(np.moveaxis(self.maps, 2, 0), symmetric_limit(self.maps))
        for filter, tile in enumerate(colours):
            top, left = filter // columns * (height + 1), filter % columns * (width + 1)
            sheet[top : top + height, left : left + width] = tile
        return sheet

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())

    def _check(self, filter: int) -> None:
        count = self.maps.shape[2]
        if isinstance(filter, bool) or not isinstance(filter, int | np.integer) or not 0 <= filter < count:
            raise ValueError(f"filter must be a whole number from 0 to {count - 1}, got {filter!r}.")

    def _spread(self, one: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """A map in the image's size, bilinear between the middles of its positions' fields."""
        shown, _, middles = self._middle(0)
        down, across = (spread_weights(places, size) for places, size in zip(middles, shown.shape[:2], strict=True))
        each = one.reshape(self.slices, -1, one.shape[1])  # slice by slice: none runs over into the next
        return np.asarray(down @ each @ across.T).reshape(self.shown.shape[:2])

    def _middle(self, place: int | None = None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], Any]:
        """Of one slice, the middle one, what is shown, the maps and where their positions lie; of an image, all."""
        at, laid = self.slices // 2 if place is None else place, self.laid
        height, rows = len(self.shown) // self.slices, len(laid) // self.slices
        own = slice(at * rows, (at + 1) * rows)
        down, across = self.centres
        return self.shown[at * height : (at + 1) * height], laid[own], (down[own] - at * height, across)


def spread_weights(middles: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """How much of each position is in each of `size` pixels, `(size, positions)`; rows sum to 1."""
    pixels = np.arange(size) + 0.5
    return np.stack([np.interp(pixels, middles, unit) for unit in np.eye(len(middles))], axis=1)
