"""What makes two filters alike: how the layer answers to their optima, as a direction in a few numbers."""

import numpy as np
import numpy.typing as npt

MOST = 64
"""Numbers that are kept of a profile. A cosine between projections on so many directions is off by 1/8 (one standard
deviation) for vectors that have nothing in common, and by less the more alike they are."""

FEWEST = 16
"""Filters of a layer of which is told what they have in common."""


def size(filters: int) -> int:
    """Numbers of a profile, in a layer of so many filters."""
    return min(filters, MOST)


def profiles(answers: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Each row less its mean, scaled to length 127; of long rows the projection on random directions.

    Args:
        answers: float32 `(optima, filters)`: the activation of each filter of the layer on each optimum.

    Returns:
        int8 `(optima, size(filters))`; zeros for a row that is not finite, or the same for all filters.
    """
    filters = answers.shape[1]
    rows = answers.astype(np.float64)
    with np.errstate(all="ignore"):
        rows = _unit(rows - rows.mean(1, keepdims=True))
        if filters > MOST:
            rows = _unit(rows @ np.random.default_rng(0).standard_normal((filters, MOST)))
    return np.rint(np.where(np.isfinite(rows), 127 * rows, 0)).astype(np.int8)


def centred(rows: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Profiles of a layer less what all have in common, where there are enough of them to tell.

    A few filters of a trained layer answer to nearly everything; with them, all are alike (in block4_conv2 of a VGG16
    two filters by 0.7 in the mean).

    Args:
        rows: int8 `(filters, size)`; rows of zeros are not known, and stay.
    """
    known = rows.any(1)
    if known.sum() < FEWEST:
        return rows
    centred = rows[known].astype(np.float64)
    with np.errstate(all="ignore"):
        centred = _unit(centred - centred.mean(0))
    made = np.zeros_like(rows)
    made[known] = np.rint(np.where(np.isfinite(centred), 127 * centred, 0))
    return made


def likeness(one: npt.NDArray[np.int8], other: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """The cosine between profiles, row by row, from -1 to 1; NaN where one is not known.

    >>> likeness(np.array([[3, 4]], np.int8), np.array([[3, 4]], np.int8))
    array([1.])
    """
    first, second = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((first * second).sum(-1) / np.where(lengths == 0, np.nan, lengths))


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
