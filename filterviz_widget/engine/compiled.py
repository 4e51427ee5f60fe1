"""Compiled ascents, each found again by layer, size and kind of method; as many are kept as a bound in bytes allows."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

import cachetools
import numpy as np
import tensorflow as tf

from filterviz_widget.ascent import Ascent, Chunk, Measured, Numbers, State
from filterviz_widget.description import Description
from filterviz_widget.description.method import CLASSIC
from filterviz_widget.model import ModelView, generators
from filterviz_widget.twin import Forms, Source, Taken, Twin, Weights, on_the_way

_log = logging.getLogger(__name__)

MOST_BYTES = 400e6
"""Of one model's compiled ascents."""

BYTES_PER_OPERATION = 10_000
"""What an operation of a traced loop takes: measured 8 to 12 kB for networks of 200 to 3,000 operations."""

PATIENCE = 0.05
"""Seconds after which who waits for another's compiling asks again whether that is still wanted."""

Variant = Literal["", "opened", "pre-activation"]
"""What stands in for the layer's output: nothing; itself, with all rectifiers on the way opened; its pre-activation."""


class Abandoned(BaseException):
    """Work was given up, because nobody wants it any more.

    Not an Exception, which a layer or Keras would take for an error of the layer's.
    """


class Compiled:
    """An ascent on a twin's features, and how long an iteration of it takes here."""

    def __init__(self, ascent: Ascent, sources: tuple[Source, ...]) -> None:
        self.ascent, self.sources = ascent, sources
        self.seconds: float | None = None
        """Per iteration, by the last chunk; None before the first."""

    def start(self, batch: Sequence[Description], seeds: Sequence[int]) -> State:
        """The state before the first iteration: at the photos that are wanted, or grey with a little noise."""
        photos = [each.photo.numpy() for each in batch if each.photo is not None]
        return self.ascent.start(seeds, tf.constant(np.stack(photos)) if photos else None)

    def advance(self, state: State, selection: tf.Tensor, numbers: Numbers, iterations: int, weights: Taken) -> Chunk:
        """Takes steps and times them."""
        began = time.perf_counter()
        chunk = self.ascent.advance(state, selection, numbers, iterations, weights.tensors)
        chunk.gradient_rms.numpy()  # waits until it is computed
        self.seconds = (time.perf_counter() - began) / iterations
        return chunk

    def measure(self, state: State, selection: tf.Tensor, numbers: Numbers, weights: Taken) -> Measured:
        """What each image as it is does to its filter."""
        return self.ascent.measure(state, selection, numbers, weights.tensors)

    def warm_up(self, filters: int, weights: Taken) -> None:
        """Takes two steps with an image that is thrown away, unless some were taken before.

        The first one is slow: TensorFlow optimises the graph and chooses its kernels.
        """
        if self.seconds is None:
            state, selection, numbers = self.ascent.start([0]), tf.one_hot([0], filters), Numbers.of(CLASSIC, 0.0)
            for _ in range(2):
                self.advance(state, selection, numbers, 1, weights)

    def count(self, budget: float) -> int:
        """How many iterations fit into `budget` seconds; 1 where it is not known."""
        return max(1, int(budget / self.seconds)) if self.seconds else 1

    @property
    def nbytes(self) -> int:
        """An estimate of what it takes in memory."""
        return BYTES_PER_OPERATION * self.ascent.operations


class _Coming:
    """An ascent that is being compiled."""

    def __init__(self) -> None:
        self.awaited_by = 0
        self.is_over = threading.Event()


