"""A description becomes a stream of frames, with what was computed before kept at hand."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.ascent import Numbers, State
from filterviz_widget.description.description import Description
from filterviz_widget.engine.batch import most_together
from filterviz_widget.engine.compiled import Compiled, CompiledLayers, Variant
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.octaves import octaves
from filterviz_widget.engine.recent import Recent
from filterviz_widget.engine.wake import wake
from filterviz_widget.model import ModelView
from filterviz_widget.picture import FilterPicture, display, enlarge

PICTURES_KEPT = 64

FIRST_CHUNK = 0.015
"""Seconds: a moved slider shows a first frame well within the 100 ms that feel immediate."""

CHUNK = 0.05
"""Seconds between frames: twenty pictures a second, and a stop is heard as soon."""

SLOW = 0.08
"""Seconds of an iteration, from which a preview comes first: with its way to the screen, 60 to 70 ms, the first frame
would take longer than 150 ms."""

PREVIEW = 0.05
"""Seconds that the iterations of a preview may take."""


class Frames:
    """Computes pictures of one model's filters. Not for several threads at once, but for `prepare`.

    Args:
        view: The model as it was read.
    """

    def __init__(self, view: ModelView) -> None:
        self._view = view
        self._layers = CompiledLayers(view)
        self._pictures: Recent[Description, FilterPicture] = Recent(PICTURES_KEPT)

    def most_together(self, layer: str) -> int:
        """How many pictures of a layer's filters the memory holds."""
        return most_together(self._view, layer)

    def forget_pictures(self) -> None:
        """Drops finished pictures, because the model's weights may have changed."""
        self._pictures.clear()

    def stream(self, wanted: Description) -> Iterator[Frame]:
        """Yields frames until the picture is final; the last has status "done". May be left at any time.

        Raises:
            FloatingPointError: If a gradient is not finite.
            Exception: Whatever a layer raises.
        """
        picture = self._pictures.get(wanted)
        if picture is None:
            (picture,) = yield from self.run([wanted])
            self._pictures.put(wanted, picture)
        activations = picture.activations.tolist()
        yield Frame("done", wanted, wanted.iterations, activations, picture.image, picture, note=picture.note)

    def prepare(self, wanted: Description, is_wanted: Callable[[], bool]) -> None:
        """Compiles what a picture needs before it is asked for. May run on another thread, beside all else.

        Args:
            wanted: The description; filter and numbers do not matter.
            is_wanted: Asked often; a no ends the work.
        """
        for size, _ in octaves(wanted.image_size, wanted.method.octaves, wanted.iterations):
            compiled = self._layers.ahead(wanted, size, is_wanted)
            if compiled and _is_slow(compiled, wanted):
                self._layers.ahead(wanted, _half(wanted.image_size), is_wanted)

    def pictures(self, batch: Sequence[Description]) -> list[FilterPicture]:
        """Ascends to all pictures of a batch (see `run`), also to those that are kept: weights may have changed."""
        run = self.run(batch)
        while True:
            try:
                next(run)
            except StopIteration as stop:
                return list(stop.value)

    def run(
        self, batch: Sequence[Description], variant: Variant = "", seed: int | None = None, note: str = ""
    ) -> Generator[Frame, None, list[FilterPicture]]:
        """Ascends to pictures that differ in filter and seed only, as one batch; frames show the first.

        Args:
            batch: The descriptions, alike but for filter and seed.
            variant: What stands in for the layer's output.
            seed: The start in place of the description's own.
            note: The reason for either; no other remedy is tried for a dead filter.
        """
        first = batch[0]
        numbers = Numbers.of(first.method, first.step_size)
        weights = self._layers.weights(batch)
        seeds = [each.seed if seed is None else seed for each in batch]
        dead = np.zeros(len(batch), bool)
        activations: list[npt.NDArray[np.float32]] = []
        images: Any = None
        for size, iterations in octaves(first.image_size, first.method.octaves, first.iterations):
            if self._layers.find(first, size, variant) is None:
                yield Frame("compiling", first)
            compiled = self._layers.compile(first, size, variant)
            yield Frame("running", first)
            if not (activations or variant or len(batch) > 1) and _is_slow(compiled, first):
                yield from self._preview(first, numbers, weights, seeds)
            state = compiled.ascent.start(seeds, None if images is None else tf.image.resize(images, size, "bicubic"))
            left, budget = iterations, FIRST_CHUNK
            while left:
                count = min(compiled.count(budget), left)
                chunk = compiled.advance(state, weights, numbers, count)
                sizes = chunk.gradient_rms.numpy()
                _check_finite(sizes, batch, len(activations))
                if not activations and not note:
                    dead = sizes[0] == 0
                    if dead.all() and len(batch) == 1:
                        remedy = wake(self._layers, first, size, numbers)
                        return (yield from self.run(batch, *remedy))
                state, images, left, budget = chunk.state, chunk.images, left - count, CHUNK
                activations.extend(chunk.activations.numpy())
                if len(activations) < first.iterations:
                    image = enlarge(self._paint(images[0].numpy(), _saliency(state, 0)), first.image_size)
                    yield Frame(
                        "running", first, len(activations), [float(v[0]) for v in activations], image, note=note
                    )
        activations.append(compiled.ascent.measure(state, weights, numbers).numpy())
        curves = np.array(activations, np.float32).T
        pictures = []
        for index, description in enumerate(batch):
            if dead[index]:
                pictures += yield from self.run([description])
                continue
            raw = images[index].numpy()
            image = self._paint(raw, _saliency(state, index))
            caption = " ".join(filter(None, [note, self._view.to_rgb(raw).caption]))
            pictures.append(FilterPicture(image, raw, curves[index].copy(), description, caption))
        return pictures

    def _preview(
        self, wanted: Description, numbers: Numbers, weights: tf.Tensor, seeds: Sequence[int]
    ) -> Iterator[Frame]:
        """A frame at half the size, if that was compiled ahead. The picture itself does not depend on it."""
        size = _half(wanted.image_size)
        if self._layers.find(wanted, size) is None:
            return
        compiled = self._layers.compile(wanted, size)
        count = min(compiled.count(PREVIEW), wanted.iterations)
        chunk = compiled.advance(compiled.ascent.start(seeds), weights, numbers, count)
        raw = chunk.images[0].numpy()
        if np.isfinite(raw).all():
            image = enlarge(self._paint(raw, _saliency(chunk.state, 0)), wanted.image_size)
            yield Frame("running", wanted, image=image, is_preview=True)

    def _paint(self, raw: npt.NDArray[np.float32], saliency: npt.NDArray[np.float32] | None) -> npt.NDArray[np.uint8]:
        return display(self._view.to_rgb(raw).pixels, saliency)


def _is_slow(compiled: Compiled, wanted: Description) -> bool:
    """Whether its first frame takes long. With octaves the first one is coarse anyway."""
    return wanted.method.octaves == 1 and compiled.seconds is not None and compiled.seconds > SLOW


def _half(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] // 2, size[1] // 2


def _saliency(state: State, index: int) -> npt.NDArray[np.float32] | None:
    return state.saliency[0][index].numpy() if state.saliency else None


def _check_finite(sizes: npt.NDArray[np.float32], batch: Sequence[Description], before: int) -> None:
    iterations, places = np.nonzero(~np.isfinite(sizes))
    if len(iterations):
        filter, iteration = batch[places[0]].filter, before + int(iterations[0]) + 1
        raise FloatingPointError(
            f"the gradient of filter {filter} is NaN or infinite at iteration {iteration}. "
            "Look for NaN among the model's weights, or try a smaller step size."
        )
