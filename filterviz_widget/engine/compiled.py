"""Compiled ascents, each found again by layer, size and kind of method; only the last few are kept."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import tensorflow as tf

from filterviz_widget.ascent import Ascent, Chunk, Numbers, State
from filterviz_widget.description.description import Description
from filterviz_widget.description.method import CLASSIC
from filterviz_widget.engine.recent import Recent
from filterviz_widget.model import ModelView
from filterviz_widget.twin import Twin, Weights

KEPT = 12
"""With the neighbours of those that were seen."""

Variant = Literal["", "pre-activation", "redirected"]
"""What stands in for the layer's output: nothing, its pre-activation, or itself with redirected ReLU gradients."""


class Abandoned(BaseException):
    """Work ahead was given up. Not an Exception, which a layer or Keras would take for an error of the layer's."""


class Coming:
    """An ascent that is compiled ahead."""

    def __init__(self) -> None:
        self.is_awaited = False
        self.is_over = threading.Event()


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

    def warm_up(self, filters: int) -> None:
        """Takes two steps with an image that is thrown away, unless some were taken before.

        The first one is slow: TensorFlow optimises the graph and chooses its kernels.
        """
        if self.seconds is None:
            state, weights, numbers = self.ascent.start([0]), tf.one_hot([0], filters), Numbers.of(CLASSIC, 0.0)
            for _ in range(2):
                self.advance(state, weights, numbers, 1)

    def count(self, budget: float) -> int:
        """How many iterations fit into `budget` seconds; 1 where it is not known."""
        return max(1, int(budget / self.seconds)) if self.seconds else 1


class CompiledLayers:
    """The compiled ascents of one model. Several threads may use it.

    Args:
        view: The model as it was read.
    """

    def __init__(self, view: ModelView) -> None:
        self._view = view
        self._weights = Weights()
        self._lock = threading.Lock()
        self._kept: Recent[Any, Compiled] = Recent(KEPT)
        self._coming: dict[Any, Coming] = {}
        self._failed: set[Any] = set()

    def find(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled | None:
        """Returns the compiled ascent for a description, at one of its octaves' sizes; None if there is none yet."""
        with self._lock:
            return self._kept.get(_key(wanted, size, variant))

    def compile(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled:
        """Finds or compiles it, for the model's weights as they are now.

        Raises:
            Exception: Whatever a layer raises, such as for an image too small for it.
        """
        key = _key(wanted, size, variant)
        if coming := self._coming.get(key):
            coming.is_awaited = True
            coming.is_over.wait()
        if (made := self.find(wanted, size, variant)) is None:
            made = self._make(wanted, size, variant)
            self._keep(key, made)
        # At every run: a picture must not mix weights from before a training step with those from after it. A look
        # whether they have changed takes 4 to 11 ms for networks of some 50 to 160 layers.
        made.twin.refresh()
        return made

    def ahead(self, wanted: Description, size: tuple[int, int], is_wanted: Callable[[], bool]) -> Compiled | None:
        """Finds or compiles it before it is asked for, and warms it up.

        Args:
            wanted: The description.
            size: One of its octaves' sizes.
            is_wanted: Asked often; a no ends the work, unless `compile` waits for just this.

        Returns:
            None if it was given up, or does not work: then `compile` will say why.
        """
        key, coming = _key(wanted, size, ""), Coming()
        if key in self._failed:
            return None

        def check() -> None:
            if not (is_wanted() or coming.is_awaited or coming.is_over.is_set()):
                raise Abandoned

        if (made := self.find(wanted, size)) is None:
            self._coming[key] = coming
            try:
                made = self._make(wanted, size, "", check)
                self._keep(key, made)
            except Abandoned:
                return None
            except Exception:
                self._failed.add(key)
                return None
            finally:
                del self._coming[key]
                coming.is_over.set()
        if is_wanted():
            made.warm_up(self._view.layer(wanted.layer).filters)
        return made

    def _make(
        self,
        wanted: Description,
        size: tuple[int, int],
        variant: Variant,
        check: Callable[[], None] = lambda: None,
    ) -> Compiled:
        twin = Twin(
            self._view,
            wanted.layer,
            variant or "output",
            precision=wanted.precision,
            weights=self._weights,
            check=check,
        )
        shape = (*size, self._view.image_shape[2])
        ascent = Ascent(twin, shape, wanted.input_range, wanted.method)
        made = Compiled(ascent, twin)
        made.ascent.compile()
        return made

    def _keep(self, key: Any, made: Compiled) -> None:
        with self._lock:
            self._kept.put(key, made)

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
