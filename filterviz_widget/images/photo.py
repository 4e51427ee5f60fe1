"""One image: a file, a PIL image or an array, upright, in the size, channels and range that a model takes."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.description.ranges import short
from filterviz_widget.store.paths import expanded

Pixels = npt.NDArray[np.float32]

BACKGROUND = 255
"""What shows through where an image is transparent: white, as on a page."""


LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue: ITU-R BT.601, as Pillow has it."""


class Format(NamedTuple):
    """What a model takes.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: How many.
        input_range: The lowest and highest value of a pixel.
        data: What such an image stands for: itself, a signal or a volume.
    """

    height: int
    width: int
    channels: int
    input_range: tuple[float, float]
    data: Data = IMAGE


class Photo(NamedTuple):
    """An image as the model takes it.

    Attributes:
        pixels: float32 `(height, width, channels)`, in units of the model's input.
        draw: Makes `shown`; of many signals few are looked at.
        note: What was done to it that a person should know; "" for nothing.
    """

    pixels: Pixels
    draw: Callable[[], npt.NDArray[np.uint8]]
    note: str = ""

    @property
    def shown(self) -> npt.NDArray[np.uint8]:
        """The same for a person, uint8 `(height, width, 1 or 3)`; a signal drawn, the slices of a volume in a strip."""
        return self.draw()


