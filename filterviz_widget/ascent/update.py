"""Update rules: from a gradient to a step. Each image of a batch for itself."""

import tensorflow as tf

EPSILON = 1e-30
"""Keeps 0/0 from becoming NaN. It is added to the RMS, so it must be far below any real gradient's: deep layers of a
random network have gradients down to 1e-23 (MobileNet's last)."""

Slots = tuple[tf.Tensor, ...]


def rms(values: tf.Tensor) -> tf.Tensor:
    """Root mean square of each image of a batch, with its axes kept."""
    axes = list(range(1, values.shape.rank))
    # Relative to the largest value: squares of less than 1e-19 are zero in float32.
    largest = tf.reduce_max(tf.abs(values), axis=axes, keepdims=True)
    return largest * tf.sqrt(tf.reduce_mean(tf.square(tf.math.divide_no_nan(values, largest)), axes, keepdims=True))


def normalized(gradient: tf.Tensor, slots: Slots, iteration: tf.Tensor) -> tuple[tf.Tensor, Slots]:
    """A step of RMS 1 along the gradient, after Mordvintsev et al. 2015."""
    return gradient / (rms(gradient) + EPSILON), slots


def adam(gradient: tf.Tensor, slots: Slots, iteration: tf.Tensor) -> tuple[tf.Tensor, Slots]:
    """Adam with its published constants (Kingma and Ba 2014, arXiv 1412.6980); the rate is the caller's."""
    first, second = slots
    first = 0.9 * first + 0.1 * gradient
    second = 0.999 * second + 0.001 * tf.square(gradient)
    time = tf.cast(iteration + 1, tf.float32)
    step = first / (1 - 0.9**time) / (tf.sqrt(second / (1 - 0.999**time)) + 1e-8)
    return step, (first, second)


RULES = {"normalized": normalized, "adam": adam}
SLOTS = {"normalized": 0, "adam": 2}
"""How many tensors, shaped like what is optimised and zero at first, a rule carries along."""
