"""Reading what was recorded: kernels, gradients, pictures and logs over the epochs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.history import export
from filterviz_widget.history.layout import Part, RecordedLayer
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.store import Store
from filterviz_widget.model.kernels import canonical

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Recorded:
    """The records of a training run, oldest first. Arrays that are handed out are read-only or copies.

    `layer` is a recorded layer's name, the layer itself, or its index in `layers`.
    """

    _store: Store
    _layout: tuple[RecordedLayer, ...]
    _closed = False

    @property
    def records(self) -> list[Record]:
        """All records, one per recorded epoch."""
        if self._closed:
            raise RuntimeError("This history is closed: its records are gone. Save it before, with save(path).")
        return [self._store[index] for index in range(len(self._store))]

    @property
    def epochs(self) -> tuple[int, ...]:
        """How many epochs the model had been trained at each record; 0 is before training."""
        return tuple(record.epoch for record in self.records)

    @property
    def logs(self) -> list[dict[str, float]]:
        """Per record, what Keras logged for the epoch, the probe's loss, and how long the recording took (s)."""
        return [dict(record.logs) for record in self.records]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the recorded layers."""
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
            `(epochs, height, width, inputs, filters)`, float64 if the layer is, float32 otherwise. A depthwise
            filter has one input; a transposed convolution's axes are put into this order.
        """
        found = self._find(layer)
        index = found.parts.index(_part(found, part))
        return _stacked([record.kernels[found.name][index] for record in self.records])

    def kernel_gradients(self, layer: Any, part: str | None = None) -> Array:
        """The probe's gradients of `kernels`, of the same shape; NaN in epochs in which the layer was frozen."""
        found = self._find(layer)
        wanted = _part(found, part)
        index = found.parts.index(wanted)
        gradients = []
        for record in self.records:
            if wanted.weight in record.weights:
                gradient = record.gradients[record.weights.index(wanted.weight)]
                gradients.append(canonical(gradient, wanted.kind))
            else:
                gradients.append(np.full_like(record.kernels[found.name][index], np.nan))
        return _stacked(gradients)

    @property
    def gradients(self) -> list[list[Array]]:
        """Per record, the gradients on the probe in the order of `model.trainable_weights`."""
        return [list(record.gradients) for record in self.records]

    @property
    def weights(self) -> tuple[str, ...]:
        """Paths within the model of all weights that were ever trainable: the second axis of `gradient_norms`."""
        return tuple(dict.fromkeys(name for record in self.records for name in record.weights))

    @property
    def has_gradient(self) -> npt.NDArray[np.bool_]:
        """bool `(epochs, weights)`: False where a weight was frozen."""
        weights = self.weights
        rows = [[name in record.weights for name in weights] for record in self.records]
        return np.array(rows, bool).reshape(len(rows), len(weights))

    def gradient_norms(self) -> npt.NDArray[np.float64]:
        """L2 norms of the gradients, float64 `(epochs, weights)`; NaN where a weight was frozen."""
        records, weights = self.records, self.weights
        norms = np.full((len(records), len(weights)), np.nan)
        for row, record in zip(norms, records, strict=True):
            for name, norm in zip(record.weights, record.norms, strict=True):
                row[weights.index(name)] = norm
        return norms

    def layer_gradient_norms(self) -> dict[str, npt.NDArray[np.float64]]:
        """L2 norm of all gradients of a layer, by its path: float64 `(epochs,)`; NaN where the layer was frozen."""
        norms, present = self.gradient_norms(), self.has_gradient
        layers = np.array([name.rpartition("/")[0] for name in self.weights])
        found = {}
        for layer in dict.fromkeys(layers.tolist()):
            own = layers == layer
            total = np.linalg.norm(np.where(present, norms, 0)[:, own], axis=1)
            found[layer] = np.where(present[:, own].any(axis=1), total, np.nan)
        return found

    def pictures(self, layer: Any) -> npt.NDArray[np.uint8]:
        """What the recorded filters of a layer respond to: uint8 `(epochs, filters, height, width, channels)`."""
        return _stacked([pictures[self._drawn(layer)] for pictures in (record.pictures for record in self.records)])

    def activations(self, layer: Any) -> npt.NDArray[np.float32]:
        """What each picture's filter answered, float32 `(epochs, filters)`."""
        return _stacked([record.activations[self._drawn(layer)] for record in self.records])

    def dead(self, layer: Any) -> npt.NDArray[np.bool_]:
        """Filters whose gradient was exactly zero from the start image, bool `(epochs, filters)`."""
        return _stacked([record.dead[self._drawn(layer)] for record in self.records])

    def to_dataframe(self) -> Any:
        """A pandas.DataFrame: one row per record, with the logs and the gradients' norms ("gradient_norm/<weight>").

        Raises:
            ImportError: If pandas is not installed.
        """
        return export.dataframe(self.epochs, self.logs, self.weights, self.gradient_norms())

    def plot(self, layer: Any, filter: int | None = None) -> "Figure":
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
        """
        frames = self.pictures(layer)[:, self._column(layer, filter)]
        export.write_gif(path, frames, [f"{self._find(layer).name}[{filter}]  epoch {n}" for n in self.epochs], seconds)

    def _find(self, layer: Any) -> RecordedLayer:
        name = getattr(layer, "name", layer)
        for index, one in enumerate(self._layout):
            if name == one.name or (isinstance(name, int) and name in (index, index - len(self._layout))):
                return one
        known = ", ".join(map(repr, self.layers)) or "none yet: pass this history to fit first"
        raise ValueError(f"No layer {name!r} was recorded; recorded are {known}.")

    def _drawn(self, layer: Any) -> str:
        found = self._find(layer)
        if not all(found.name in record.pictures for record in self.records):
            raise ValueError(f"No pictures of the layer {found.name!r} were recorded.")
        return found.name

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


def _stacked(arrays: list[Array]) -> Array:
    if not arrays:
        raise ValueError("Nothing was recorded yet: pass this history to fit, callbacks=[history].")
    return np.stack(arrays)
