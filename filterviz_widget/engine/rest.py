"""When an ascent has come to rest: its curve is flat."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TOLERANCE = 0.01
"""The rise, as a share of the activation, below which a curve is flat."""


def is_flat(curves: Sequence[npt.NDArray[np.float32]], patience: int, sign: int = 1) -> bool:
    """Whether every mean over the last `patience` iterations is hardly above that over as many before.

    Means, as the activations of moved images go up and down with the moves.

    Args:
        curves: The activations so far, an array `(batch,)` per iteration.
        patience: 1 or more.
        sign: -1 where the activation is to fall.

    >>> is_flat([np.float32([value]) for value in (1, 2, 3, 3)], 1)
    True
    """
    if len(curves) < 2 * patience:
        return False
    last, before = (np.mean(part, axis=0) for part in (curves[-patience:], curves[-2 * patience : -patience]))
    return bool(np.all(sign * (last - before) <= TOLERANCE * np.abs(before)))
