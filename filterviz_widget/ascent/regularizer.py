"""Penalties on the image: how strongly each pulls at every pixel."""

import tensorflow as tf

from filterviz_widget.ascent.numbers import Numbers

SMOOTHNESS = 1 / 255
"""Differences far below one grey level count as squares: the absolute value has no gradient at 0."""


def pull(contrast: tf.Tensor, numbers: Numbers) -> tf.Tensor:
    """The gradient of the penalties, per pixel.

    Each penalty is a mean over the image, times the number of its values: so neither its size nor the pull on
    a pixel depends on how large the image is.

    Args:
        contrast: float32 `(batch, height, width, channels)`, distance from mid-grey as a share of the range.
        numbers: Uses l2 and total_variation.

    Returns:
        A tensor like `contrast`.
    """
    with tf.GradientTape() as tape:
        tape.watch(contrast)
        down = contrast[:, 1:] - contrast[:, :-1]
        across = contrast[:, :, 1:] - contrast[:, :, :-1]
        penalty = numbers.l2 * tf.reduce_sum(tf.square(contrast)) + numbers.total_variation * (
            tf.reduce_sum(_absolute(down)) + tf.reduce_sum(_absolute(across))
        )
    return tape.gradient(penalty, contrast)


def _absolute(difference: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.square(difference) + SMOOTHNESS**2)
