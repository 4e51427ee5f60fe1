"""What is shown of all records together: epochs, logs, norms of gradients, marks. It grows by each new record."""

import math
from collections.abc import Iterable
from statistics import median
from typing import Any

from filterviz_widget.history.layout import RecordedLayer, owner
from filterviz_widget.history.record import Record
from filterviz_widget.store.numbers import FLOAT64, number

EXPLODING = 100
"""A layer explodes whose gradient norm is so many times the median over the layers, or not finite."""

DEAD = 1e-9
"""A layer is dead whose gradient norm is below this share of the median over the layers."""


class Overview:
    """Columns with an entry per record: what `add` does takes as long for the thousandth record as for the first.

    Args:
        layout: The recorded layers.

    Attributes:
        epochs: How many epochs the model had been trained at each record.
        logs: By name, a number or None per record.
        norms: By the layer that holds the weights, the norm of its gradients, or None, per record.
        marks: By the same, "dead", "exploding", "frozen" or, in the empty word, none of these, per record.
    """

    def __init__(self, layout: Iterable[RecordedLayer] = ()) -> None:
        self._layout = tuple(layout)
        self._had_gradients: list[bool] = []
        self.epochs: list[int] = []
        self.logs: dict[str, list[float | None]] = {}
        self.norms: dict[str, list[float | None]] = {}
        self.marks: dict[str, list[str]] = {}

    def add(self, record: Record) -> None:
        """Adds the next record."""
        count, has_gradients = len(self.epochs), bool(record.weights)
        norms = layer_norms(record)
        marks = _marks(norms)
        for name in norms:
            if name not in self.norms:
                self.norms[name] = [None] * count
                self.marks.setdefault(name, ["frozen" if had else "" for had in self._had_gradients])
        for name in self.norms:
            marks.setdefault(name, "frozen" if has_gradients else "")
        for layer in self._layout:
            dead = record.dead.get(layer.name)
            if dead is not None and len(dead) and dead.all():
                marks[owner_of(layer)] = marks.get(owner_of(layer)) or "dead"
        logs = {name: number(one, FLOAT64) for name, one in record.logs.items() if name != "record_seconds"}
        _grow(self.logs, logs, count)
        _grow(self.norms, {name: number(one) for name, one in norms.items()}, count)
        _grow(self.marks, marks, count, "")
        self._had_gradients.append(has_gradients)
        self.epochs.append(record.epoch)

    def state(self) -> dict[str, Any]:
        """A copy as plain data, which JSON takes."""
        columns: dict[str, dict[str, list[Any]]] = {"logs": self.logs, "norms": self.norms, "marks": self.marks}
        copies = {key: {name: column.copy() for name, column in each.items()} for key, each in columns.items()}
        return {"epochs": self.epochs.copy(), **copies}


def layer_norms(record: Record) -> dict[str, float]:
    """The L2 norm of all gradients of each layer, by the path of the layer that holds the weights."""
    squares: dict[str, float] = {}
    for name, norm in zip(record.weights, record.norms.tolist(), strict=True):
        holder = owner(name)
        squares[holder] = math.hypot(squares.get(holder, 0.0), norm)
    return squares


def owner_of(layer: RecordedLayer) -> str:
    """The layer's name among the norms: the path of what holds its kernel."""
    return layer.parts[-1].owner if layer.parts and layer.parts[-1].weight else layer.name


def _marks(norms: dict[str, float]) -> dict[str, str]:
    usual = [norm for norm in norms.values() if math.isfinite(norm) and norm > 0]
    middle = median(usual) if usual else 0.0
    return {name: _mark(norm, middle) for name, norm in norms.items()}


def _mark(norm: float, middle: float) -> str:
    if not math.isfinite(norm) or (middle and norm > EXPLODING * middle):
        return "exploding"
    return "dead" if norm <= DEAD * middle else ""


def _grow(columns: dict[str, Any], new: dict[str, Any], count: int, nothing: Any = None) -> None:
    """Adds an entry to each column. A column that is new has `nothing` for the `count` records before."""
    for name in new:
        columns.setdefault(name, [nothing] * count)
    for name, column in columns.items():
        column.append(new.get(name, nothing))
