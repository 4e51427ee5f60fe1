"""What is optimised: pixels, Fourier coefficients, or only their phase. Each knows the way to the image and back."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.ascent.colour import colour_axes
from filterviz_widget.ascent.start import NOISE, start_images
from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.description.method import Parameterization

CONTRAST = 0.2
"""RMS contrast of a picture whose magnitudes are fixed, as a share of the range: that of a photograph."""


class Parameters(Protocol):
    """Images `(batch, height, width, channels)` as a float32 tensor of parameters, `(batch, ...)`.

    Attributes:
        unit: How far all parameters must move to move the image by the whole input range (RMS, near grey).
    """

    unit: float

    def start(self, seeds: Sequence[int]) -> tf.Tensor:
        """Draws the parameters of one start image per seed."""

    def decode(self, parameters: tf.Tensor) -> tf.Tensor:
        """The images, in units of the model's input."""

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """The parameters of given images: `decode`'s inverse as far as there is one."""

    def decoder(self, photos: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """`decode` for parameters that were encoded from photos, with all of these that is not in the parameters."""

    def grow(self, parameters: tf.Tensor, size: tuple[int, int], seeds: tf.Tensor) -> tf.Tensor:
        """The same images as at a smaller `size`; what is finer than that begins as in `start`."""

    def carry(self, moments: tf.Tensor, power: int, size: tuple[int, int]) -> tf.Tensor:
        """Running means of gradients (power 1) or of their squares (2) from a smaller `size` to this one."""


class Pixels:
    """The pixels themselves, without bounds."""

    def __init__(self, shape: tuple[int, int, int], input_range: tuple[float, float], planes: Data = IMAGE) -> None:
        self._shape, self._input_range = shape, input_range
        self.unit = input_range[1] - input_range[0]

    def start(self, seeds: Sequence[int]) -> tf.Tensor:
        """Grey with a little noise."""
        return start_images(seeds, self._shape, self._input_range)

    def decode(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns them as they are."""
        return parameters

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Returns them as they are."""
        return images

    def decoder(self, photos: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """The parameters are all there is."""
        return self.decode

    def grow(self, parameters: tf.Tensor, size: tuple[int, int], seeds: tf.Tensor) -> tf.Tensor:
        """Resizes them."""
        return tf.image.resize(parameters, self._shape[:2], "bicubic")

    def carry(self, moments: tf.Tensor, power: int, size: tuple[int, int]) -> tf.Tensor:
        """Resizes them, without the overshoot that would make squares negative."""
        return tf.image.resize(moments, self._shape[:2], "bilinear")


class Fourier:
    """Coefficients weighted by 1 / frequency, in decorrelated colours, squashed into the input range.

    Three channels are colours, in an image and in each slice of a volume; those of a signal are not.

    After Olah et al. 2017, "Feature Visualization": ascent in these coordinates favours no frequency over
    another, as photographs do not (Field 1987: amplitudes fall as 1 / frequency).
    """

    unit = 1.0

    def __init__(self, shape: tuple[int, int, int], input_range: tuple[float, float], planes: Data = IMAGE) -> None:
        self._height, self._width, self._channels = shape
        self._input_range = input_range
        self._amplitudes = tf.constant(amplitudes(self._height, self._width))
        own = self._channels // planes.slices
        axes = colour_axes() if own == 3 and planes.kind in ("image", "volume") else np.eye(own, dtype=np.float32)
        axes = np.kron(np.eye(planes.slices, dtype=np.float32), axes)
        self._to_colours, self._from_colours = tf.constant(axes), tf.constant(np.linalg.inv(axes))

    def start(self, seeds: Sequence[int]) -> tf.Tensor:
        """Normally distributed coefficients: noise about as strong as the pixels' start."""
        shape = (2, self._channels, self._height, self._width // 2 + 1)
        noise = [tf.random.stateless_normal(shape, (seed, 0), alg="philox") for seed in seeds]
        return tf.stack(noise) * (NOISE / math.sqrt(3) / 255)

    def decode(self, parameters: tf.Tensor) -> tf.Tensor:
        """Coefficients to images."""
        return self._to_range(self._synthesize(tf.complex(parameters[:, 0], parameters[:, 1])))

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Images, strictly inside the range, to coefficients."""
        spectrum = self._analyze(images)
        return tf.stack([tf.math.real(spectrum), tf.math.imag(spectrum)], axis=1)

    def decoder(self, photos: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """The parameters are all there is."""
        return self.decode

    def grow(self, parameters: tf.Tensor, size: tuple[int, int], seeds: tf.Tensor) -> tf.Tensor:
        """Puts the coefficients at the same frequencies of the larger spectrum; finer ones are zero."""
        return self._placed(parameters, size, self._factors(size))

    def carry(self, moments: tf.Tensor, power: int, size: tuple[int, int]) -> tf.Tensor:
        """Puts them at the same frequencies of the larger spectrum; where there were none, their mean stands.

        A coefficient's gradient is as large as its share of the image, which is another one here.
        """
        share = 1 / self._factors(size)
        placed = self._placed(moments, size, share**power)
        if power == 1:
            return placed
        known = self._placed(tf.ones((1, *share.shape)), size, np.ones_like(share))
        mean = tf.reduce_sum(placed, (-2, -1), keepdims=True) / share.size
        return placed + mean * (1 - known)

    def _factors(self, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """By what the coefficients of a smaller `size` are multiplied, so that they make the same image here."""
        rows, columns = _places(size, self._height)
        ratio = amplitudes(*size) / np.asarray(self._amplitudes)[np.ix_(rows, columns)]
        return np.asarray(ratio * (self._height * self._width / (size[0] * size[1])), np.float32)

    def _placed(self, values: tf.Tensor, size: tuple[int, int], factors: npt.NDArray[np.floating[Any]]) -> tf.Tensor:
        """Values `(..., height, width // 2 + 1)` of a smaller `size`, times factors, at their places among zeros."""
        rows, columns = _places(size, self._height)
        flat = tf.transpose(tf.reshape(values * factors, (-1, len(rows), len(columns))), (1, 0, 2))
        count, missing = tf.shape(flat)[1], self._width // 2 + 1 - len(columns)
        spread = tf.scatter_nd(rows[:, None], flat, (self._height, count, len(columns)))
        spread = tf.pad(tf.transpose(spread, (1, 0, 2)), ((0, 0), (0, 0), (0, missing)))
        return tf.reshape(spread, (*values.shape[:-2], self._height, self._width // 2 + 1))

    def _synthesize(self, spectrum: tf.Tensor) -> tf.Tensor:
        spectrum *= tf.cast(self._amplitudes, tf.complex64)
        planes = tf.signal.irfft2d(spectrum, [self._height, self._width])
        return _mixed(tf.transpose(planes, (0, 2, 3, 1)), self._to_colours)

    def _analyze(self, images: tf.Tensor) -> tf.Tensor:
        low, high = self._input_range
        share = tf.clip_by_value((images - low) / (high - low), 1e-3, 1 - 1e-3)
        planes = tf.transpose(_mixed(tf.math.log(share / (1 - share)) / 4, self._from_colours), (0, 3, 1, 2))
        return tf.signal.rfft2d(planes) / tf.cast(self._amplitudes, tf.complex64)

    def _to_range(self, contrast: tf.Tensor) -> tf.Tensor:
        low, high = self._input_range
        return low + (high - low) * tf.sigmoid(4 * contrast)  # slope 1 at grey


class Phase(Fourier):
    """Only the coefficients' phase; their magnitudes stay those of photographs (MaCo, arXiv 2306.06805)."""

    unit = 1 / CONTRAST

    def start(self, seeds: Sequence[int]) -> tf.Tensor:
        """Uniformly distributed phases: a cloud with a natural spectrum."""
        shape = (self._channels, self._height, self._width // 2 + 1)
        return tf.stack(
            [tf.random.stateless_uniform(shape, (seed, 0), -math.pi, math.pi, alg="philox") for seed in seeds]
        )

    def decode(self, parameters: tf.Tensor) -> tf.Tensor:
        """Phases to images."""
        return self._to_range(self._synthesize(_turned(parameters)) * (CONTRAST * math.sqrt(2)))

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Images to phases."""
        return tf.math.angle(self._analyze(images))

    def decoder(self, photos: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """Phases to images with the magnitudes of the photos."""
        magnitudes = tf.cast(tf.abs(self._analyze(photos)), tf.complex64)
        return lambda parameters: self._to_range(self._synthesize(magnitudes * _turned(parameters)))

    def grow(self, parameters: tf.Tensor, size: tuple[int, int], seeds: tf.Tensor) -> tf.Tensor:
        """Puts the phases at the same frequencies of the larger spectrum; finer ones are drawn as at the start."""
        ones = np.ones(parameters.shape[-2:], np.float32)
        known = self._placed(tf.ones((1, *ones.shape)), size, ones)
        return self._placed(parameters, size, ones) + self.start(seeds.numpy().tolist()) * (1 - known)


def _mixed(images: tf.Tensor, axes: tf.Tensor) -> tf.Tensor:
    """Each pixel times a matrix.

    As one product of matrices: over axes before them, of which one is 1 as in a batch of signals, oneDNN in TensorFlow
    2.21 writes beyond the tensor's end.
    """
    mixed = tf.matmul(tf.reshape(images, (-1, images.shape[-1])), axes)
    return tf.ensure_shape(tf.reshape(mixed, tf.shape(images)), images.shape)


def _turned(phases: tf.Tensor) -> tf.Tensor:
    """Coefficients of magnitude 1."""
    return tf.complex(tf.cos(phases), tf.sin(phases))


def _places(size: tuple[int, int], height: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The rows and columns at which a spectrum of `height` rows has the frequencies of a smaller `size`."""
    rows = np.fft.fftfreq(size[0], 1 / size[0]).round().astype(np.int32) % height
    return rows, np.arange(size[1] // 2 + 1, dtype=np.int32)


def amplitudes(height: int, width: int) -> npt.NDArray[np.float32]:
    """Amplitudes that fall as 1 / frequency, `(height, width // 2 + 1)`.

    Scaled so that real and imaginary parts of variance 1 make an image of variance 1.
    """
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    falling = 1 / np.maximum(frequency, 1 / max(height, width))
    # Of the two halves of a real image's spectrum one is stored: its columns count twice, but for the first
    # and, of an even width, the last, whose redundant halves are averaged by the transform.
    count = np.full(width // 2 + 1, 4.0)
    count[0] = 1.0
    if width % 2 == 0:
        count[-1] = 1.0
    variance = (falling**2 * count).sum() / (height * width) ** 2
    return np.asarray(falling / math.sqrt(variance), np.float32)


PARAMETERIZATIONS: dict[Parameterization, type[Pixels] | type[Fourier]] = {
    "pixels": Pixels,
    "fourier": Fourier,
    "phase": Phase,
}
