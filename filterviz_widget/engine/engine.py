"""A model's pictures from their descriptions: one engine per model and reading, whoever asks."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cachetools

from filterviz_widget.description import Description, checked_precision
from filterviz_widget.description.data import check_meaning, fitted
from filterviz_widget.description.presets import preset
from filterviz_widget.description.ranges import RANGES, Range, fitting
from filterviz_widget.description.reading import Reading, held, named
from filterviz_widget.engine import memory
from filterviz_widget.engine.answers import Answers
from filterviz_widget.engine.compiled import CompiledLayers
from filterviz_widget.engine.film import Film, distance, film
from filterviz_widget.engine.forms import FORMS
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.run import Runs
from filterviz_widget.interrupts import WHOLE
from filterviz_widget.interrupts import check as interruption
from filterviz_widget.model import ModelView
from filterviz_widget.picture import FilterPicture
from filterviz_widget.twin import Forms, Weights, best_precision

MOST_BYTES = 64e6
"""Of one model's finished pictures: some hundred of 224 x 224 pixels."""

MOST_FILMS = 16e6
"""Of one model's films: some thirty of 224 x 224 pixels."""

READING: dict[str, Any] = {
    "input": None,
    "image_size": None,
    "input_range": "auto",
    "preprocess": None,
    "other_inputs": None,
    "channels": None,
    "data": "auto",
    "input_shape": None,
}
"""The arguments that say how a model is read, with their defaults."""

Pictures = tuple[FilterPicture, ...]


