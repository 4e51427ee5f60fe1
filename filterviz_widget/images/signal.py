"""A signal drawn for a person, quickly: a line for each channel or, of many, channels by time as an image."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Signal = npt.NDArray[np.floating[Any]]

SIZE = (240, 480)
"""Height and width of a drawn signal in pixels. It fills them, so that a step's place is its share of the length."""

MOST_LINES = 8
"""Channels that are drawn as lines: of more they lie too close."""

PAPER, RULE, INK = (251, 251, 249), (206, 208, 210), (70, 74, 78)
"""Opaque: as well to be seen on a dark page as on a light one."""

COLOURS = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 152, 214),
    (180, 120, 0),
    (90, 90, 90),
    (150, 60, 150),
)
"""One for each channel (after Okabe and Ito 2008, which colour-blind readers can tell apart)."""

STRONG = (255, 226, 150)
"""Behind the steps that mattered most."""

LOW, MIDDLE, HIGH = (33, 102, 172), (247, 247, 247), (178, 24, 43)
"""Of an image of channels by time: below their mean, at it, above."""

MARGIN = 0.12
"""Of a line's lane, above and below it."""

SPREAD = 2.5
"""Standard deviations at which the colours end."""


def drawn(
    signal: Signal, saliency: Signal | None = None, ends: tuple[float, float] | None = None
) -> npt.NDArray[np.uint8]:
    """Draws a signal.

    Up to 8 channels are lines, each in a lane of its own with its number and a rule at the middle of the scale, which
    is the same for all and stands at the left. More are rows of an image, channel 0 on top: blue below the signal's
    mean, red above it.

    Args:
        signal: Float `(length, channels)`, finite.
        saliency: Float `(length,)`, 0 or more, in any units: where it is large, the paper is yellow.
        ends: The lowest and highest value of the lines' scale; None for the signal's own.

    Returns:
        uint8 `(240, 480, 3)`.

    Example:

    >>> drawn(np.sin(np.linspace(0, 9, 187))[:, None]).shape
    (240, 480, 3)
    """
    values = np.asarray(signal, np.float32)
    return _lines(values, saliency, ends) if values.shape[1] <= MOST_LINES else _heat(values)


def _lines(values: Signal, saliency: Signal | None, ends: tuple[float, float] | None) -> npt.NDArray[np.uint8]:
    height, width = SIZE
    length, channels = values.shape
    low, high = (float(values.min()), float(values.max())) if ends is None else ends
    if not high > low:
        low, high = low - 0.5, high + 0.5
    lane = height / channels
    paper = np.full((1, width, 3), PAPER, np.float32)
    if saliency is not None and saliency.max() > 0:
        share = np.clip(saliency / max(float(np.quantile(saliency, 0.95)), 1e-30), 0, 1)
        columns = np.minimum((np.arange(width) + 0.5) * length / width, length - 1).astype(int)
        paper += share[columns][None, :, None] * (np.array(STRONG, np.float32) - paper)
    sheet = Image.fromarray(np.broadcast_to(np.rint(paper).astype(np.uint8), (height, width, 3)).copy())
    pen = ImageDraw.Draw(sheet)
    places, order = _places(values, width)
    for channel in range(channels):
        top = channel * lane
        pen.line([(0, top + lane / 2), (width, top + lane / 2)], RULE)
        if channel:
            pen.line([(0, top), (width, top)], INK)
        share = np.clip((order[:, channel] - low) / (high - low), 0, 1)
        down = top + lane * (MARGIN + (1 - 2 * MARGIN) * (1 - share))
        pen.line(np.stack([places, down], 1).ravel().tolist(), COLOURS[channel], 2 if length < 4 * width else 1)
    font = _font(11)
    if lane < 40:
        pen.text((3, 1), f"{low:.3g} to {high:.3g}", INK, font)
    else:
        pen.text((3, 1), f"{high:.3g}", INK, font)
        pen.text((3, lane - 14), f"{low:.3g}", INK, font)
    for channel in range(channels if channels > 1 else 0):
        pen.text((width - 14, channel * lane + 3), str(channel), COLOURS[channel], font)
    return np.asarray(sheet)


def _places(values: Signal, width: int) -> tuple[Signal, Signal]:
    """Where the points of the lines lie across, `(points,)`, and their values, `(points, channels)`.

    Of more steps than the picture can show, the lowest and highest of each of its columns are kept.
    """
    length, channels = values.shape
    if length <= 4 * width:
        return (np.arange(length) + 0.5) * width / length, values
    edges = np.linspace(0, length, width + 1).astype(int)[:-1]
    both = np.stack([np.minimum.reduceat(values, edges), np.maximum.reduceat(values, edges)], 1)
    both[1::2] = both[1::2, ::-1]  # up in one column and down in the next
    return np.repeat(np.arange(width) + 0.5, 2), both.reshape(-1, channels)


def _heat(values: Signal) -> npt.NDArray[np.uint8]:
    height, width = SIZE
    off = values - values.mean()
    spread = float(off.std()) * SPREAD
    share = np.clip(off.T / (spread if spread > 0 else 1), -1, 1)
    across, down = (
        Image.Resampling.BOX if count > size else Image.Resampling.NEAREST
        for count, size in zip(values.shape, (width, height), strict=True)
    )
    plane = Image.fromarray(share).resize((width, share.shape[0]), across).resize((width, height), down)
    strength = np.asarray(plane, np.float32)[..., None]
    middle = np.array(MIDDLE, np.float32)
    end = np.where(strength > 0, np.array(HIGH, np.float32), np.array(LOW, np.float32))
    return np.rint(middle + np.abs(strength) * (end - middle)).astype(np.uint8)


@functools.cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
