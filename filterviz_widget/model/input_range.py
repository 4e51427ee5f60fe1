"""Which values the model's input pixels take: given, read from the model's first layers, or assumed."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.graph import Graph

ARITHMETIC = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "GetItem", "Stack", "Cast")
"""Operations that `x / 127.5 - 1` and `preprocess_input(x)` leave in a graph; several in a row are read as one."""

HARMLESS = ("Activation", "CenterCrop", "Dropout", "GaussianNoise", "Identity", "Pipeline", "Resizing", "ZeroPadding2D")
"""Layers that keep the values of pixels, in inference; so do all whose names begin with Random."""

SPREAD = 2.5
"""Standard deviations on either side of the mean where no usual range fits: 99 % of a normal distribution."""


class InputRange(NamedTuple):
    """The lowest and highest value of an input pixel, and a sentence that says where they come from."""

    low: float
    high: float
    source: str


def given_range(input_range: Any) -> InputRange:
    """The user's own.

    Raises:
        ValueError: If it is not two finite numbers, the lower one first.
    """
    try:
        low, high = (float(value) for value in input_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f'input_range must be "auto" or two finite numbers, lowest and highest, got {input_range!r}.')
    return InputRange(low, high, "given")


def measured_range(
    function: Callable[[tf.Tensor], tf.Tensor], image_shape: tuple[int, int, int]
) -> tuple[float, float] | None:
    """The range that a function of images seems to be made for; None where it is none in particular.

    The function is tried on images that are 0, 1 and 2 everywhere, which tells scale and offset if it is affine.

    Args:
        function: Of float32 images `(batch, height, width, channels)`.
        image_shape: `(height, width, channels)`.
    """
    zero, one, two = (np.asarray(function(tf.fill((1, *image_shape), value)), np.float64) for value in (0.0, 1.0, 2.0))
    # In the middle, in case of a border.
    zero, one, two = (values[0, values.shape[1] // 2, values.shape[2] // 2] for values in (zero, one, two))
    if not np.allclose(two - one, one - zero, rtol=1e-3, atol=1e-6):
        return None
    return implied_range(one - zero, zero)


def implied_range(scale: npt.NDArray[np.float64], offset: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The range of `x` where `scale * x + offset`, per channel, is what a network is fed.

    - One scale for all, and 0 or -1 as the lowest result: `x` such that the result is 0 to 1, or -1 to 1
      (0 to 255 where the scale is above 10).
    - Otherwise `scale * x + offset` is taken for `(x - mean) / deviation` of natural images: from 0 to 1 or 0 to
      255 where these would have such a mean and deviation, and mean +- 2.5 deviations where not.

    Returns:
        `(low, high)`; None for the identity.
    """
    if np.any(scale == 0) or (np.allclose(scale, 1) and np.allclose(offset, 0)):
        return None
    mean, deviation = -offset / scale, 1 / np.abs(scale)
    if np.allclose(scale, scale[0]) and np.allclose(offset, offset[0]):
        top = 255.0 if scale[0] > 10 else 1.0
        for lowest in (0.0, -1.0, 0.5):  # 0.5: from -1 to 1 into 0 to 1
            if scale[0] > 0 and math.isclose(offset[0], lowest, abs_tol=1e-3):
                low = 0.0 if lowest < 0.5 else -offset[0] / scale[0]
                return _usual(low, (top - offset[0]) / scale[0])
    if np.allclose(scale, 1):  # a mean is subtracted, and no more
        return (0.0, 255.0) if np.all(mean > 1) else (0.0, 1.0)
    for top in (1.0, 255.0):
        if np.all((top / 10 < mean) & (mean < top) & (top / 20 < deviation) & (deviation < 1.05 * top)):
            return 0.0, top
    return float((mean - SPREAD * deviation).min()), float((mean + SPREAD * deviation).max())


def read_range(
    graph: Graph,
    position: int,
    images_to: Callable[[tuple[str, ...]], Callable[[tf.Tensor], tf.Tensor]],
    image_shape: tuple[int, int, int],
) -> InputRange | None:
    """Reads the range from what the image passes before the first layer that mixes pixels; None where nothing says.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
        images_to: Returns the function from images to the output of a step.
        image_shape: `(height, width, channels)`.
    """
    steps = list(_leading(graph, {id(graph.inputs[position])}, ()))
    for index, (path, kind) in enumerate(steps):
        if kind in HARMLESS or kind.startswith("Random"):
            continue
        if index + 1 < len(steps) and steps[index + 1][1] in ARITHMETIC:
            continue  # x / 127.5 - 1 is two operations, and the first alone says something else
        if (read := measured_range(images_to(path), image_shape)) is not None:
            layer = "arithmetic before the first layer" if kind in ARITHMETIC else f"{kind} layer {'/'.join(path)!r}"
            return InputRange(*read, f"read from the {layer}")
    return None


def _leading(graph: Graph, pointwise: set[int], prefix: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields the steps that only depend on tensors in `pointwise` and do not mix pixels; adds their outputs."""
    for step in graph.steps:
        inputs = [id(symbol) for symbol in step.node.input_tensors]
        if not pointwise.issuperset(inputs):
            continue
        path = (*prefix, step.name)
        if step.inner is not None:
            inner = {id(symbol) for symbol in step.inner.inputs}
            yield from _leading(step.inner, inner, path)
            if not inner.issuperset(map(id, step.inner.outputs)):
                continue
        elif _keeps_places(step.node.operation):
            yield path, type(step.node.operation).__name__
        else:
            continue
        pointwise.update(map(id, step.node.outputs))


def _keeps_places(operation: Any) -> bool:
    kind = type(operation).__name__
    if kind == "Activation":
        return operation.activation is keras.activations.linear
    return kind.startswith("Random") or kind in ("Rescaling", "Normalization", *ARITHMETIC, *HARMLESS)


def _usual(low: float, high: float) -> tuple[float, float]:
    # Some divide by 128 or 256 what runs to 255.
    return (low, 255.0) if abs(high - 255) < 3 else (low, high)
