"""Compiled ascents, each found again by layer, size and kind of method; only the last few are kept."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import tensorflow as tf

from filterviz_widget.ascent import Ascent, Chunk, Numbers, State
from filterviz_widget.description import Description
from filterviz_widget.model import ModelView
from filterviz_widget.session.recent import Recent

KEPT = 8

Variant = Literal["", "pre-activation", "redirected"]
"""What stands in for the layer's output: nothing, its pre-activation, or itself with redirected ReLU gradients."""


class Compiled:
    """An ascent, and how long an iteration of it takes here."""

    def __init__(self, ascent: Ascent) -> None:
        self.ascent = ascent
        self.seconds: float | None = None
        """Per iteration, by the last chunk; None before the first."""

    def advance(self, state: State, weights: tf.Tensor, numbers: Numbers, iterations: int) -> Chunk:
        """Takes steps and times them."""
        began = time.perf_counter()
        chunk = self.ascent.advance(state, weights, numbers, iterations)
        chunk.gradient_rms.numpy()  # waits until it is computed
        self.seconds = (time.perf_counter() - began) / iterations
        return chunk

    def count(self, budget: float) -> int:
        """How many iterations fit into `budget` seconds; 1 where it is not known."""
        return max(1, int(budget / self.seconds)) if self.seconds else 1


class CompiledLayers:
    """The compiled ascents of one model.

    Args:
        view: The model as it was read.
    """

    def __init__(self, view: ModelView) -> None:
        self._view = view
        self._kept: Recent[Any, Compiled] = Recent(KEPT)

    def find(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled | None:
        """Returns the compiled ascent for a description, at one of its octaves' sizes; None if there is none yet."""
        return self._kept.get(_key(wanted, size, variant))

    def compile(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled:
        """Finds or compiles it.

        Raises:
            Exception: Whatever a layer raises, such as for an image too small for it.
        """
        if found := self.find(wanted, size, variant):
            return found
        features = self._features(wanted.layer, variant)
        if features is None:
            raise ValueError(f"The layer {wanted.layer!r} has no {variant}.")
        shape = (*size, self._view.image_shape[2])
        made = Compiled(Ascent(features, shape, wanted.input_range, wanted.method))
        made.ascent.compile()
        self._kept.put(_key(wanted, size, variant), made)
        return made

    def offers(self, layer: str, variant: Variant) -> bool:
        """Whether the layer has such a variant."""
        return self._features(layer, variant) is not None

    def _features(self, layer: str, variant: Variant) -> Callable[[tf.Tensor], tf.Tensor] | None:
        if variant == "pre-activation":
            return self._view.pre_activation(layer)
        return self._view.cut(layer, relu="redirected" if variant else "plain")

    def weights(self, wanted: Sequence[Description]) -> tf.Tensor:
        """Which filters count for each image, float32 `(len(wanted), filters)`."""
        rows = []
        for description in wanted:
            row = [0.0] * self._view.layer(description.layer).filters
            for filter, weight in description.method.direction or ((description.filter, 1.0),):
                row[filter] += weight
            if description.method.objective == "layer":
                row = [1 / len(row)] * len(row)
            rows.append(row)
        return tf.constant(rows, tf.float32)


def _key(wanted: Description, size: tuple[int, int], variant: Variant) -> object:
    return wanted.layer, size, wanted.input_range, wanted.method.kind, variant
