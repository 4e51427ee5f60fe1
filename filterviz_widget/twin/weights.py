"""Weights laid out once, outside the loop, each held once however many layers of a model were compiled."""

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Compute = Callable[[], tuple[tf.Tensor, ...]]
"""Computes a step's prepared weights, float32, from the model's own weights as they are now."""


@dataclass
class Prepared:
    """The prepared weights of a step.

    Attributes:
        variables: The weights.
        compute: See `Compute`. It keeps alive what the key's ids stand for.
        sources: The model's variables that they come from.
        seen: The sources' values that they were computed from. While such a tensor is held TensorFlow writes new
            values of its variable elsewhere, so the same place in memory means the same value.
    """

    variables: tuple[tf.Variable, ...]
    compute: Compute
    sources: Sequence[Any]
    seen: list[tf.Tensor]


class Weights:
    """The prepared weights of one model: per dtype at most twice as many numbers as the model has.

    Several threads may use them.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, Prepared] = {}
        self._lock = threading.Lock()

    def hold(self, key: Hashable, dtype: str, sources: Sequence[Any], compute: Compute) -> tuple[tf.Variable, ...]:
        """Finds or makes the prepared weights of a step; those that are found may be old until they are refreshed.

        Args:
            key: Whose they are, the same for the same sources and dtype.
            dtype: In which they are stored.
            sources: The model's variables that they come from.
            compute: See `Compute`.
        """
        with self._lock:
            if key not in self._held:
                seen = _read(sources)
                variables = tuple(tf.Variable(tf.cast(value, dtype), trainable=False) for value in compute())
                self._held[key] = Prepared(variables, compute, sources, seen)
            return self._held[key].variables

    def refresh(self, keys: Iterable[Hashable]) -> None:
        """Computes anew what has old sources. Functions that captured them see the new values without a retrace."""
        with self._lock:
            for key in keys:
                prepared = self._held[key]
                now = _read(prepared.sources)
                if all(map(_is_same, now, prepared.seen)):
                    continue
                for variable, value in zip(prepared.variables, prepared.compute(), strict=True):
                    variable.assign(tf.cast(value, variable.dtype), read_value=False)
                prepared.seen = now


def _read(sources: Sequence[Any]) -> list[tf.Tensor]:
    return [tf.convert_to_tensor(variable) for variable in sources]


def _is_same(one: tf.Tensor, other: tf.Tensor) -> bool:
    # Elsewhere than on the processor a look at the memory is a look at a copy.
    return "CPU" in one.device and "CPU" in other.device and _place(one) == _place(other)


def _place(tensor: tf.Tensor) -> int:
    return int(np.asarray(memoryview(tensor)).__array_interface__["data"][0])
