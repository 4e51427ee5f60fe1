"""The pictures that recorded filters respond to, drawn by the explorer's engine with the model's present weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.method import preset
from filterviz_widget.model import check_model, cut_at, image_shape
from filterviz_widget.picture import display

PIXELS = 8 * 224 * 224
"""How many pixels are optimised at a time: the memory of eight pictures of the usual size."""


class Drawn(NamedTuple):
    """The pictures of one layer's filters.

    Attributes:
        pictures: uint8 `(filters, height, width, channels)`, each scaled for display by itself.
        activations: float32 `(filters,)`, what each filter answered before the last step.
        dead: bool `(filters,)`, whether its gradient was exactly zero from the start, so that the picture is the
            start image.
    """

    pictures: npt.NDArray[np.uint8]
    activations: npt.NDArray[np.float32]
    dead: npt.NDArray[np.bool_]


class Renderer:
    """Draws filters again and again while their model changes. Each layer is compiled once, at its first drawing.

    The compiled loops read the model's own variables, so they see new weights. The same weights give the same
    pictures.

    Args:
        model: A Keras model with one image input.
        layers: Names, each with the filters to draw, counted from 0.
        method: A preset's name, see `filterviz_widget.method.PRESETS`.
        iterations: How many steps.
        step_size: Grey levels per iteration (RMS).
        seed: Of the start image.
        image_size: As for the explorer; None for the model's input size.
        input_range: The lowest and highest value that the model's input pixels take.

    Raises:
        TypeError, ValueError: If the model cannot be drawn, in words.
    """

    def __init__(
        self,
        model: Any,
        layers: Mapping[str, Sequence[int]],
        *,
        method: str,
        iterations: int,
        step_size: float,
        seed: int,
        image_size: int | Sequence[int] | None = None,
        input_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        check_model(model)
        self._shape = image_shape(model, image_size)
        self._layers = dict(layers)
        self._iterations, self._seed = iterations, seed
        how = preset(method).method
        self._numbers = Numbers.of(how, step_size)
        self._counts = {name: model.get_layer(name).output.shape[-1] for name in layers}
        self._ascents = {
            name: Ascent(_stateless(cut_at(model, name)), self._shape, input_range, how) for name in layers
        }

    def render(self) -> dict[str, Drawn]:
        """Draws all filters with the weights as they are now."""
        return {name: self._draw(name, list(filters)) for name, filters in self._layers.items()}

    @property
    def trace_count(self) -> int:
        """How often loops were traced: once per layer, however often `render` was called."""
        return sum(ascent.trace_count for ascent in self._ascents.values())

    def _draw(self, name: str, filters: list[int]) -> Drawn:
        ascent, height, width = self._ascents[name], *self._shape[:2]
        together = max(1, PIXELS // (height * width))
        parts = []
        for first in range(0, len(filters), together):
            batch = filters[first : first + together]
            weights = one_hot(batch, self._counts[name])
            chunk = ascent.advance(ascent.start([self._seed] * len(batch)), weights, self._numbers, self._iterations)
            pictures = np.stack([display(image) for image in chunk.images.numpy()])
            parts.append(Drawn(pictures, chunk.activations.numpy()[-1], chunk.gradient_rms.numpy()[0] == 0))
        return Drawn(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _stateless(features: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Keeps tracing from leaving graph tensors behind in the model's losses, which `fit` would meet."""

    def unseen(images: tf.Tensor) -> tf.Tensor:
        with keras.StatelessScope(initialize_variables=False):
            return features(images)

    return unseen
