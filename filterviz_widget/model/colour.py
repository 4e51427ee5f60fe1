"""From an image in the model's units to colours that a person can see."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Colours(NamedTuple):
    """An image to look at.

    Attributes:
        pixels: float32 `(height, width, 1)` or `(height, width, 3)`; the model's input range is 0 to 1, and values
            may lie beyond.
        caption: What a viewer should know about the colours; empty for grey and RGB.
    """

    pixels: npt.NDArray[np.float32]
    caption: str


def checked_channels(channels: Any, count: int) -> tuple[int, int, int] | None:
    """The triple of channels to show as red, green and blue.

    Args:
        channels: Three channel numbers, counted from 0, or None.
        count: How many channels the model's input has.

    Raises:
        ValueError: If it is something else.
    """
    if channels is None:
        return None
    try:
        red, green, blue = (channel.__index__() for channel in channels)
    except (TypeError, ValueError, AttributeError):
        red = green = blue = -1
    if not all(0 <= channel < count for channel in (red, green, blue)):
        raise ValueError(
            f"channels must be three channel numbers from 0 to {count - 1}, for red, green and blue; got {channels!r}."
        )
    return red, green, blue


def to_rgb(
    image: npt.NDArray[np.floating[Any]], input_range: tuple[float, float], channels: Sequence[int] | None
) -> Colours:
    """Turns an image in the model's units into grey or RGB.

    One channel is grey, three are RGB. Of any other number the chosen triple is shown or, where none is chosen,
    the first three principal components of the image's colours, around mid-grey; two channels are red and green.

    Args:
        image: Float array `(height, width, channels)`.
        input_range: The lowest and highest value of the model's input.
        channels: Three channel numbers for red, green and blue; None for the default.
    """
    low, high = input_range
    scaled = ((np.asarray(image, np.float64) - low) / (high - low)).astype(np.float32)
    count = scaled.shape[2]
    if channels is not None:
        numbers = ", ".join(map(str, channels))
        return Colours(scaled[..., list(channels)], f"Channels {numbers} as red, green, blue.")
    if count in (1, 3):
        return Colours(scaled, "")
    if count == 2:
        blue = np.full_like(scaled[..., :1], 0.5)
        return Colours(np.concatenate([scaled, blue], axis=2), "Channels 0 and 1 as red and green.")
    return _principal(scaled)


def _principal(image: npt.NDArray[np.float32]) -> Colours:
    height, width, count = image.shape
    colours = image.reshape(-1, count).astype(np.float64)
    colours -= colours.mean(axis=0)
    variances, axes = np.linalg.eigh(colours.T @ colours)
    axes = axes[:, :-4:-1]
    # An axis has no sign of its own; the same picture must get the same colours.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), range(3)])
    total = variances.sum()
    share = f", {variances[-3:].sum() / total:.0%} of the variance" if total > 0 else ""
    pixels = (0.5 + colours @ axes).reshape(height, width, 3).astype(np.float32)
    return Colours(pixels, f"The first three principal components of {count} channels as red, green, blue{share}.")
