"""Weights laid out once, outside the loop, each held once however many layers of a model were compiled."""

from collections.abc import Callable, Hashable, Iterable

import tensorflow as tf

Compute = Callable[[], tuple[tf.Tensor, ...]]
"""Computes a step's prepared weights, float32, from the model's own weights as they are now."""


class Weights:
    """The prepared weights of one model; per dtype at most as many numbers as the model has."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[tuple[tf.Variable, ...], Compute]] = {}

    def hold(self, key: Hashable, dtype: str, compute: Compute) -> tuple[tf.Variable, ...]:
        """Finds or makes the prepared weights of a step; those that are found may be old until they are refreshed.

        Args:
            key: Whose they are, the same for the same sources and dtype.
            dtype: In which they are stored.
            compute: See `Compute`. It keeps alive what the key's ids stand for.
        """
        if key not in self._held:
            self._held[key] = tuple(tf.Variable(tf.cast(value, dtype), trainable=False) for value in compute()), compute
        return self._held[key][0]

    def refresh(self, keys: Iterable[Hashable]) -> None:
        """Computes prepared weights anew. Functions that captured them see the new values without a retrace."""
        for key in keys:
            variables, compute = self._held[key]
            for variable, value in zip(variables, compute(), strict=True):
                variable.assign(tf.cast(value, variable.dtype), read_value=False)
