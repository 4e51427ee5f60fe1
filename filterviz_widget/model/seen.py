"""What the positions of a tensor see along one axis of the image, and what becomes of it behind a layer."""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]

NOTHING = 2**40
"""Beyond every image: where a position that sees nothing, such as one of padding, begins; it ends at the negative."""


class Seen(NamedTuple):
    """What the positions of a tensor see along one axis of the image, by their index.

    Attributes:
        first: The first pixel, `(length,)`.
        last: The last one.
        far_first: The first one if the image had no borders.
        far_last: The last one likewise.
        step: By how many pixels a position's field lies farther than the one before.
    """

    first: Places
    last: Places
    far_first: Places
    far_last: Places
    step: Fraction = Fraction(1)

    @property
    def is_same(self) -> bool:
        """Whether all positions see the same."""
        return bool((self.first == self.first[0]).all() and (self.last == self.last[0]).all())

    def pick(self, low: Places, high: Places, step: Fraction = Fraction(1), pitch: int = 1) -> "Seen":
        """What positions see that each see those from `low` to `high` here, which may lie outside.

        `step`: by how many positions here the next one goes on. `pitch`: of those from `low`, every so many are seen.
        """
        from_ = low + np.maximum(-(low // pitch), 0) * pitch  # the first that is not before the border
        to = np.minimum(high, len(self.first) - 1)
        # The ends grow from one position to the next, but where padding sees nothing.
        parts = [slice(a, max(b + 1, a), pitch) for a, b in zip(from_, to, strict=True)]
        return Seen(
            np.array([self.first[part].min(initial=NOTHING) for part in parts]),
            np.array([self.last[part].max(initial=-NOTHING) for part in parts]),
            self._beyond(self.far_first, low),
            self._beyond(self.far_last, high),
            self.step * step,
        )

    def joined(self, other: "Seen") -> "Seen":
        """What positions see that see either; without borders only that which moves with them, as a gate does not."""
        moving = self if self.step else other
        far = moving.far_first, moving.far_last
        if bool(self.step) == bool(other.step):
            far = np.minimum(self.far_first, other.far_first), np.maximum(self.far_last, other.far_last)
        return Seen(np.minimum(self.first, other.first), np.maximum(self.last, other.last), *far, moving.step)

    def whole(self, length: int) -> "Seen":
        """What `length` positions see that all see everything."""
        ends = self.first.min(), self.last.max(), self.far_first.min(), self.far_last.max()
        first, last, far_first, far_last = (np.full(length, each) for each in ends)
        return Seen(first, last, far_first, far_last, Fraction(0))

    def _beyond(self, far: Places, places: Places) -> Places:
        """Values at places that may lie outside, where they go on evenly."""
        inside = np.clip(places, 0, len(far) - 1)
        return np.asarray(far[inside] + np.rint((places - inside) * float(self.step)), np.int64)


def window(seen: Seen, layer: Any, axis: int) -> Seen:
    """Behind a convolution or pooling."""
    sizes = getattr(layer, "pool_size", None) or layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1, 1))[axis]
    length, step, reach = len(seen.first), layer.strides[axis], (sizes[axis] - 1) * dilation
    if layer.padding == "same":
        count = -(-length // step)
        before = max((count - 1) * step + reach + 1 - length, 0) // 2
    elif layer.padding == "causal":  # of signals only
        count, before = -(-length // step), reach
    else:
        count, before = (length - reach - 1) // step + 1, 0
    low = np.arange(count) * step - before
    # In the borders' padding there is nothing to see, so ends are cut by `pick`.
    return seen.pick(low, low + reach, Fraction(step), dilation)


def transposed(seen: Seen, layer: Any, axis: int) -> Seen:
    """Behind a transposed convolution, which Keras dilates only where it has no strides."""
    length, size, step = len(seen.first), layer.kernel_size[axis], layer.strides[axis]
    dilation = layer.dilation_rate[axis]
    reach = (size - 1) * dilation + 1
    extra = None if layer.output_padding is None else layer.output_padding[axis]
    if layer.padding == "same":
        count = length * step if extra is None else (length - 1) * step + reach - 2 * (reach // 2) + extra
        before = max((length - 1) * step + reach - count, 0) // 2
    else:
        count = length * step + max(reach - step, 0) if extra is None else (length - 1) * step + reach + extra
        before = 0
    places = np.arange(count) + before
    return seen.pick(-((reach - 1 - places) // step), places // step, Fraction(1, step), dilation)


def shifted(seen: Seen, by: int, more: int) -> Seen:
    """Behind cropping or padding: `more` positions, the first of them the one at `by` here."""
    places = np.arange(len(seen.first) + more) + by
    return seen.pick(places, places)


def resized(seen: Seen, count: int, is_nearest: bool) -> Seen:
    """Behind resizing to `count` positions, to the nearest or bilinear."""
    length = len(seen.first)
    middles, step = (np.arange(count) + 0.5) * length / count, Fraction(length, count)
    if is_nearest:
        places = np.floor(middles).astype(np.int64)
        return seen.pick(places, places, step)
    low, high = (np.clip(each(middles - 0.5), 0, length - 1).astype(np.int64) for each in (np.floor, np.ceil))
    return seen.pick(low, high, step)
