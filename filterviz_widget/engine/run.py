"""One ascent from its start image to its picture, told frame by frame."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.ascent import Numbers, State
from filterviz_widget.description import Description
from filterviz_widget.description.data import said_of_fitting
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import memory
from filterviz_widget.engine.compiled import CompiledLayers
from filterviz_widget.engine.course import Course
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.octaves import octaves
from filterviz_widget.engine.paint import colours, paint
from filterviz_widget.engine.wake import AS_ASKED, Remedy, Wake, subject
from filterviz_widget.model import ModelView
from filterviz_widget.picture import FilterPicture
from filterviz_widget.twin import Taken, Weights

FIRST_CHUNK = 0.015
"""Seconds: a moved slider shows a first frame well within the 100 ms that feel immediate."""

CHUNK = 0.05
"""Seconds between frames: twenty pictures a second, and a stop is heard as soon."""


class _Lane(NamedTuple):
    """One of the images that ascend together."""

    wanted: Description
    seed: int
    facet: int


class Runs:
    """Runs ascents on one model's layers. Several threads may use it.

    Args:
        view: The model as it was read.
        layers: Its compiled ascents.
        weights: Its weights.
    """

    def __init__(self, view: ModelView, layers: CompiledLayers, weights: Weights) -> None:
        self._view, self._layers, self._weights = view, layers, weights
        self._wake = Wake(view, layers, weights)
        self._too_small: set[tuple[str, tuple[int, int]]] = set()
        """Layers with a size that they cannot be computed at."""
        self._spans: dict[str, tuple[int, int]] = {}

    def run(
        self,
        batch: Sequence[Description],
        moment: Taken,
        check: Callable[[], None] = lambda: None,
        remedy: Remedy = AS_ASKED,
        every: int = 0,
    ) -> Generator[Frame, None, list[FilterPicture]]:
        """Ascends to pictures that differ in filter, seed and photo only, as one batch; frames show the first.

        Args:
            batch: The descriptions, alike but for filter, seed and photo; either all start at a photo or none.
            moment: The model's weights that they are drawn with, of `CompiledLayers.now`.
            check: Called between chunks, and often while something is compiled; it may raise to give the run up.
            remedy: How a filter is shown that does not answer otherwise.
            every: After how many iterations a frame is to come; 0 for as many as take `CHUNK`.

        Returns:
            The pictures, for each description as many as it has facets. One whose gradient is not finite says so in
            its `error`.

        Raises:
            ValueError: If a photo does not fit the model, or some of the batch have one and some have not.
            MemoryError: If there is too little for it, found out beforehand.
            Exception: Whatever a layer raises.
        """
        first = batch[0]
        self._check_photos(batch)
        patience = first.method.patience
        if patience and len(batch) > 1:  # each has its own end
            pictures: list[FilterPicture] = []
            for each in batch:
                pictures += yield from self.run([each], moment, check, remedy, every)
            return pictures
        variant, note = remedy.variant, remedy.note
        lanes = [_Lane(each, own, facet) for each in batch for facet, own in enumerate(each.seeds)]
        numbers = Numbers.of(first.method, first.step_size * remedy.pace)
        selection = self._selection([lane.wanted for lane in lanes])
        beside = first.photo is not None and first.method.nearness > 0  # the photos go through the model, too
        memory.check(self._view, first.layer, first.image_size, len(lanes) * (1 + beside))
        course = Course(remedy)
        state: State | None = None
        images: Any = None
        before: tuple[int, int] = first.image_size
        for size, iterations in self._octaves(first):
            if self._layers.find(first, size, variant) is None:
                yield Frame("compiling", first, course.taken, note=note)
            try:
                with memory.told(first.layer, first.image_size):
                    compiled = self._layers.compile(first, size, variant, check=check)
            except ValueError:
                if size == first.image_size:
                    raise
                self._too_small.add((first.layer, size))
                return (yield from self.run(batch, moment, check, remedy, every))
            weights = self._weights.take(compiled.sources, moment)
            yield Frame("running", first, course.taken, note=note)
            if state is None:
                state = compiled.start([lane.wanted for lane in lanes], [lane.seed for lane in lanes])
            else:
                state = compiled.ascent.grown(state, before)
            before = size
            left, budget = iterations, FIRST_CHUNK
            while left:
                check()
                count = min(compiled.count(budget), left)
                if every:
                    count = min(count, every - (iterations - left) % every)
                if patience:  # looked at after the same iterations, whatever the chunks
                    count = min(count, patience - (iterations - left) % patience)
                try:
                    with memory.told(first.layer, first.image_size):
                        chunk = compiled.advance(state, selection, numbers, count, weights)
                except tf.errors.InvalidArgumentError:  # a layer's own code, which asks for a size when it runs
                    if size == first.image_size:
                        raise
                    self._too_small.add((first.layer, size))
                    return (yield from self.run(batch, moment, check, remedy, every))
                new = course.add(chunk)
                state, images, left, budget = chunk.state, chunk.images, left - count, CHUNK
                if not note and len(lanes) == 1 and course.is_hopeless:
                    no_way = bool(course.stuck[0])
                    found = self._wake.remedy(first, size, numbers, selection, moment, check, remedy, no_way)
                    return (yield from self.run(batch, moment, check, found, every))
                here = iterations - left
                if patience and here % patience == 0 and course.is_flat(here, patience, first.method.sign):
                    left = 0
                if course.broken.all():
                    left = 0
                elif (left or size != first.image_size) and not (every and (iterations - left) % every):
                    image = self._paint(first, images[0].numpy(), _saliency(state, 0))
                    yield Frame("running", first, course.taken, new[:, 0].tolist(), image, note=note)
            if course.broken.all():
                break
        assert state is not None  # an image takes one step at least
        with memory.told(first.layer, first.image_size):
            measured = compiled.measure(state, selection, numbers, weights)
        curves = np.array([*course.activations, measured.activations.numpy()], np.float32).T
        dead = course.dead(measured.closed.numpy())
        pictures = []
        for index, lane in enumerate(lanes):
            other: Remedy | None = None
            if not note and not course.broken[index] and lane.wanted.facets == 1:
                if dead[index]:
                    one, no_way = selection[index : index + 1], bool(course.stuck[index])
                    other = self._wake.remedy(
                        lane.wanted, first.image_size, numbers, one, moment, check, remedy, no_way
                    )
                elif measured.opens[index]:
                    other = self._wake.gentler(remedy)
            if other is not None:
                pictures += yield from self.run([lane.wanted], moment, check, other, every)
                continue
            raw = images[index].numpy()
            pictures.append(
                FilterPicture(
                    self._paint(lane.wanted, raw, _saliency(state, index)),
                    raw,
                    curves[index].copy(),
                    lane.wanted,
                    self._caption(course, index, lane, remedy, bool(dead[index]), raw),
                    lane.facet,
                    _error(lane, int(course.broken[index])),
                    remedy.is_dead,
                    self._span(first.layer),
                )
            )
        return pictures

    def _caption(
        self,
        course: Course,
        index: int,
        lane: _Lane,
        remedy: Remedy,
        is_dead: bool,
        raw: npt.NDArray[np.float32],
    ) -> str:
        wanted = lane.wanted
        said = remedy.note or _said_of_opening(course.redirected(index), wanted, remedy.pace)
        if is_dead and not remedy.note:  # of facets, which ascend together
            said = f"{subject(wanted)} of {wanted.layer} stayed closed: its gradient is exactly zero."
        came_to_rest = course.taken < wanted.iterations and not course.broken[index]
        rest = f"Flat after {course.taken} of {wanted.iterations} iterations." if came_to_rest else ""
        said_last = colours(self._view, raw).caption, self._said_of_octaves(wanted)
        return " ".join(filter(None, [said, rest, *said_last, self._said_of_data(wanted)]))

    def prepare(self, wanted: Description, check: Callable[[], None]) -> None:
        """Compiles what a picture needs before it is asked for."""
        for size, _ in self._octaves(wanted):
            self._layers.ahead(wanted, size, check)

    def _octaves(self, wanted: Description) -> list[tuple[tuple[int, int], int]]:
        # Units see the whole image, at its own size only.
        layer, size, iterations = wanted.layer, wanted.image_size, wanted.iterations
        if wanted.photo is not None:  # a smaller photo is another one
            return octaves(size, 1, iterations)
        count = 1 if self._view.layer(layer).kind == "units" else wanted.method.octaves
        while any((layer, each) in self._too_small for each, _ in octaves(size, count, iterations)):
            count -= 1
        return octaves(size, count, iterations)

    def _said_of_octaves(self, wanted: Description) -> str:
        asked = wanted.method.octaves not in {preset.method.octaves for preset in PRESETS.values()}
        if wanted.photo is not None:
            return "An ascent that starts at a photo has one octave, the photo's own size." if asked else ""
        smaller = [size for layer, size in self._too_small if layer == wanted.layer]
        if not asked or not smaller or self._view.layer(wanted.layer).kind == "units":
            return ""
        height, width = max(smaller)
        return f"{wanted.layer} cannot be computed from {height} x {width} pixels: there are fewer octaves."

    def _said_of_data(self, wanted: Description) -> str:
        """What the input is, where that is not to be seen, and what of a preset means nothing for it."""
        data = self._view.data
        of_method = (said_of_fitting(preset.method, wanted.method, data) for preset in PRESETS.values())
        return " ".join(filter(None, [self._view.input_note, next(filter(None, of_method), "")]))

    def _span(self, layer: str) -> tuple[int, int] | None:
        """The steps of a signal that the position in the middle of a layer's map sees; None for all else."""
        if self._view.data.kind != "signal":
            return None
        if layer not in self._spans:
            field = self._view.receptive_field(layer)
            _, left, _, right = field.box((field.map_size[0] // 2, field.map_size[1] // 2))
            self._spans[layer] = left, right
        return self._spans[layer]

    def _selection(self, wanted: Sequence[Description]) -> tf.Tensor:
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

    def _check_photos(self, batch: Sequence[Description]) -> None:
        photos = [each.photo for each in batch if each.photo is not None]
        if len(photos) not in (0, len(batch)):
            raise ValueError(
                f"Of {len(batch)} pictures that ascend together, {len(photos)} start at a photo: expected all or none."
            )
        for photo in photos:
            if photo.shape != self._view.image_shape:
                raise ValueError(
                    f"The photo must be of the model's image shape {self._view.image_shape}, got {photo.shape}."
                )

    def _paint(
        self, wanted: Description, raw: npt.NDArray[np.float32], saliency: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.uint8]:
        return paint(self._view, raw, saliency, is_photo=wanted.photo is not None)


def _said_of_opening(redirected: npt.NDArray[np.bool_], wanted: Description, pace: float) -> str:
    count = int(redirected.sum())
    where = f"the first {count} iterations" if redirected[:count].all() else f"{count} of the iterations"
    where = "the first iteration" if where == "the first 1 iterations" else where
    opened = f"Opened with redirected gradients in {where}" if count else ""
    if opened and wanted.photo is not None:
        opened = f"Closed on this photo; o{opened[1:]}"
    steps = f"with steps of {wanted.step_size * pace:g} grey levels"
    steps = f"{steps}, as longer ones close it again" if pace < 1 else f"{steps}, as shorter ones did not open it"
    steps = "" if pace == 1 else steps
    said = ", ".join(filter(None, [opened, steps]))
    return said[:1].upper() + said[1:] + "." if said else ""


def _saliency(state: State, index: int) -> npt.NDArray[np.float32] | None:
    return state.saliency[0][index].numpy() if state.saliency else None


def _error(lane: _Lane, iteration: int) -> str:
    if not iteration:
        return ""
    return (
        f"the gradient of filter {lane.wanted.filter} is NaN or infinite at iteration {iteration}. Look for NaN among "
        "the model's weights, or try a smaller step size."
    )
