"""The strongest effective weights between a filter and those of the layers directly before and behind it.

"Expanded weights" (Voss et al. 2021, https://distill.pub/2020/circuits/visualizing-weights/): the derivative of a
filter's pre-activation, at the centre of its map, with respect to every position of a filter's map in the layer before,
through what lies between, made linear.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import cachetools
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.description.ranges import Range, fitting
from filterviz_widget.model import ModelView, generators
from filterviz_widget.model.between import Between, sizes
from filterviz_widget.model.circuit import Circuit, circuit
from filterviz_widget.model.route import Route
from filterviz_widget.picture.neighbours import Neighbour, Neighbours

Array = npt.NDArray[Any]

MOST = 10_000
"""Neighbours on a side."""

MOST_KEPT = 8
"""Layers of one model for which the compiled functions are kept."""

MOST_BYTES, MOST_ROWS = 64e6, 64
"""Of the maps that are sent through the layers between at once."""


def neighbours(view: ModelView, layer: str, filter: int, most: int) -> Neighbours:
    """Finds the neighbours of a filter, with the weights of the moment.

    A weight's size is the root of the sum of squares of the derivative over the positions of the map of the filter
    before; its sign is that of the sum over them, or, where that is exactly zero, of the largest entry.

    What lies between two layers is made linear, as `Between` says: rectifiers are open, pooling takes averages. Where
    that needs an image it is the mid-grey one.

    What is compiled for a layer is kept as long as the view is, for a few layers. Several threads may call it.

    Args:
        view: The model.
        layer: A name from `ModelView.layers`.
        filter: Its number, counted from 0.
        most: How many on each side, over all layers there together.

    Returns:
        `Neighbours`, the strongest first. Weights that are zero, or not finite, are left out, and so are layers behind
        that cannot be computed from an image of this size.

    Raises:
        ValueError: If there is no such layer or filter, or the layer cannot be computed.

    Example:

    >>> neighbours(read_model(model), "conv3", 12, most=8).next[0]
    Neighbour(layer='conv4', filter=3, weight=0.41)
    """
    filter = fitting("filter", filter, Range(0, view.layer(layer).filters - 1, whole=True))
    most = fitting("most", most, Range(1, MOST, whole=True))
    with _lock:
        kept = _kept.setdefault(view, cachetools.LRUCache(MOST_KEPT))
        if layer not in kept:
            kept[layer] = _Sides(view, layer)
        sides = kept[layer]
    try:
        return Neighbours(layer, filter, _strongest(sides.before(filter), most), _strongest(sides.behind(filter), most))
    except Exception:
        view.cut(layer)(tf.zeros((1, *view.image_shape)))  # says in words why, where the layer cannot be computed
        raise


def _strongest(found: Mapping[str, Array], most: int) -> tuple[Neighbour, ...]:
    """The strongest of layers' filters; of each layer the derivatives, `(filters, positions)`."""
    chosen = []
    for layer, array in found.items():
        derivatives = array.astype(np.float64)
        sums = derivatives.sum(1)
        largest = np.take_along_axis(derivatives, np.abs(derivatives).argmax(1)[:, None], 1)[:, 0]
        weights = np.copysign(np.sqrt((derivatives**2).sum(1)), np.where(sums == 0, largest, sums))
        numbers = np.flatnonzero(np.isfinite(weights) & (weights != 0))
        chosen += [Neighbour(layer, int(number), float(weights[number])) for number in numbers]
    return tuple(sorted(chosen, key=lambda each: -abs(each.weight))[:most])


class _Sides:
    """Both sides of a layer. It holds what the view holds, and not the view, so that the view can go."""

    def __init__(self, view: ModelView, layer: str) -> None:
        around = circuit(view, layer)
        self._own = {around.maker: view.layer(layer).filters}
        self._before = _Linear(view, around, around.before, self._own)
        after = {name: view.layer(name).filters for name in around.after}
        self._behind = _Linear(view, around, tuple(self._own), after)
        self._lock = threading.Lock()

    def before(self, filter: int) -> dict[str, Array]:
        """Of each layer before, the derivatives of a filter with respect to its filters, `(filters, positions)`."""
        if not self._before.sources:
            return {}
        (filters,) = self._own.values()
        with self._lock:
            gradients = self._before.gradients(np.eye(1, filters, filter, np.float32))
        return {name: each[0].T for name, each in zip(self._before.sources, gradients, strict=True)}

    def behind(self, filter: int) -> dict[str, Array]:
        """Of each layer behind, the derivatives of its filters with respect to a filter, `(filters, positions)`."""
        if not self._behind.targets:
            return {}
        with self._lock:
            derivatives = self._behind.derivatives(filter)
            ends = np.cumsum([*self._behind.targets.values()])
        # One part more than there are ends: what is left is nothing.
        return dict(zip(self._behind.targets, np.split(derivatives, ends), strict=False))


