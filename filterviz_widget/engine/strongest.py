"""Which images excite each filter of a layer the most and the least: one pass over them, in bounded memory."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.engine.forward import Forward
from filterviz_widget.images import PhotoSet

BATCH = 32

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

MOST_VALUES = 50_000_000
"""Activations that are kept for the quantiles, 200 MB; of more images every second one counts, then every fourth."""


class Ranked(NamedTuple):
    """The images at one end of the order, `k` for each filter, the most extreme first.

    Attributes:
        numbers: int64 `(filters, k)`: their places in the set; -1 where there are fewer images.
        values: float32 `(filters, k)`, NaN there.
        positions: int32 `(filters, k, 2)`: row and column of the feature map's strongest position.
    """

    numbers: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    positions: npt.NDArray[np.int32]


class Pass(NamedTuple):
    """What a pass over the images found.

    Attributes:
        strongest: Those that excite a filter the most.
        weakest: Those that excite it the least.
        quantiles: float32 `(filters, len(QUANTILES))`, of the activation over the images.
        selectivity: float32 `(filters,)`, see `sparseness`.
        images: How many were read.
        skipped: What could not be read: name and reason.
        notes: What was noticed about the images, with how many of them.
    """

    strongest: Ranked
    weakest: Ranked
    quantiles: npt.NDArray[np.float32]
    selectivity: npt.NDArray[np.float32]
    images: int
    skipped: tuple[tuple[str, str], ...] = ()
    notes: Mapping[str, int] = MappingProxyType({})

    @property
    def nbytes(self) -> int:
        """Of the arrays."""
        ranked = sum(each.nbytes for ranked in (self.strongest, self.weakest) for each in ranked)
        return ranked + self.quantiles.nbytes + self.selectivity.nbytes


def strongest(
    forward: Forward,
    photos: PhotoSet,
    k: int,
    by_position: bool = False,
    told: Callable[[int], None] = lambda _: None,
    seconds: float | None = None,
) -> Pass:
    """Finds them.

    Args:
        forward: To the layer.
        photos: The images.
        k: How many for each filter, 1 or more.
        by_position: Whether the strongest position of a map decides, in place of its mean.
        told: Called after each batch with how many images were read; it may raise to give the pass up.
        seconds: How long one batch may take, about: somebody waits for the processor. None for batches of `BATCH`.

    Raises:
        ValueError: If no image could be read.
    """
    high, low = None, None
    values: list[npt.NDArray[np.float32]] = []
    count, stride = 0, 1
    pace = Pace(seconds)
    for batch in photos.batches(lambda: pace.size):
        began = time.perf_counter()
        found = forward.summary(batch.pixels)
        pace.took(len(batch.numbers), time.perf_counter() - began)
        by = found.largest if by_position else found.mean
        high = _merged(high, batch.numbers, by, found.position, k, 1)
        low = _merged(low, batch.numbers, by, found.position, k, -1)
        values.append(by[(-count) % stride :: stride])
        count += len(by)
        if sum(map(len, values)) * by.shape[1] > MOST_VALUES:
            values, stride = [np.concatenate(values)[::2]], 2 * stride
        told(count)
    if high is None or low is None:
        reasons = "; ".join(f"{name}: {why}" for name, why in list(photos.skipped.values())[:3])
        raise ValueError(f"None of the images could be read. {reasons}" if reasons else "There are no images.")
    kept = np.concatenate(values)
    quantiles = np.quantile(kept, QUANTILES, axis=0).T.astype(np.float32)
    noticed = tuple(photos.skipped.values()), dict(photos.notes)
    return Pass(high, low, quantiles, sparseness(kept), count, *noticed)


class Pace:
    """How many images make a batch that takes so long; all that are allowed where nothing is said."""

    def __init__(self, seconds: float | None) -> None:
        self.size = BATCH if seconds is None else 1
        self._seconds = seconds
        self._is_warm = False

    def took(self, count: int, seconds: float) -> None:
        """Learns from a batch; the first one was optimised by TensorFlow as well."""
        if self._seconds is not None and self._is_warm:
            self.size = min(BATCH, max(1, min(int(count * self._seconds / seconds), 2 * self.size)))
        self._is_warm = True


def sparseness(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How few images a filter answers to: 0 for all alike, 1 for a single one; NaN where it never answers.

    The lifetime sparseness of Vinje and Gallant 2000, "Sparse coding and decorrelation in primary visual cortex during
    natural vision", of what is above zero.

    Args:
        values: Float `(images, filters)`, 2 images or more.
    """
    above = np.maximum(values, 0).astype(np.float64)
    count = len(above)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = above.mean(0) ** 2 / np.square(above).mean(0)
        return np.asarray((1 - spread) / (1 - 1 / count), np.float32)


def _merged(
    known: Ranked | None,
    numbers: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
    positions: npt.NDArray[np.int32],
    k: int,
    sign: int,
) -> Ranked:
    """The `k` most extreme of those that are known and of new ones; of equal ones the first in the set."""
    filters = values.shape[1]
    if known is None:
        nothing = np.full((filters, k), np.nan, np.float32)
        known = Ranked(np.full((filters, k), -1), nothing, np.zeros((filters, k, 2), np.int32))
    all_numbers = np.concatenate([known.numbers, np.broadcast_to(numbers, (filters, len(numbers)))], axis=1)
    all_values = np.concatenate([known.values, values.T], axis=1)
    all_positions = np.concatenate([known.positions, positions.transpose(1, 0, 2)], axis=1)
    # Stable, and NaN last: what is known comes first, in the order of the set.
    order = np.argsort(-sign * all_values, axis=1, kind="stable")[:, :k]
    return Ranked(
        np.take_along_axis(all_numbers, order, 1),
        np.take_along_axis(all_values, order, 1),
        np.take_along_axis(all_positions, order[..., None], 1),
    )
