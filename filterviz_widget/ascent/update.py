"""Update rules: from a gradient to a step. Each image of a batch for itself."""

import tensorflow as tf

EPSILON = 1e-20
"""Keeps 0/0 from becoming NaN. It is added to the RMS, so it must be far below any real gradient's:
deep layers of a random network have gradients around 1e-10, and float32 squares hold down to 1e-19."""

Slots = tuple[tf.Tensor, ...]


def rms(values: tf.Tensor) -> tf.Tensor:
    """Root mean square of each image of a batch, with its axes kept."""
    return tf.sqrt(tf.reduce_mean(tf.square(values), axis=list(range(1, values.shape.rank)), keepdims=True))


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
