"""Arrays to what a person sees: an optimised image as 8-bit pixels."""

import numpy as np
import numpy.typing as npt

CONTRAST = 0.2
"""Standard deviation of a displayed picture as a share of the display range: nearly all of a
normal distribution (2.5 sigma) stays unclipped."""


def display(image: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Scales an optimised image for the screen: mean to mid-grey, contrast to a fixed strength.

    An ascent moves an image by some grey levels only, around a grey that carries no meaning, so what is
    shown is the change: every channel keeps its share of it. A constant image is mid-grey.

    Args:
        image: Float array `(height, width, channels)` in any units, finite.

    Returns:
        A uint8 array of the same shape.

    Example:

    >>> display(np.zeros((2, 2, 3)))[0, 0].tolist()
    [128, 128, 128]
    """
    centred = image - image.mean(dtype=np.float64)
    spread = centred.std()
    scaled = 0.5 + (centred * (CONTRAST / spread) if spread > 0 else centred)
    pixels: npt.NDArray[np.uint8] = (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)
    return pixels
