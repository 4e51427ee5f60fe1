"""Which values the model's input pixels take: given, measured in what they pass first, or assumed."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.beginning import Beginning, Passed
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.own_code import is_of_keras

Array = npt.NDArray[np.float64]
Function = Callable[[tf.Tensor], tf.Tensor]
"""From float32 images `(batch, height, width, channels)` to what a step makes of them."""

SPREAD = 2.5
"""Standard deviations on either side of the mean where no usual range fits: 99 % of a normal distribution."""

TURNED = {1.0: (1.0, 2.0), 0.5: (1.0,), 255.0: (255.0,), 127.5: (255.0,)}
"""By the highest result, how far the results go down from there."""

UNITS = (64.0, 1.0, 0.25)
"""What images of one value are made of: the first is not lost in reduced precision, the last is rarely clipped."""

NOTHING_SAYS = "assumed, nothing in the model says"


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


def measured_range(function: Function, image_shape: tuple[int, ...]) -> tuple[float, float] | None:
    """The range that a function of images seems to be made for; None where it is none in particular.

    Args:
        function: Of float32 images `(batch, height, width, channels)`.
        image_shape: `(height, width, channels)`.
    """
    found = _affine(function, image_shape)
    return None if found is None else implied_range(*found)


def implied_range(scale: Array, offset: Array) -> tuple[float, float] | None:
    """The range of `x` where `scale * x + offset`, per channel, is what a network is fed.

    - One scale for all, and 0, -1 or -0.5 as the lowest result: `x` such that the result is 0 to 1, -1 to 1, or -0.5
      to 0.5 (0 to 255 where the scale is above 10). If it is negative, the same for the highest result.
    - Otherwise `scale * x + offset` is taken for `(x - mean) / deviation` of natural images: from 0 to 1 or 0 to
      255 where these would have such a mean and deviation, and mean +- 2.5 deviations where not.

    Returns:
        `(low, high)`; None for the identity.
    """
    if np.allclose(scale, 1) and np.allclose(offset, 0):
        return None
    if np.allclose(scale, scale[0]) and np.allclose(offset, offset[0]):
        usual = _of_one_scale(float(scale[0]), float(offset[0]))
        if usual is not None:
            return usual
    mean, deviation = -offset / scale, 1 / np.abs(scale)
    if np.allclose(np.abs(scale), 1):  # a mean is subtracted, and no more
        return (0.0, 255.0) if np.all(mean > 1) else (0.0, 1.0)
    for top in (1.0, 255.0):
        if np.all((top / 10 < mean) & (mean < top) & (top / 20 < deviation) & (deviation < 1.05 * top)):
            return 0.0, top
    return float((mean - SPREAD * deviation).min()), float((mean + SPREAD * deviation).max())


def _of_one_scale(scale: float, offset: float) -> tuple[float, float] | None:
    def is_near(value: float) -> bool:
        return math.isclose(offset, value, abs_tol=1e-3)

    top = 255.0 if abs(scale) > 10 else 1.0
    if scale < 0:  # turned over, as 1 - x / 255
        spans = [span for highest, spans in TURNED.items() if is_near(highest) for span in spans]
        highs = [_usual(0.0, span / -scale) for span in spans]
        return next((high for high in highs if high[1] in (1.0, 255.0)), highs[0] if highs else None)
    if is_near(0.5):  # from -1 to 1 into 0 to 1
        return _usual(-offset / scale, (top - offset) / scale)
    if is_near(-0.5) and not math.isclose(scale, 1):
        top = 0.5
    if is_near(0) or is_near(-1) or top == 0.5:
        return _usual(0.0, (top - offset) / scale)
    return None


def _usual(low: float, high: float) -> tuple[float, float]:
    # Some divide by 128 or 256 what runs to 255.
    for top in (1.0, 255.0):
        if abs(high - top) < 0.012 * top:
            return low, top
    return low, high


def read_range(
    start: Beginning,
    images_to: Callable[[tuple[str, ...]], Function],
    image_shape: tuple[int, ...],
) -> InputRange:
    """Measures what the image passes before the first weights, and says what was found out.

    Args:
        start: The beginning of the model.
        images_to: Returns the function from images to the output of a step.
        image_shape: `(height, width, channels)`.

    Returns:
        The range that the beginning is made for; (0, 1) where it says nothing, with the reason in the source.
    """
    unread: list[Passed] = []
    standardising: list[Passed | None] = []
    for way, end in start.ways():
        found, unreadable = _read_way(way, images_to, image_shape)
        if found is None and unreadable is None and end is not None:
            found = _statistics(end)
        if found is not None:
            return found
        # Of the first layer with weights only if it might be a normalization: others take time.
        tried = [*way, end] if end and end.symbol.shape[1:] == end.given.shape[1:] else way
        standardising.append(next((step for step in tried if standardises(images_to(step.path), image_shape)), None))
        if unreadable is None and end is not None and _may_do_anything(end):
            unreadable = end
        unread.extend([unreadable] if unreadable else [])
    if standardising and (step := standardising[0]) and all(standardising):
        return InputRange(0.0, 1.0, f"the {step.words} standardises every image, so every range gives the same picture")
    if unread:
        return InputRange(0.0, 1.0, f"assumed, what the {unread[0].words} does to the pixels could not be read")
    return InputRange(0.0, 1.0, NOTHING_SAYS)


def _read_way(
    way: list[Passed], images_to: Callable[[tuple[str, ...]], Function], image_shape: tuple[int, ...]
) -> tuple[InputRange | None, Passed | None]:
    """The range that one way says, from as far along it as can be measured; and the first step that could not be."""
    measured = [_affine(images_to(step.path), image_shape) for step in way]
    for last in reversed(range(len(way))):
        if (here := measured[last]) is None:
            continue
        if (found := implied_range(*here)) is not None:
            ranges = [one and implied_range(*one) for one in measured]
            says = next(step for step, one in zip(way, ranges, strict=True) if one and np.allclose(one, found))
            return InputRange(*found, f"read from the {says.words}"), None
        break
    unread = [step for step, one in zip(way, measured, strict=True) if one is None]
    return None, unread[0] if unread and measured[-1] is None else None


def _affine(function: Function, image_shape: tuple[int, ...]) -> tuple[Array, Array] | None:
    """Scale and offset of each channel where the function is `scale * x + offset`; None where it is not, or fails."""
    for unit in UNITS:
        try:
            zero, one, two = (_channels(function(tf.fill((1, *image_shape), each * unit))) for each in (0.0, 1.0, 2.0))
        except Exception:  # a user's code, which may raise anything
            return None
        with np.errstate(all="ignore"):
            scale, is_affine = (two - zero) / (2 * unit), np.allclose(two - one, one - zero, 1e-2, 1e-6)
            depends = np.abs(scale) > 1e-9
        if is_affine and depends.any():  # some channels may be places, or a mask
            return scale[depends], zero[depends]
    return None


def is_readable(function: Function, image_shape: tuple[int, ...]) -> bool:
    """Whether what a function does to pixels is a scale and an offset."""
    return _affine(function, image_shape) is not None


def _channels(made: tf.Tensor) -> Array:
    pixels = np.asarray(tf.cast(made, tf.float64))[0]
    if pixels.ndim == 3:
        return pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]  # in the middle, in case of a border
    if pixels.ndim in (2, 4) and not np.ptp(pixels.reshape(-1, pixels.shape[-1]), axis=0).any():
        return pixels.reshape(-1, pixels.shape[-1])[0]  # of a signal or a volume, the same at every place
    if np.ptp(pixels) > 0:
        raise ValueError("The channels are not known.")
    return pixels.reshape(-1)[:1]


def _statistics(step: Passed) -> InputRange | None:
    """What a BatchNormalization that the image goes into has learnt of images; None where it is another layer."""
    layer = step.operation
    if type(layer) is not keras.layers.BatchNormalization:
        return None
    mean, variance = (np.asarray(one, np.float64) for one in (layer.moving_mean, layer.moving_variance))
    scale = 1 / np.sqrt(variance + 1e-12)
    found = implied_range(scale, -mean * scale)
    return None if found is None else InputRange(*found, f"read from the {step.words}")


def _may_do_anything(step: Passed) -> bool:
    """Whether it is a layer of the user's own with weights somewhere in it, and not a convolution or the like."""
    layer = unwrapped(step.operation)
    return isinstance(layer, keras.Layer) and not is_of_keras(type(layer)) and not hasattr(layer, "kernel")


def standardises(function: Function, image_shape: tuple[int, ...]) -> bool:
    """Whether a function makes the same of an image in whatever range its pixels are."""
    noise = np.random.default_rng(0).uniform(0, 1, (2, 1, *image_shape)).astype(np.float32)
    try:
        first, larger, lower, other = (
            np.asarray(function(tf.constant(one)), np.float64)
            for one in (noise[0], 255 * noise[0], 2 * noise[0] - 1, noise[1])
        )
    except Exception:  # a user's code, which may raise anything
        return False
    slack = 0.03 * np.std(first)
    is_same = np.abs(larger - first).max() <= slack and np.abs(lower - first).max() <= slack
    return bool(is_same and np.abs(other - first).max() > slack)
