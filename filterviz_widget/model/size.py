"""How large the optimised image is: the user's wish, the model's input, or a default."""

from collections.abc import Sequence
from typing import Any

DEFAULT_SIZE = 224
"""Pixels where the model leaves the size open: what most published networks were trained on."""

LARGEST_SIZE = 2048


def image_shape(model: Any, image_size: int | Sequence[int] | None = None) -> tuple[int, int, int]:
    """Returns `(height, width, channels)` of the image to optimise.

    Args:
        model: A checked model (`check_model`).
        image_size: Side of a square image, or `(height, width)`, in pixels from 1 to 2,048; None for the
            model's own input size, or 224 where the model leaves it open.

    Raises:
        TypeError, ValueError: If `image_size` is something else.
    """
    _, height, width, channels = model.inputs[0].shape
    if image_size is None:
        return height or DEFAULT_SIZE, width or DEFAULT_SIZE, channels
    sides = tuple(image_size) if isinstance(image_size, Sequence) else (image_size, image_size)
    problem = f"image_size must be a whole number of pixels or (height, width), got {image_size!r}."
    try:
        whole = [side.__index__() for side in sides if not isinstance(side, bool)]
    except AttributeError:
        raise TypeError(problem) from None
    if len(whole) != 2:
        raise TypeError(problem)
    if not all(1 <= side <= LARGEST_SIZE for side in whole):
        raise ValueError(f"image_size must be from 1 to {LARGEST_SIZE} pixels, got {image_size!r}.")
    return whole[0], whole[1], channels