class CompiledLayers:
    """The compiled ascents of one model. Several threads may use it.

    Args:
        view: The model as it was read.
        weights: The model's.
        forms: Says which form a convolution takes.
    """

    def __init__(self, view: ModelView, weights: Weights, forms: Forms) -> None:
        self._view, self._weights, self._forms = view, weights, forms
        self._lock = threading.Lock()
        self._kept: cachetools.LRUCache[Hashable, Compiled] = cachetools.LRUCache(
            MOST_BYTES, getsizeof=lambda made: made.nbytes
        )
        self._coming: dict[Hashable, _Coming] = {}
        self._failed: set[Hashable] = set()
        self._read: dict[str, Source] = {}

    def now(self, layer: str) -> Taken:
        """The model's weights on the way to a layer, "" for all of them, as they are at this moment."""
        if layer not in self._read:
            self._reads(layer, on_the_way(self._view.graph, self._view.graph.path(layer)))
        return self._weights.take([self._read[layer]])

    def _reads(self, layer: str, variables: tuple[Any, ...]) -> None:
        self._read[layer] = Source(("read", *map(id, variables)), variables, lambda _: ())

    def find(self, wanted: Description, size: tuple[int, int], variant: Variant = "") -> Compiled | None:
        """Returns the compiled ascent for a description, at one of its octaves' sizes; None if there is none yet."""
        with self._lock:
            return self._kept.get(_key(wanted, size, variant))

    def compile(
        self,
        wanted: Description,
        size: tuple[int, int],
        variant: Variant = "",
        *,
        check: Callable[[], None] = lambda: None,
    ) -> Compiled:
        """Finds or compiles it; who asks for what another is compiling waits for that.

        Args:
            wanted: The description; its filter and numbers do not matter.
            size: One of its octaves' sizes.
            variant: See `Variant`.
            check: Called often; it may raise `Abandoned`, which counts unless another waits for just this.

        Raises:
            Abandoned: If it was given up.
            Exception: Whatever a layer raises, such as for an image too small for it.
        """
        key = _key(wanted, size, variant)
        while True:
            with self._lock:
                if (made := self._kept.get(key)) is not None:
                    return made
                coming = self._coming.get(key)
                if coming is None:
                    mine = self._coming[key] = _Coming()
                    break
                coming.awaited_by += 1
            try:
                while not coming.is_over.wait(PATIENCE):
                    check()
            finally:
                coming.awaited_by -= 1

        def check_mine() -> None:
            if not mine.awaited_by:
                check()

        try:
            made = self._make(wanted, size, variant, check_mine)
            with self._lock:
                if made.nbytes <= MOST_BYTES:
                    self._kept[key] = made
            if unknown := made.ascent.variables:  # a layer's own, which Keras does not know of
                before = self._read[wanted.layer].variables if wanted.layer in self._read else ()
                self._reads(wanted.layer, tuple({id(one): one for one in (*before, *unknown)}.values()))
            return made
        finally:
            with self._lock:
                del self._coming[key]
            mine.is_over.set()

    def ahead(self, wanted: Description, size: tuple[int, int], check: Callable[[], None]) -> Compiled | None:
        """Finds or compiles it before it is asked for, and warms it up; None if it does not work.

        Then `compile` will say why. A size that does not work is not tried again.

        Raises:
            Abandoned: As `check` does.
        """
        key = _key(wanted, size, "")
        if key in self._failed:
            return None
        try:
            made = self.compile(wanted, size, check=check)
        except Exception as error:
            _log.debug("%s at %s is not compiled ahead: %s", wanted.layer, size, error)
            self._failed.add(key)
            return None
        check()
        made.warm_up(self._view.layer(wanted.layer).filters, self._weights.take(made.sources))
        return made

    def _make(
        self, wanted: Description, size: tuple[int, int], variant: Variant, check: Callable[[], None]
    ) -> Compiled:
        with generators.kept(self._view.has_own_code):
            twin = Twin(
                self._view,
                wanted.layer,
                variant or "output",
                precision=wanted.precision,
                image_size=size,
                forms=self._forms,
                check=check,
            )
            shape = (*size, self._view.image_shape[2])
            specs = self._weights.take(twin.sources).specs
            from_photo = wanted.photo is not None
            ascent = Ascent(twin, shape, wanted.input_range, wanted.method, specs, True, from_photo, self._view.data)
            ascent.compile()
        return Compiled(ascent, twin.sources)

    def offers(self, layer: str, variant: Variant) -> bool:
        """Whether the layer has such a variant."""
        return variant != "pre-activation" or self._view.pre_activation(layer) is not None


def _key(wanted: Description, size: tuple[int, int], variant: Variant) -> Hashable:
    return wanted.layer, size, wanted.method.kind, wanted.precision, variant, wanted.photo is not None