def read_photo(given: Any, format: Format) -> Photo:
    """Reads one image.

    The middle is cut out in the model's proportions and resized. Files are turned upright (EXIF), what is transparent
    lies on white, grey is given to every channel, and 16 bits become 8. Integers of 8 bits, and files, are spread over
    the input range; floating-point numbers are in its units already.

    Args:
        given: A path, a PIL image, or an array `(height, width)` or `(height, width, channels)`; for signals and
            volumes see `read_other`.
        format: What the model takes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: For anything that is no image, or has another number of channels.
        TypeError: For another kind of thing.
    """
    if not format.data.is_flat:
        if not hasattr(given, "__array__") or isinstance(given, Image.Image):
            raise TypeError(f"The model takes a {format.data.kind}: expected an array, got {short(given)}.")
        from filterviz_widget.images.other import read_other

        return read_other(np.asarray(given), format)
    if isinstance(given, str | Path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # it is decoded at a fraction
                opened = Image.open(expanded(given))
            with opened as image:
                # A large JPEG is decoded at a fraction of its size.
                image.draft("RGB" if format.channels == 3 else "L", (2 * format.width, 2 * format.height))
                return _of_picture(image, format)
        except (UnidentifiedImageError, SyntaxError, OSError, Image.DecompressionBombError) as error:
            if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
                raise
            raise ValueError(f"{short(str(given))} is no image that can be read: {error}") from error
    if isinstance(given, Image.Image):
        return _of_picture(given, format)
    if hasattr(given, "__array__"):
        return _of_array(np.asarray(given), format)
    raise TypeError(f"An image must be a path, a PIL image or an array, got {short(given)}.")


def _of_picture(image: Image.Image, format: Format) -> Photo:
    if format.channels not in (1, 3):
        raise ValueError(f"The model takes {format.channels} channels: give an array, got an image of {image.mode}.")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        upright = Image.fromarray(_bytes(np.asarray(upright, np.float32) / 65535))
    elif upright.mode in ("I", "F"):  # what its values mean is not said anywhere
        values = np.asarray(upright, np.float32)
        top = next(float(each) for each in (1, 255, 65535, max(values.max(), 1)) if values.max() <= each)
        upright = Image.fromarray(_bytes(values / top))
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        over = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", over.size, (BACKGROUND,) * 3 + (255,)), over)
    plain = upright.convert("RGB" if format.channels == 3 else "L")
    box = _middle(plain.height, plain.width, format)
    fitted = plain.resize((format.width, format.height), Image.Resampling.BICUBIC, box, reducing_gap=3.0)
    return _of_bytes(np.asarray(fitted).reshape(format.height, format.width, format.channels), format)


def _of_array(array: npt.NDArray[Any], format: Format) -> Photo:
    values = array[..., None] if array.ndim == 2 else array
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(f"An image must be an array (height, width, channels), got one of shape {array.shape}.")
    if values.shape[2] == 4 and format.channels == 3 and values.dtype == np.uint8:
        return _of_picture(Image.fromarray(values), format)
    if values.shape[2] == 1 and format.channels == 3:
        values = np.repeat(values, 3, axis=2)
    elif values.shape[2] == 3 and format.channels == 1 and values.dtype.kind in "fiu":
        grey = (values @ LUMINANCE)[..., None]
        values = np.rint(grey).astype(values.dtype) if values.dtype.kind in "iu" else grey
    if values.shape[2] != format.channels:
        plural = "s" * (format.channels != 1)
        raise ValueError(f"The model takes {format.channels} channel{plural}, got an image of {values.shape[2]}.")
    if values.dtype == np.uint16:
        values = _bytes(values / np.float32(65535))
    if values.dtype not in (np.uint8, np.bool_) and values.dtype.kind not in "fiu":
        raise ValueError(f"An image must be numbers, got an array of dtype {values.dtype}.")
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    fitted = resized(values.astype(np.float32), format)
    if values.dtype == np.uint8:
        return _of_bytes(_bytes(fitted / 255), format)
    if not np.isfinite(fitted).all():
        raise ValueError("An image must be finite numbers, got NaN or infinity.")
    low, high = format.input_range
    shown = _bytes((fitted - low) / (high - low))
    return Photo(fitted, lambda: shown if format.channels in (1, 3) else shown[..., :1], out_of_range(values, format))


def out_of_range(values: npt.NDArray[Any], format: Format) -> str:
    """Says where values are not spread over what the model takes; "" where they are."""
    low, high = format.input_range
    least, most = float(values.min()), float(values.max())
    slack, expected = 0.05 * (high - low), f"the model takes {low:g} to {high:g}"
    if least < low - slack or most > high + slack:
        return f"The image's values go from {least:.3g} to {most:.3g}; {expected}."
    if most > least and most - least < 0.02 * (high - low):
        return f"The image's values go from {least:.3g} to {most:.3g} only; {expected}."
    return ""


def _bytes(shares: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)


def _of_bytes(pixels: npt.NDArray[np.uint8], format: Format) -> Photo:
    return Photo(spread(pixels, format), lambda: pixels if pixels.shape[2] in (1, 3) else pixels[..., :1])


def spread(pixels: npt.NDArray[np.uint8], format: Format) -> Pixels:
    """Whole numbers of 8 bits over the input range."""
    low, high = format.input_range
    return np.asarray(np.float32(low) + pixels.astype(np.float32) * np.float32((high - low) / 255))


def _middle(height: int, width: int, format: Format) -> tuple[float, float, float, float]:
    """The largest box of the model's proportions, `(left, top, right, bottom)`."""
    share = min(height / format.height, width / format.width)
    left, top = (width - share * format.width) / 2, (height - share * format.height) / 2
    return left, top, left + share * format.width, top + share * format.height


def resized(values: Pixels, format: Format) -> Pixels:
    """The middle of an array in the model's proportions and size."""
    if values.shape[:2] == (format.height, format.width):
        return values
    box, size = _middle(values.shape[0], values.shape[1], format), (format.width, format.height)
    planes = [
        Image.fromarray(np.ascontiguousarray(values[..., channel])).resize(size, Image.Resampling.BICUBIC, box)
        for channel in range(values.shape[2])
    ]
    return np.stack([np.asarray(plane, np.float32) for plane in planes], axis=2)


def is_batch(array: npt.NDArray[Any], format: Format) -> bool:
    """Whether what a dataset gives is several examples, and not one."""
    rank = {"signal": 2, "volume": 4}.get(format.data.kind, 3)
    # Signals of one channel may come without an axis for it.
    is_rows = format.data.kind == "signal" and array.ndim == 2 and format.channels == 1 and array.shape[1] != 1
    return array.ndim == rank + 1 or is_rows
