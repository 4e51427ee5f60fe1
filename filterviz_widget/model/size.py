"""How large the optimised image is: the user's wish, the model's input, or a default."""

from collections.abc import Sequence

DEFAULT_SIZE = 224
"""Pixels where the model leaves the size open: what most published networks were trained on."""

LARGEST_SIZE = 2048


def checked_size(image_size: int | Sequence[int], most: int = LARGEST_SIZE) -> tuple[int, int]:
    """Returns `(height, width)` in pixels.

    Args:
        image_size: Side of a square image, or `(height, width)`, from 1 to `most`.
        most: In pixels.

    Raises:
        TypeError, ValueError: If it is something else.
    """
    sides = tuple(image_size) if isinstance(image_size, Sequence) else (image_size, image_size)
    problem = f"image_size must be a whole number of pixels or (height, width), got {image_size!r}."
    try:
        whole = [side.__index__() for side in sides if not isinstance(side, bool)]
    except AttributeError:
        raise TypeError(problem) from None
    if len(whole) != 2:
        raise TypeError(problem)
    if not all(1 <= side <= most for side in whole):
        raise ValueError(f"image_size must be from 1 to {most} pixels, got {image_size!r}.")
    return whole[0], whole[1]
