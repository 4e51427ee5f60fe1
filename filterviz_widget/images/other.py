"""One signal or volume: an array in the length, size and channels that a model takes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.images.photo import Format, Photo, out_of_range, resized, spread
from filterviz_widget.images.signal import drawn
from filterviz_widget.images.volume import gathered, strip

Array = npt.NDArray[Any]


def read_other(array: Array, format: Format) -> Photo:
    """Reads a signal `(length, channels)` or `(length,)`, or a volume `(slices, height, width, channels)`.

    Of a longer signal the middle is cut out, of more slices evenly spaced ones are taken, and slices are cut and
    resized like images. Whole numbers of 8 bits in a volume are spread over the input range, as those of images.

    Raises:
        ValueError: For an array that does not fit, or is too short.
    """
    if array.dtype.kind not in "fiub":
        raise ValueError(f"A {format.data.kind} must be numbers, got an array of dtype {array.dtype}.")
    return _signal(array, format) if format.data.kind == "signal" else _volume(array, format)


def as_given(pixels: Array, format: Format) -> Array:
    """What `read_photo` takes for pixels `(height, width, channels)` that it made."""
    if format.data.kind == "signal":
        return pixels[0]
    if format.data.kind == "volume":
        return strip(pixels, format.data.slices).reshape(format.data.slices, format.height, format.width, -1)
    return pixels


def _signal(array: Array, format: Format) -> Photo:
    values = np.asarray(array[:, None] if array.ndim == 1 else array, np.float32)
    length, channels = format.width, format.channels
    if values.ndim != 2 or values.shape[1] != channels or len(values) < length:
        expected = f"a signal of {length} steps or more in {channels} channel{'s' * (channels != 1)}"
        raise ValueError(f"The model takes ({length}, {channels}): expected {expected}, got shape {array.shape}.")
    first = (len(values) - length) // 2
    note = f"The middle {length} of {len(values)} steps." if len(values) > length else ""
    values = values[first : first + length]
    _check_finite(values, "signal")
    said = " ".join(filter(None, [note, out_of_range(values, format)]))
    return Photo(values[None], lambda: drawn(values), said)


def _volume(array: Array, format: Format) -> Photo:
    slices, channels = format.data.slices, format.channels // format.data.slices
    values = array[..., None] if array.ndim == 3 else array
    if values.ndim != 4 or values.shape[3] != channels or len(values) < slices or 0 in values.shape:
        expected = f"{slices} slices or more of {channels} channel{'s' * (channels != 1)}"
        raise ValueError(
            f"The model takes ({slices}, {format.height}, {format.width}, {channels}): expected {expected}, got shape "
            f"{array.shape}."
        )
    note = ""
    if len(values) > slices:
        note = f"{slices} of {len(values)} slices, evenly spaced."
        values = values[np.linspace(0, len(values) - 1, slices).round().astype(int)]
    one = format._replace(channels=channels)
    fitted = gathered(np.stack([resized(each.astype(np.float32), one) for each in values]))
    if values.dtype == np.uint8:
        fitted = spread(np.rint(np.clip(fitted, 0, 255)).astype(np.uint8), format)
    _check_finite(fitted, "volume")
    low, high = format.input_range
    laid = strip(fitted, slices)
    shown = np.rint(np.clip((laid - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    said = out_of_range(values, format) if values.dtype != np.uint8 else ""
    return Photo(fitted, lambda: shown if channels in (1, 3) else shown[..., :1], " ".join(filter(None, [note, said])))


def _check_finite(values: Array, kind: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"A {kind} must be finite numbers, got NaN or infinity.")