class Engine:
    """Draws pictures of one model's filters. Several threads may use it, each for pictures of its own.

    What was drawn is kept, by the description and the version of the weights that it was drawn with: nothing that is
    shown is older than the weights.

    Args:
        view: The model as it was read.
        input: The input that is optimised, as it was given to `read_model`.
        preprocess: What is done to the image first, as it was given.
        other_inputs: What the other inputs are held at, as it was given.
        forms: Says which form a convolution takes on this machine.

    Attributes:
        reading: How the model is understood.
        answers: What can be said of its filters beside their optima.
    """

    def __init__(
        self,
        view: ModelView,
        input: str | None = None,  # Keras' word
        preprocess: Any = None,
        other_inputs: Mapping[str, Any] | None = None,
        forms: Forms = FORMS,
    ) -> None:
        self.view = view
        self.reading = Reading(
            input or "",
            view.image_shape[:2],
            view.input_range,
            named(preprocess),
            held(other_inputs),
            view.channels,
            view.data.kind,
            view.data.slices,
        )
        self._forms = forms
        self._weights = Weights()
        self._layers = CompiledLayers(view, self._weights, forms)
        self._runs = Runs(view, self._layers, self._weights)
        self._seen: cachetools.LRUCache[tuple[int, Description], Pictures] = cachetools.LRUCache(
            MOST_BYTES, getsizeof=lambda pictures: sum(each.nbytes for each in pictures)
        )
        self._films: cachetools.LRUCache[tuple[int, Description], Film] = cachetools.LRUCache(
            MOST_FILMS, getsizeof=lambda made: made.nbytes
        )
        self._lock = threading.Lock()
        self.answers = Answers(view, self._layers)

    def describe(
        self,
        layer: str,
        filter: int,  # the field's word
        *,
        method: str = "classic",
        step_size: float | None = None,
        iterations: int | None = None,
        seed: int = 0,
        precision: str = "auto",
        **options: Any,
    ) -> Description:
        """Makes the description of a picture from what a person gives; None is the method's own number.

        A precision of "auto" becomes the one that is quicker on this machine (`twin.best_precision`). What of the
        method means nothing for the model's data is left out, and refused where it is asked for.

        Raises:
            TypeError, ValueError: For what does not fit.
        """
        chosen = preset(method)
        filters = self.view.layer(layer).filters
        axes = fitted(chosen.method, self.view.data).replaced(**options)
        check_meaning(options, self.view.data)
        for number, _ in axes.direction:
            fitting("direction's filter", number, Range(0, filters - 1, whole=True))
        wanted = Description(
            layer,
            self.filter(layer, filter),
            float(fitting("step_size", chosen.step_size if step_size is None else step_size, RANGES["step_size"])),
            fitting("iterations", chosen.iterations if iterations is None else iterations, RANGES["iterations"]),
            fitting("seed", seed, RANGES["seed"]),
            self.reading,
            axes,
        )
        return self.settled(wanted, precision)

    def filter(self, layer: str, number: Any) -> int:
        """The number of a filter, if the layer has it.

        Raises:
            ValueError: If it has not, or there is no such layer.
        """
        checked: int = fitting("filter", number, Range(0, self.view.layer(layer).filters - 1, whole=True))
        return checked

    def settled(self, wanted: Description, precision: str = "auto") -> Description:
        """The description in a precision; for "auto" in the one that is quicker here, which may have to be timed.

        Raises:
            ValueError: If there is no such precision.
        """
        if (given := checked_precision(precision)) == "auto":
            given = best_precision(self.view, wanted.layer, self._forms)
        return replace(wanted, precision=given)

    def stream(self, wanted: Description, check: Callable[[], None] = interruption) -> Iterator[Frame]:
        """Yields frames until the picture is final; the last has status "done". May be left at any time.

        Args:
            wanted: The description; of several facets the first is shown.
            check: Called between chunks, and often while something is compiled; it may raise to give the run up.

        Raises:
            FloatingPointError: If a gradient is not finite.
            MemoryError: If there is too little for it.
            Exception: Whatever a layer or `check` raises.
        """
        pictures = yield from self._pictures(wanted, check)
        first = pictures[0]
        if first.error:
            raise FloatingPointError(first.error)
        taken = len(first.activations) - 1
        yield Frame("done", wanted, taken, first.activations.tolist(), first.image, first, note=first.note)

    def picture(self, wanted: Description, check: Callable[[], None] = interruption) -> FilterPicture:
        """The picture of a description; of several facets the first.

        Raises:
            As `stream` does.
        """
        with WHOLE:
            *_, frame = self.stream(wanted, check)
        assert frame.picture is not None
        return frame.picture

    def version(self, layer: str) -> int:
        """Of the weights that pictures of a layer depend on."""
        return self._layers.now(layer).version

    def film(self, wanted: Description, check: Callable[[], None] = interruption) -> Film:
        """The way of a picture: frames at even distances, taken by going it once more.

        Raises:
            As `stream` does.
        """
        if (known := self.filmed(wanted)) is not None:
            return known
        moment = self._layers.now(wanted.layer)
        with WHOLE:
            made = film(self._runs.run([wanted], moment, check, every=distance(wanted.iterations)))
        with self._lock:
            if made.nbytes <= MOST_FILMS:
                self._films[moment.version, wanted] = made
        return made

    def filmed(self, wanted: Description) -> Film | None:
        """Its film if that was made with the weights of this moment."""
        version = self.version(wanted.layer)
        with self._lock:
            return self._films.get((version, wanted))

    def facets(self, wanted: Description, check: Callable[[], None] = interruption) -> list[FilterPicture]:
        """All pictures of a description, as many as it has facets. One that failed says so in its `error`.

        `check` is called often; it may raise to give the run up.
        """
        with WHOLE:
            return list(_last(self._pictures(wanted, check)))

    def together(self, batch: Sequence[Description], check: Callable[[], None] = interruption) -> list[FilterPicture]:
        """The pictures of descriptions that differ in filter and seed only, ascending as one batch.

        Libraries may sum in another order for a batch, so pixels can differ from a single picture's by rounding; so a
        batch is neither kept nor recalled. A picture that failed says so in its `error`.
        """
        with WHOLE:
            return list(_last(self._runs.run(batch, self._layers.now(batch[0].layer), check)))

    def prepare(self, wanted: Description, check: Callable[[], None]) -> None:
        """Compiles what a picture needs before it is asked for. May run on another thread, beside all else.

        Args:
            wanted: The description; filter and numbers do not matter.
            check: Called often; it may raise to give the work up.
        """
        self._runs.prepare(wanted, check)

    def forget(self, wanted: Description) -> None:
        """Drops a finished picture: it will be drawn again."""
        with self._lock:
            for key in [key for key in self._seen if key[1] == wanted]:
                del self._seen[key]

    def most_together(self, layer: str) -> int:
        """How many pictures of a layer's filters the memory holds."""
        return memory.most_together(self.view, layer)

    def _pictures(
        self, wanted: Description, check: Callable[[], None] = interruption
    ) -> Generator[Frame, None, Pictures]:
        """Recalls the pictures or draws and keeps them."""
        moment = self._layers.now(wanted.layer)
        with self._lock:
            seen = self._seen.get((moment.version, wanted))
        if seen is not None:
            return seen
        made: Pictures = tuple((yield from self._runs.run([wanted], moment, check)))
        # Once more: what was compiled meanwhile may read weights that were not known to matter.
        version = self._layers.now(wanted.layer).version
        with self._lock:
            if version == moment.version and sum(each.nbytes for each in made) <= MOST_BYTES:
                self._seen[moment.version, wanted] = made
        return made


def _last(run: Any) -> Any:
    while True:
        try:
            next(run)
        except StopIteration as stop:
            return stop.value
