"""The pictures that recorded filters respond to, drawn by the explorer's engine with the model's present weights."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.description.method import preset
from filterviz_widget.model import ModelView
from filterviz_widget.picture import display
from filterviz_widget.twin import Twin, Weights

PIXELS = 8 * 224 * 224
"""How many pixels are optimised at a time: the memory of eight pictures of the usual size."""


class Drawn(NamedTuple):
    """The pictures of one layer's filters.

    Attributes:
        pictures: uint8 `(filters, height, width, 1 or 3)`, each scaled for display by itself.
        activations: float32 `(filters,)`, what each filter answered before the last step.
        dead: bool `(filters,)`, whether its gradient was exactly zero from the start, so that the picture is the
            start image.
    """

    pictures: npt.NDArray[np.uint8]
    activations: npt.NDArray[np.float32]
    dead: npt.NDArray[np.bool_]


class Renderer:
    """Draws filters again and again while their model changes. Each layer is compiled once, at its first drawing.

    The same weights give the same pictures.

    Args:
        view: The model, read.
        layers: Names from `view.layers`, each with the filters to draw, counted from 0.
        method: A preset's name, see `filterviz_widget.description.method.PRESETS`.
        iterations: How many steps.
        step_size: Grey levels per iteration (RMS).
        seed: Of the start image.
    """

    def __init__(
        self,
        view: ModelView,
        layers: Mapping[str, Sequence[int]],
        *,
        method: str,
        iterations: int,
        step_size: float,
        seed: int,
    ) -> None:
        how = preset(method).method
        self._view, self._layers = view, dict(layers)
        self._iterations, self._seed = iterations, seed
        self._numbers = Numbers.of(how, step_size)
        weights = Weights()
        self._twins = {name: Twin(view, name, weights=weights) for name in layers}
        self._ascents = {
            name: Ascent(twin, view.image_shape, view.input_range, how) for name, twin in self._twins.items()
        }

    def render(self) -> dict[str, Drawn]:
        """Draws all filters with the weights as they are now."""
        for twin in self._twins.values():
            twin.refresh()
        return {name: self._draw(name, list(filters)) for name, filters in self._layers.items()}

    @property
    def trace_count(self) -> int:
        """How often loops were traced: once per layer, however often `render` was called."""
        return sum(ascent.trace_count for ascent in self._ascents.values())

    def _draw(self, name: str, filters: list[int]) -> Drawn:
        ascent, count = self._ascents[name], self._view.layer(name).filters
        height, width, _ = self._view.image_shape
        together = max(1, PIXELS // (height * width))
        parts = []
        for first in range(0, len(filters), together):
            batch = filters[first : first + together]
            state = ascent.start([self._seed] * len(batch))
            chunk = ascent.advance(state, one_hot(batch, count), self._numbers, self._iterations)
            pictures = [display(self._view.to_rgb(image).pixels) for image in chunk.images.numpy()]
            parts.append(Drawn(np.stack(pictures), chunk.activations.numpy()[-1], chunk.gradient_rms.numpy()[0] == 0))
        return Drawn(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
