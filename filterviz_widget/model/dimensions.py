"""Inputs that are signals or volumes: how they are known, how long they are, and how an image becomes one."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf

from filterviz_widget.description.data import Data
from filterviz_widget.model.keras_private import flat_layers
from filterviz_widget.model.kinds import runs_over

Shape = tuple[int | None, ...]

LENGTH = 256
"""Steps of a signal where the model leaves its length open."""

AUDIO_LENGTH = 16_000
"""Samples where a model makes a spectrogram of an audio of open length: a second of speech."""

SLICES = 16
"""Of a volume, where the model leaves their number open."""

LONGEST = 2**20


class Arranges(Protocol):
    """Brings an image into the order of a model's input."""

    @property
    def image_shape(self) -> Shape:
        """`(height, width, channels)`; None for open sizes."""

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """From images `(batch, height, width, channels)` to what the model takes."""


class Signal(NamedTuple):
    """A signal as an image of height 1.

    Attributes:
        shape: Of the input, without the batch: `(length, channels)` or `(length,)`.
    """

    shape: Shape

    @property
    def image_shape(self) -> Shape:
        """`(1, length, channels)`."""
        return (1, self.shape[0], self.shape[1] if len(self.shape) == 2 else 1)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """From `(batch, 1, length, channels)`."""
        rows = images[:, 0]
        return rows if len(self.shape) == 2 else rows[..., 0]


class Volume(NamedTuple):
    """A volume, or frames, as an image whose channels are those of all slices, one slice after the other.

    Attributes:
        shape: Of the input, without the batch: `(slices, height, width, channels)`.
    """

    shape: Shape

    @property
    def slices(self) -> int:
        """How many slices it has."""
        return self.shape[0] or SLICES

    @property
    def image_shape(self) -> Shape:
        """`(height, width, slices * channels)`."""
        _, height, width, channels = self.shape
        assert channels is not None
        return (height, width, self.slices * channels)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """From `(batch, height, width, slices * channels)`."""
        height, width = (images.shape[axis] or tf.shape(images)[axis] for axis in (1, 2))
        apart = tf.reshape(images, (-1, height, width, self.slices, self.shape[3] or 1))
        return tf.transpose(apart, (0, 3, 1, 2, 4))


def arrangement_of(tensor: Any, wanted: str, model: Any) -> Signal | Volume | None:
    """How an image is brought into the order of a signal or volume; None for an input that is not known as one.

    Args:
        tensor: The symbolic input.
        wanted: What the user says that it is; "auto" where nothing is said.
        model: Whose layers say what runs over it.
    """
    shape = tuple(tensor.shape[1:])
    if "float" not in str(tensor.dtype) or not shape or (shape[-1] is None and len(shape) > 1):
        return None
    if len(shape) == 4 and wanted in ("auto", "volume"):
        return Volume(shape)
    if len(shape) in (1, 2) and (wanted == "signal" or (wanted == "auto" and has_sequences(model))):
        return Signal(shape)
    return None


def has_sequences(model: Any) -> bool:
    """Whether some layer of a model runs over sequences or makes a spectrogram of one."""
    return any(runs_over(layer) == "sequences" or makes_spectrogram(layer) for layer in flat_layers(model))


def makes_spectrogram(layer: Any) -> bool:
    """Whether a layer makes a spectrogram of an audio."""
    return isinstance(layer, keras.layers.STFTSpectrogram | keras.layers.MelSpectrogram)


def data_of(arrangement: Any, wanted: str) -> Data:
    """What the optimised input is.

    Raises:
        ValueError: If the user says that it is something else.
    """
    found = Data()
    if isinstance(arrangement, Signal):
        found = Data("signal")
    elif isinstance(arrangement, Volume):
        found = Data("volume", arrangement.slices)
    elif wanted == "spectrogram":
        found = Data("spectrogram")
    if wanted not in ("auto", found.kind):
        raise ValueError(f"data={wanted!r} does not fit: the model's input is that of {_a(found.kind)}.")
    return found


def open_length(model: Any) -> int:
    """Steps of a signal where the model leaves them open."""
    return AUDIO_LENGTH if any(map(makes_spectrogram, flat_layers(model))) else LENGTH


def checked_length(image_size: int | Sequence[int]) -> int:
    """The length of a signal that is asked for, from 1 to 2**20.

    Raises:
        TypeError, ValueError: If it is something else.
    """
    sides = tuple(image_size) if isinstance(image_size, Sequence) else (1, image_size)
    problem = f"image_size of a signal must be its length, or (1, length), got {image_size!r}."
    whole = [side for side in sides if hasattr(side, "__index__") and not isinstance(side, bool)]
    if len(sides) != 2 or len(whole) != 2:
        raise TypeError(problem)
    if whole[0] != 1 or not 1 <= whole[1] <= LONGEST:
        raise ValueError(problem)
    return whole[1].__index__()


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "image" else f"a {kind}"
