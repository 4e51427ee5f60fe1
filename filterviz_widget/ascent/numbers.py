"""The numbers of an ascent that are tensors: changing one never traces again."""

from typing import NamedTuple

import tensorflow as tf

from filterviz_widget.description.method import Method


class Numbers(NamedTuple):
    """Scalars, float32. The units are those of `Method`; the step size is in grey levels.

    `down` and `across` are 1 where jitter and scale act along that direction, and 0 where not.
    """

    step_size: tf.Tensor
    sign: tf.Tensor
    jitter: tf.Tensor
    scale: tf.Tensor
    rotation: tf.Tensor
    blur: tf.Tensor
    l2: tf.Tensor
    total_variation: tf.Tensor
    nearness: tf.Tensor
    diversity: tf.Tensor
    down: tf.Tensor
    across: tf.Tensor

    @classmethod
    def of(cls, method: Method, step_size: float) -> "Numbers":
        """Collects them from a method."""
        amounts = [getattr(method, name) for name in cls._fields[1:-2]]
        values = [step_size, *amounts, method.moves != "across", method.moves != "down"]
        return cls(*tf.unstack(tf.constant(values, tf.float32)))

    def at_rest(self) -> "Numbers":
        """The same without step and transformation: what is measured is the image as it is."""
        still = tf.zeros(())
        return self._replace(step_size=still, jitter=still, scale=still, rotation=still, blur=still)
