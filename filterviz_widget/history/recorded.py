"""Reading what was recorded: kernels, gradients, pictures and logs over the epochs."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.history import export
from filterviz_widget.history.archive import CLOSED
from filterviz_widget.history.layout import Part, RecordedLayer
from filterviz_widget.history.overview import layer_norms
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.store import Store
from filterviz_widget.model.kernels import canonical

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Recorded:
    """The records of a training run, oldest first. Arrays that are handed out are read-only or copies.

    `layer` is a recorded layer's path (or the end of it, where no other recorded layer has that), the layer itself, or
    its index in `layers`. What lies in a file is read each time that it is asked for, and OSError is raised where the
    file is damaged.
    """

    _store: Store
    _layout: tuple[RecordedLayer, ...]
    _model_name: str
    _paths: Mapping[str, "weakref.ref[Any]"]
    """The model's layers, while it lives."""
    _closed = False

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self._store)

    @property
    def records(self) -> list[Record]:
        """All records, one per recorded epoch.

        Raises:
            RuntimeError: If the history is closed.
        """
        return [record.copied() for record in self._all()]

    def record(self, index: int) -> Record:
        """One of `records`, by its index.

        Raises:
            RuntimeError: If the history is closed.
        """
        if self._closed:
            raise RuntimeError(CLOSED)
        return self._store[index].copied()

    def newer(self, count: int) -> list[Record]:
        """The records after the first `count`."""
        return [self.record(index) for index in range(count, self.count)]

    @property
    def epochs(self) -> tuple[int, ...]:
        """How many epochs the model had been trained at each record; 0 is before training."""
        return tuple(record.epoch for record in self._all())

    @property
    def logs(self) -> list[dict[str, float]]:
        """Per record, what Keras logged for the epoch, the probe's loss, and how long the recording took (s)."""
        return [dict(record.logs) for record in self._all()]

    @property
    def layers(self) -> tuple[str, ...]:
        """Paths of the recorded layers; for a layer of the model itself that is its name."""
        return tuple(layer.name for layer in self._layout)

    @property
    def layout(self) -> tuple[RecordedLayer, ...]:
        """The recorded layers, their filters and kernels."""
        return self._layout

    def filters(self, layer: Any) -> tuple[int, ...]:
        """Which filters of a layer are drawn: the second axis of `pictures`."""
        return self._find(layer).filters

    def parts(self, layer: Any) -> tuple[str, ...]:
        """The kernels that a layer has: ("kernel",), or ("depthwise", "pointwise")."""
        return tuple(part.name for part in self._find(layer).parts)

    def kernels(self, layer: Any, part: str | None = None) -> Array:
        """A layer's kernels over the epochs.

        Args:
            layer: The layer.
            part: "depthwise" or "pointwise" of a separable convolution; None for the first or only one.

        Returns:
            `(records, height, width, inputs, filters)`, float64 if the layer is, float32 otherwise. A depthwise
            filter has one input; a transposed convolution's axes are put into this order.

        Raises:
            ValueError: If there is no such layer or kernel, or nothing was recorded.
        """
        found = self._find(layer)
        index = found.parts.index(_part(found, part))
        return _stacked([record.kernels[found.name][index] for record in self._all()])

    def kernel_gradients(self, layer: Any, part: str | None = None) -> Array:
        """The probe's gradients of `kernels`, of the same shape; NaN in records without one: the layer was frozen.

        Args:
            layer: As for `kernels`.
            part: As for `kernels`.

        Raises:
            ValueError: As `kernels`.
        """
        found = self._find(layer)
        wanted = _part(found, part)
        index = found.parts.index(wanted)
        gradients = []
        for record in self._all():
            if wanted.weight in record.weights:
                gradient = record.gradients[record.weights.index(wanted.weight)]
                gradients.append(canonical(gradient, wanted.kind))
            else:
                gradients.append(np.full_like(record.kernels[found.name][index], np.nan))
        return _stacked(gradients)

    @property
    def gradients(self) -> list[Sequence[Array]]:
        """Per record, the gradients on the probe in the order of `model.trainable_weights`, each of its weight's shape.

        A sequence is empty without a probe, and where the gradients could not be computed. Those in a file are read one
        by one, as they are asked for.
        """
        gradients = [record.gradients for record in self._all()]
        return [list(one) if isinstance(one, tuple) else one for one in gradients]

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of all weights that were ever trainable, the path of the layer first: the axis of `gradient_norms`."""
        return tuple(dict.fromkeys(name for record in self._all() for name in record.weights))

    @property
    def has_gradient(self) -> npt.NDArray[np.bool_]:
        """bool `(records, weights)`: False where a weight was frozen."""
        return self._by_weight(False, lambda record: np.ones(len(record.weights), bool))

    def gradient_norms(self) -> npt.NDArray[np.float64]:
        """L2 norms of the gradients, float64 `(records, weights)`; NaN where a weight was frozen."""
        return self._by_weight(np.nan, lambda record: record.norms)

    def layer_gradient_norms(self) -> dict[str, npt.NDArray[np.float64]]:
        """L2 norm of all gradients of a layer, by its path: float64 `(records,)`; NaN where the layer was frozen.

        What the model itself holds stands under "".
        """
        records = self._all()
        found: dict[str, npt.NDArray[np.float64]] = {}
        for place, record in enumerate(records):
            for layer, norm in layer_norms(record).items():
                found.setdefault(layer, np.full(len(records), np.nan))[place] = norm
        return found

    def pictures(self, layer: Any) -> npt.NDArray[np.uint8]:
        """What the recorded filters of a layer respond to: uint8 `(records, filters, height, width, channels)`."""
        return _stacked([record.pictures[name] for name, record in self._drawn(layer)])

    def activations(self, layer: Any) -> npt.NDArray[np.float32]:
        """What each picture's filter answered, float32 `(records, filters)`; NaN for a picture that failed."""
        return _stacked([record.activations[name] for name, record in self._drawn(layer)])

    def dead(self, layer: Any) -> npt.NDArray[np.bool_]:
        """Filters that nothing gave a gradient, so that the picture is the start image: bool `(records, filters)`."""
        return _stacked([record.dead[name] for name, record in self._drawn(layer)])

    def notes(self, layer: Any) -> list[tuple[str, ...]]:
        """Per record and filter, what a viewer should know of the picture: how it was woken, why it failed; or ""."""
        none = ("",) * len(self.filters(layer))
        return [record.notes.get(name, none) for name, record in self._drawn(layer)]

    def to_dataframe(self) -> Any:
        """A pandas.DataFrame: one row per record, with the logs and the gradients' norms ("gradient_norm/<weight>").

        Raises:
            ImportError: If pandas is not installed.
        """
        return export.dataframe(self.epochs, self.logs, self.weights, self.gradient_norms())

    def plot(self, layer: Any, filter: int | None = None) -> "Figure":  # the field's word
        """Draws the pictures over the epochs.

        Args:
            layer: The layer.
            filter: One of `filters(layer)`; None for all of them, a row each.

        Returns:
            A matplotlib Figure, made without pyplot.
        """
        numbers = self.filters(layer) if filter is None else (filter,)
        columns = [self._column(layer, number) for number in numbers]
        return export.picture_grid(self._find(layer).name, numbers, self.epochs, self.pictures(layer)[:, columns])

    def save_gif(self, path: str | Path, layer: Any, filter: int, *, seconds: float = 0.5) -> None:
        """Writes the pictures of a filter over the epochs as an animated GIF.

        Args:
            path: Ends in ".gif"; an existing file is replaced.
            layer: The layer.
            filter: One of `filters(layer)`.
            seconds: How long each epoch is shown.

        Raises:
            ValueError: If the name ends otherwise, or there is no such picture.
            OSError: If it cannot be written.
        """
        frames = self.pictures(layer)[:, self._column(layer, filter)]
        export.write_gif(path, frames, [f"{self._find(layer).name}[{filter}]  epoch {n}" for n in self.epochs], seconds)

    def _all(self) -> list[Record]:
        if self._closed:
            raise RuntimeError(CLOSED)
        return [self._store[index] for index in range(len(self._store))]

    def _by_weight(self, nothing: Any, row: Any) -> Any:
        columns = {name: column for column, name in enumerate(self.weights)}
        records = self._all()
        table = np.full((len(records), len(columns)), nothing)
        for place, record in enumerate(records):
            table[place, [columns[name] for name in record.weights]] = row(record)
        return table

    def _find(self, layer: Any) -> RecordedLayer:
        for one in self._matching(layer):
            return one
        known = ", ".join(map(repr, self.layers)) or "none yet: pass this history to fit first"
        raise ValueError(f"No layer {getattr(layer, 'name', layer)!r} was recorded; recorded are {known}.")

    def _matching(self, layer: Any) -> Iterator[RecordedLayer]:
        layout = self._layout
        if isinstance(layer, str):
            yield from (one for one in layout if one.name == layer)
            ends = [one for one in layout if one.name.endswith(f"/{layer}")]
            yield from ends if len(ends) == 1 else ()
        elif hasattr(layer, "__index__"):
            number = layer.__index__()
            yield from layout[number:][:1] if -len(layout) <= number else ()
        else:
            paths = {path for path, known in self._paths.items() if known() is layer}
            # A layer of another model, such as this one loaded anew, is known by its name only.
            names = paths or {str(getattr(layer, "name", ""))}
            yield from (one for one in layout if one.name in names)

    def _drawn(self, layer: Any) -> list[tuple[str, Record]]:
        found, records = self._find(layer), self._all()
        if not all(found.name in record.pictures for record in records):
            why = next((f" {record.problems['pictures']}" for record in records if "pictures" in record.problems), "")
            raise ValueError(f"No pictures of the layer {found.name!r} were recorded.{why}")
        return [(found.name, record) for record in records]

    def _column(self, layer: Any, filter: int) -> int:
        numbers = self.filters(layer)
        if filter not in numbers:
            raise ValueError(f"Filter {filter!r} was not recorded; of this layer, {list(numbers)} were.")
        return numbers.index(filter)


def _part(layer: RecordedLayer, name: str | None) -> Part:
    for part in layer.parts:
        if name in (None, part.name):
            return part
    known = ", ".join(part.name for part in layer.parts) or "no kernel"
    raise ValueError(f"The layer {layer.name!r} has {known}; got part={name!r}.")


def _stacked(arrays: Sequence[Array]) -> Array:
    if not arrays:
        raise ValueError("Nothing was recorded yet: pass this history to fit, callbacks=[history].")
    return np.stack(arrays)
