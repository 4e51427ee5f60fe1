"""The model's weights as a run sees them: all of one moment, laid out once, each held once for all layers."""

import itertools
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import tensorflow as tf

Compute = Callable[[Sequence[tf.Tensor]], tuple[tf.Tensor, ...]]
"""Computes prepared weights from the values of their sources, in the sources' order."""

MOST_LOOKS = 200
PAUSE = 0.001
"""Seconds before weights that are just being written are looked at again."""

_versions = itertools.count(1)
"""For all models, so that no two states of weights have the same number."""


@dataclass(frozen=True)
class Source:
    """Where prepared weights come from. Equal keys mean equal weights.

    Attributes:
        key: Whose they are.
        variables: The model's variables that they are computed from.
        compute: See `Compute`.
    """

    key: Hashable
    variables: tuple[Any, ...] = field(compare=False, repr=False)
    compute: Compute = field(compare=False, repr=False)


class Taken(NamedTuple):
    """The weights of one moment.

    Attributes:
        version: Greater for every change of any of them; equal only for the very same values.
        tensors: What each source's `compute` made, in the sources' order.
        values: What the variables were at that moment, by their ids.
    """

    version: int
    tensors: tuple[tuple[tf.Tensor, ...], ...]
    values: dict[int, tf.Tensor]

    @property
    def specs(self) -> tuple[tuple[tf.TensorSpec, ...], ...]:
        """Of the tensors."""
        return tuple(tuple(map(tf.TensorSpec.from_tensor, each)) for each in self.tensors)


class _Held(NamedTuple):
    """Prepared weights.

    `seen` are the variables' values that they were computed from. While such a tensor is held, TensorFlow writes new
    values of its variable elsewhere, so the same place in memory means the same value.
    """

    version: int
    seen: tuple[tf.Tensor, ...]
    tensors: tuple[tf.Tensor, ...]


class Weights:
    """The prepared weights of one model. Several threads may use them."""

    def __init__(self) -> None:
        self._held: dict[Hashable, _Held] = {}
        self._lock = threading.Lock()

    def take(self, sources: Iterable[Source], like: Taken | None = None) -> Taken:
        """Takes over the model's weights, computing anew only what has changed.

        A training step on another thread writes one variable after another. So weights that were written since the
        last time are read until two looks in a row find the same values: these were all there at one moment. (A step
        that stands still in its midst, longer than two looks take, cannot be told from outside.)

        Args:
            sources: What is needed.
            like: Weights that were taken before: those of that moment are wanted; None for those of now.
        """
        sources = tuple(sources)
        with self._lock, tf.init_scope():
            if like is None:
                now = self._look(sources)
            else:
                now = [_recalled(source.variables, like.values) for source in sources]
            for source, values in zip(sources, now, strict=True):
                if not self._is_held(source, values):
                    self._held[source.key] = _Held(next(_versions), values, source.compute(values))
            held = [self._held[source.key] for source in sources]
        version = max((each.version for each in held), default=0)
        known = {
            id(variable): value
            for source, values in zip(sources, now, strict=True)
            for variable, value in zip(source.variables, values, strict=True)
        }
        return Taken(version, tuple(each.tensors for each in held), known)

    def _look(self, sources: Sequence[Source]) -> list[tuple[tf.Tensor, ...]]:
        now = [_read(source.variables) for source in sources]
        if all(map(self._is_held, sources, now)):
            return now
        for _ in range(MOST_LOOKS):
            before, now = now, [_read(source.variables) for source in sources]
            if all(map(_are_same, before, now)):
                break
            time.sleep(PAUSE)
        return now

    def _is_held(self, source: Source, values: tuple[tf.Tensor, ...]) -> bool:
        held = self._held.get(source.key)
        return held is not None and _are_same(held.seen, values)


def _read(variables: Sequence[Any]) -> tuple[tf.Tensor, ...]:
    # Not tf.convert_to_tensor, which takes three times as long: EfficientNetB0 has 313.
    values = (variable.value if isinstance(variable, keras.Variable) else variable for variable in variables)
    return tuple(tf.raw_ops.ReadVariableOp(resource=_handle(value), dtype=value.dtype) for value in values)


def _handle(value: Any) -> Any:
    """Of a variable that a strategy holds in several places the first: in its scope there is none of the whole."""
    return (value.values[0] if isinstance(value, tf.distribute.DistributedValues) else value).handle


def _recalled(variables: Sequence[Any], values: dict[int, tf.Tensor]) -> tuple[tf.Tensor, ...]:
    return tuple(values[id(one)] if id(one) in values else _read([one])[0] for one in variables)


def _are_same(some: tuple[tf.Tensor, ...], others: tuple[tf.Tensor, ...]) -> bool:
    return all(map(_is_same, some, others))


def _is_same(one: tf.Tensor, other: tf.Tensor) -> bool:
    if one is other:
        return True
    if "CPU" in one.device and "CPU" in other.device and one.dtype != tf.string:
        return _place(one) == _place(other)
    # Elsewhere than on the processor a look at the memory is a look at a copy.
    return one.shape == other.shape and bool(tf.reduce_all(one == other))


def _place(tensor: tf.Tensor) -> int:
    # What `numpy()` copies; the buffer protocol does not know bfloat16.
    return int(tensor._numpy_internal().__array_interface__["data"][0])
