"""Compiled ascents, each found again by layer, size and kind of method; only the last few are kept."""

import time
from collections.abc import Sequence
from typing import Any, Literal

import tensorflow as tf

from filterviz_widget.ascent import Ascent, Chunk, Numbers, State
from filterviz_widget.description import Description
from filterviz_widget.model import ModelView
from filterviz_widget.session.recent import Recent
from filterviz_widget.twin import Twin, Weights

KEPT = 8

Variant = Literal["", "pre-activation", "redirected"]
"""What stands in for the layer's output: nothing, its pre-activation, or itself with redirected ReLU gradients."""


class Compiled:
    """An ascent on a twin's features, and how long an iteration of it takes here."""

    def __init__(self, ascent: Ascent, twin: Twin) -> None:
        self.ascent = ascent
        self.twin = twin
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
        self._weights = Weights()
        self._kept: Recent[Any, Compiled] = Recent(KEPT)

    def find(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled | None:
        """Returns the compiled ascent for a description, at one of its octaves' sizes; None if there is none yet."""
        return self._kept.get(_key(wanted, size, variant))

    def compile(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled:
        """Finds or compiles it, for the model's weights as they are now.

        Raises:
            Exception: Whatever a layer raises, such as for an image too small for it.
        """
        if found := self.find(wanted, size, variant):
            # At every run: a picture must not mix weights from before a training step with those from after it. A
            # look whether they have changed takes 4 to 11 ms for networks of some 50 to 160 layers.
            found.twin.refresh()
            return found
        twin = Twin(self._view, wanted.layer, variant or "output", precision=wanted.precision, weights=self._weights)
        twin.refresh()  # what it shares with other layers may be old
        shape = (*size, self._view.image_shape[2])
        made = Compiled(Ascent(twin, shape, wanted.input_range, wanted.method), twin)
        made.ascent.compile()
        self._kept.put(_key(wanted, size, variant), made)
        return made

    def offers(self, layer: str, variant: Variant) -> bool:
        """Whether the layer has such a variant."""
        return variant != "pre-activation" or self._view.pre_activation(layer) is not None

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
    return wanted.layer, size, wanted.input_range, wanted.method.kind, wanted.precision, variant
