"""Update rules: from a gradient to a step. Each image of a batch for itself."""

import tensorflow as tf

EPSILON = 1e-30
"""Keeps 0/0 from becoming NaN. It is added to the RMS, so it must be far below any real gradient's: deep layers of a
random network have gradients down to 1e-23 (MobileNet's last)."""

Slots = tuple[tf.Tensor, ...]


def rms(values: tf.Tensor) -> tf.Tensor:
    """Root mean square of each image of a batch, float32 with its axes kept."""
    # In double precision: squares of less than 1e-19 are zero in float32. A product of matrices is one pass.
    flat = tf.cast(tf.reshape(values, (tf.shape(values)[0], 1, -1)), tf.float64)
    mean = tf.matmul(flat, flat, transpose_b=True) / tf.cast(tf.shape(flat)[2], tf.float64)
    return tf.reshape(tf.cast(tf.sqrt(mean), tf.float32), (-1, *[1] * (values.shape.rank - 1)))


def unit(values: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Values of RMS 1, given their `rms`; all zero where that is zero or not finite."""
    # Not tf.where, which takes five times as long.
    return tf.math.multiply_no_nan(values, tf.where(tf.math.is_finite(size), 1 / (size + EPSILON), 0.0))


def normalized(gradient: tf.Tensor, slots: Slots, iteration: tf.Tensor) -> tuple[tf.Tensor, Slots]:
    """A step of RMS 1 along the gradient, after Mordvintsev et al. 2015."""
    return unit(gradient, rms(gradient)), slots


def unchanged(gradient: tf.Tensor, slots: Slots, iteration: tf.Tensor) -> tuple[tf.Tensor, Slots]:
    """A step along a gradient whose RMS is 1 already."""
    return gradient, slots


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
