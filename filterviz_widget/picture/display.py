"""Arrays to what a person sees: an optimised image as 8-bit pixels."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

CONTRAST = 0.2
"""Standard deviation of a displayed picture as a share of the display range: nearly all of a
normal distribution (2.5 sigma) stays unclipped."""

OPAQUE = 0.8
"""Quantile of the saliency from which on a picture is fully opaque."""


PAPER = 230
"""The light grey that a photo fades to where nothing matters."""

FAINT = 0.3
"""How much of the photo's own luminance is left there."""

SOFTNESS = 0.015
"""Standard deviation of the blur of what fades, as a share of the shorter side."""

TINY = 1e-30
"""Where less than a fifth of the picture matters at all, that is opaque."""


def display(image: npt.NDArray[np.floating], saliency: npt.NDArray[np.floating] | None = None) -> npt.NDArray[np.uint8]:
    """Scales an optimised image for the screen: mean to mid-grey, contrast to a fixed strength.

    An ascent moves an image by some grey levels only, around a grey that carries no meaning, so what is
    shown is the change: every channel keeps its share of it. A constant image is mid-grey.

    Args:
        image: Float array `(height, width, channels)` in any units, finite.
        saliency: Float array `(height, width, 1)`, 0 or more, in any units: what matters little fades to grey,
            as in MaCo (Fel et al. 2023, arXiv 2306.06805). None shows everything.

    Returns:
        A uint8 array of the same shape.

    Example:

    >>> display(np.zeros((2, 2, 3)))[0, 0].tolist()
    [128, 128, 128]
    """
    # In place and in the image's own dtype: twenty times a second, beside the ascent.
    pixels = image - image.mean(dtype=np.float64).astype(image.dtype)
    spread = pixels.std(dtype=np.float64)
    if spread > 0:
        pixels *= 255 * CONTRAST / spread
    if saliency is not None and saliency.max() > 0:
        pixels *= np.clip(saliency / np.quantile(saliency, OPAQUE), 0, 1)
    pixels += 127.5
    np.clip(pixels, 0, 255, out=pixels)
    return np.rint(pixels, out=pixels).astype(np.uint8)


def accentuated(
    image: npt.NDArray[np.floating], saliency: npt.NDArray[np.floating] | None = None
) -> npt.NDArray[np.uint8]:
    """Shows an optimised photo as a photo; what mattered little fades to a light grey.

    After Hamblin et al. 2024, "Feature Accentuation" (arXiv 2402.10039): where the ascent's gradients were weak,
    nothing in the photo excites the filter. The photo stays to be seen there, faintly and without its colours.

    Args:
        image: Float array `(height, width, channels)`, finite, the model's input range as 0 to 1; beyond it is clipped.
        saliency: Float array `(height, width, 1)`, 0 or more, in any units. None shows everything.

    Returns:
        A uint8 array of the same shape.

    Example:

    >>> accentuated(np.array([[[0.0], [0.5], [2.0]]]))[0].ravel().tolist()
    [0, 128, 255]
    """
    pixels = np.clip(image, 0, 1) * 255
    if saliency is not None and saliency.max() > 0:
        opacity = _smooth(np.clip(saliency / max(np.quantile(saliency, OPAQUE), TINY), 0, 1))
        faint = PAPER + FAINT * (pixels.mean(axis=2, keepdims=True) - PAPER)
        pixels = faint + opacity * (pixels - faint)
    return np.rint(pixels).astype(np.uint8)


def _smooth(opacity: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Blurs shares `(height, width, 1)`: gradients are grainy, and grains would hide what a place shows."""
    plane = Image.fromarray(np.rint(opacity[..., 0] * 255).astype(np.uint8))
    blurred = plane.filter(ImageFilter.GaussianBlur(SOFTNESS * min(plane.size)))
    return np.asarray(blurred, np.float32)[..., None] / np.float32(255)


def enlarge(image: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Resizes a uint8 image `(height, width, 1 or 3)` to `(height, width)`; itself where it has that size."""
    if image.shape[:2] == size:
        return image
    picture = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BICUBIC)).reshape(*size, image.shape[2])
