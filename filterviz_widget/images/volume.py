"""A volume, or frames, for a person: its slices one below the other."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def strip(volume: Array, slices: int) -> Array:
    """From `(height, width, slices * channels)`, as the ascent has it, to `(slices * height, width, channels)`.

    >>> strip(np.zeros((4, 5, 6)), 2).shape
    (8, 5, 3)
    """
    height, width, count = volume.shape
    apart = volume.reshape(height, width, slices, count // slices).transpose(2, 0, 1, 3)
    return apart.reshape(slices * height, width, count // slices)


def gathered(volume: Array) -> Array:
    """From `(slices, height, width, channels)`, as a model takes it, to `(height, width, slices * channels)`."""
    slices, height, width, channels = volume.shape
    return np.ascontiguousarray(volume.transpose(1, 2, 0, 3)).reshape(height, width, slices * channels)
