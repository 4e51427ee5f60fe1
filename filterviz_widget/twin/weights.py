"""Weights laid out once, outside the loop, each held once however many layers of a model were compiled."""

from collections.abc import Callable, Hashable, Iterable

import tensorflow as tf

Compute = Callable[[], tf.Tensor]
"""Computes a prepared weight, float32, from the model's own weights as they are now."""


class Weights:
    """The prepared weights of one model; per dtype at most as many numbers as the model has."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[tf.Variable, Compute]] = {}

    def hold(self, key: Hashable, dtype: str, compute: Compute) -> tf.Variable:
        """Finds or makes a prepared weight; one that is found may be old until it is refreshed.

        Args:
            key: What the weight is, the same for the same sources; `dtype` is added to it.
            dtype: In which it is stored.
            compute: See `Compute`. It keeps alive what the key's ids stand for.
        """
        if (key, dtype) not in self._held:
            self._held[key, dtype] = tf.Variable(tf.cast(compute(), dtype), trainable=False), compute
        return self._held[key, dtype][0]

    def refresh(self, keys: Iterable[tuple[Hashable, str]]) -> None:
        """Computes prepared weights anew. Functions that captured them see the new values without a retrace."""
        for key in keys:
            variable, compute = self._held[key]
            variable.assign(tf.cast(compute(), variable.dtype))
