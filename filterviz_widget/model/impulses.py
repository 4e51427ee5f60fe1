"""The kernel that a layer of one's own computes with, whatever it is made of: read from its answers."""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.evaluate import without_activation
from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.generators import kept
from filterviz_widget.model.keras_private import flat_layers, nothing_built

Array = npt.NDArray[Any]

SIDES = (9, 17, 33, 65)
"""Of the images that a layer is asked about: the first that holds what a position sees, and its border."""

MOST_BYTES = 32e6
"""Of the images that are computed at once."""


class _Answers(NamedTuple):
    """A layer's answers to images of one size.

    Attributes:
        run: From images to its output, before its own activation.
        shape: Of an image.
        middle: Of the output, one position.
    """

    run: Callable[[Any], Any]
    shape: tuple[int, ...]
    middle: tuple[int, ...]


def effective_kernel_of(layer: Any) -> Array | None:
    """The kernel of a layer that is linear, but for an offset and its own activation, and the same at every position.

    It is the derivative of one position of the output with respect to the input, so it holds for every way in which the
    layer computes: from two variables, by a low-rank update, through several layers.

    Args:
        layer: A built layer of feature maps `(batch, height, width, inputs)` or of units `(batch, inputs)`.

    Returns:
        float32 or float64 `(height, width, inputs, filters)`, without the zeros around it; `(inputs, units)` of units.
        None where the layer is not linear, not the same everywhere, sees more than 63 pixels, or cannot be computed.
    """
    # A user's code, which may raise anything, and draw.
    with contextlib.suppress(Exception), kept(), nothing_built(flat_layers(layer)):
        shape = tuple((layer.get_build_config() or {}).get("input_shape") or ())
        linear = without_activation(layer) or layer

        def run(images: Any) -> Any:
            return in_inference(linear, tf.cast(images, layer.compute_dtype))

        if len(shape) == 2 and shape[1]:
            return _of_units(run, shape[1]) if _is_linear(run, shape[1:]) else None
        if len(shape) != 4 or not shape[3]:
            return None
        for side in SIDES:
            with contextlib.suppress(tf.errors.OpError, ValueError):  # smaller than the kernel
                image = (side, side, shape[3])
                if not _is_linear(run, image):
                    return None
                output = run(tf.zeros((1, *image))).shape
                answers = _Answers(run, image, (output[1] // 2, output[2] // 2))
                if (box := _seen(answers, output[3])) is not None:
                    return _read(answers, output[3], box)
    return None


def _is_linear(run: Callable[[Any], Any], shape: tuple[int, ...]) -> bool:
    one, other = np.random.default_rng(0).normal(size=(2, 1, *shape)).astype(np.float32)
    nothing, a, b, both, more = (
        np.asarray(tf.cast(run(tf.constant(each)), tf.float64)) for each in (0 * one, one, other, one + other, 3 * one)
    )
    # In half precision rounding is seen.
    slack = (3e-2 if run(tf.constant(one)).dtype.size < 4 else 1e-4) * (np.abs(a - nothing).max() + np.abs(b).max())
    return bool(
        np.abs(a + b - nothing - both).max() <= slack and np.abs(3 * (a - nothing) - (more - nothing)).max() <= slack
    )


def _of_units(run: Callable[[Any], Any], count: int) -> Array:
    nothing = np.asarray(tf.cast(run(tf.zeros((1, count))), tf.float32))
    at_once = max(1, int(MOST_BYTES / (4 * count)))
    parts = (tf.one_hot(range(first, min(first + at_once, count)), count) for first in range(0, count, at_once))
    return np.concatenate([np.asarray(tf.cast(run(part), tf.float32)) - nothing for part in parts])


def _slopes(answers: _Answers, weights: Any, middle: tuple[int, ...]) -> Array:
    """The derivatives of sums over filters at a position, one to a row of weights: `(rows, height, width, inputs)`."""
    images = tf.zeros((len(weights), *answers.shape))
    with tf.GradientTape() as tape:
        tape.watch(images)
        made = answers.run(images)[:, middle[0], middle[1]]
    slopes = tape.gradient(made, images, tf.cast(weights, made.dtype))
    return np.asarray(slopes)


def _seen(answers: _Answers, filters: int) -> tuple[slice, slice] | None:
    """What the middle position sees; None where that reaches the border."""
    weights = np.random.default_rng(1).normal(size=(1, filters))
    row, column = answers.middle
    here = _slopes(answers, weights, answers.middle)[0]
    used = np.abs(here).max(2) > 0
    if not used.any():
        return None
    (top, *_, bottom), (left, *_, right) = (np.flatnonzero(used.any(axis)).tolist() * 2 for axis in (1, 0))
    if min(top, left) == 0 or bottom == len(used) - 1 or right == used.shape[1] - 1:
        return None
    for place in ((row - 1, column - 1), (row - 1, column), (row, column - 1)):
        before = _slopes(answers, weights, place)[0]
        moved = np.abs(before).max(2) > 0
        if not moved.any():
            raise _NotTheSameError
        up, aside = top - np.flatnonzero(moved.any(1))[0], left - np.flatnonzero(moved.any(0))[0]
        if not np.allclose(np.roll(before, (up, aside), (0, 1)), here, rtol=1e-3, atol=1e-4 * np.abs(here).max()):
            raise _NotTheSameError
    return slice(top, bottom + 1), slice(left, right + 1)


class _NotTheSameError(Exception):
    """The layer computes otherwise at another position."""


def _read(answers: _Answers, filters: int, box: tuple[slice, slice]) -> Array:
    at_once = max(1, int(MOST_BYTES / (4 * np.prod(answers.shape))))
    rows = np.eye(filters, dtype=np.float32)
    parts = [_slopes(answers, rows[start : start + at_once], answers.middle) for start in range(0, filters, at_once)]
    return np.moveaxis(np.concatenate(parts)[:, box[0], box[1]], 0, 3)