class _Linear:
    """The linear map from the outputs of some layers to the pre-activations, at the centre, of layers behind them.

    Attributes:
        sources: Where it begins.
        targets: Where it ends, each with its filters; without those that cannot be computed, once that is found out.
    """

    def __init__(self, view: ModelView, around: Circuit, sources: tuple[str, ...], targets: Mapping[str, int]) -> None:
        self.sources, self.targets = sources, dict(targets)
        self._around, self._has_own_code = around, view.has_own_code
        self._image = np.full((1, *view.image_shape), np.mean(view.input_range), np.float32)
        self._run = view.inside(self._trace)
        self._compiled: dict[tuple[str, int], Any] = {}
        self._rows: dict[str, int] = {}

    def gradients(self, seeds: Array) -> list[Array]:
        """With respect to each source, `(rows, positions, channels)`, of targets that are weighted by `seeds`."""
        return [each.numpy() for each in self._function("gradients", len(seeds))(seeds, 0)]

    def derivatives(self, filter: int) -> Array:
        """Of all filters of the targets with respect to one of the only source, `(filters, positions)`.

        The positions are those that any of them sees.
        """
        run = self._function("gradient", 1)
        if not (filters := sum(self.targets.values())):
            return np.zeros((0, 1))
        mixed = np.random.default_rng(0).normal(size=(1, filters)).astype(np.float32)
        gradient = run(mixed, filter).numpy()
        seen = np.flatnonzero(gradient)
        # Once forward for each position, or once back for each filter.
        is_forward = len(seen) <= filters
        kind, rows = (
            ("forward", seen.astype(np.int32)) if is_forward else ("gradient", np.eye(filters, dtype=np.float32))
        )
        if not len(rows):
            return np.zeros((filters, 1))
        at_once = min(MOST_ROWS, max(1, int(MOST_BYTES / self._bytes)))
        count = self._rows.setdefault(kind, math.ceil(len(rows) / math.ceil(len(rows) / at_once)))
        parts = [rows[start : start + count] for start in range(0, len(rows), count)]
        run = self._function(kind, count)
        found = [run(np.resize(part, (count, *part.shape[1:])), filter).numpy()[: len(part)] for part in parts]
        return np.concatenate(found).T if is_forward else np.concatenate(found)

    def _function(self, kind: str, rows: int) -> Any:
        if (kind, rows) not in self._compiled:
            given = tf.TensorSpec((rows,), tf.int32) if kind == "forward" else tf.TensorSpec((rows, None))

            def function(given: tf.Tensor, filter: tf.Tensor) -> Any:
                return self._run(tf.constant(self._image), kind, given, filter)

            with generators.kept(self._has_own_code):
                compiled = tf.function(function, [given, tf.TensorSpec((), tf.int32)], autograph=False)
                self._compiled[kind, rows] = compiled.get_concrete_function()
        concrete = self._compiled[kind, rows]
        return lambda given, filter: concrete(tf.constant(given), tf.constant(filter, tf.int32))

    def _trace(self, route: Route, image: tf.Tensor, kind: str, given: tf.Tensor, filter: tf.Tensor) -> Any:
        between = Between(route, self._around, image, given.shape[0])
        try:
            return self._followed(between, kind, given, filter)
        except Exception:  # what comes behind a layer may refuse the size; or the shapes are other than Keras says
            between.begin_anew()
            for name in [*self.targets]:
                try:
                    between.value(name)
                except Exception:
                    if name == self._around.maker:
                        raise
                    del self.targets[name]
            return self._followed(between, kind, given, filter)

    def _followed(self, between: Between, kind: str, given: tf.Tensor, filter: tf.Tensor) -> Any:
        shapes = [between.shape(name) for name in self.sources]
        self._bytes = 4 * math.prod(size for size in shapes[0] if isinstance(size, int)) / between.rows
        if not self.targets:
            return tf.zeros((between.rows, 0))
        if kind == "forward":
            rows, *places, channels = shapes[0]
            change = tf.one_hot(given, rows * math.prod(places) // between.rows)[..., None]
            return self._ends(between, [tf.reshape(change * tf.one_hot(filter, channels), shapes[0])])
        changes = [tf.zeros(shape) for shape in shapes]
        gradients = tf.gradients(self._ends(between, changes), changes, given, unconnected_gradients="zero")
        flat = [tf.reshape(each, (between.rows, -1, shape[-1])) for each, shape in zip(gradients, shapes, strict=True)]
        return flat if kind == "gradients" else tf.gather(flat[0], filter, axis=2)

    def _ends(self, between: Between, changes: list[Any]) -> tf.Tensor:
        """`(rows, filters)` of all targets together."""
        ends = []
        for name, filters in self.targets.items():
            change = between.follow(dict(zip(self.sources, changes, strict=True)), name)
            change = tf.reshape(change, (between.rows, -1, *sizes(change)[1:]))
            while len(change.shape) > 2:  # of what is in the batch for an image, and of rows and columns
                change = change[:, sizes(change)[1] // 2]
            ends.append(tf.cast(change[:, :filters], tf.float32))
        return tf.concat(ends, 1)


_kept: weakref.WeakKeyDictionary[ModelView, cachetools.LRUCache[str, _Sides]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
