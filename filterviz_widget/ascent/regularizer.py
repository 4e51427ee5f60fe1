"""Penalties: how strongly each pulls at every pixel."""

import tensorflow as tf

from filterviz_widget.ascent.numbers import Numbers
from filterviz_widget.ascent.update import rms, unit

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


def departure(features: tf.Tensor, photos: tf.Tensor) -> tf.Tensor:
    """How far features are from those of the photos: the mean square of the difference, as a share of theirs.

    Args:
        features: Float `(batch, ..., filters)`.
        photos: Like `features`.

    Returns:
        float32 `(batch,)`; 0 where the photo has no features at all, and there is nothing to be near to.
    """
    features, photos = tf.cast(features, tf.float32), tf.cast(photos, tf.float32)
    share = tf.math.divide_no_nan(features - photos, rms(photos))
    return tf.reduce_mean(tf.square(share), axis=list(range(1, share.shape.rank)))


def pull_back(away: tf.Tensor, left: tf.Tensor) -> tf.Tensor:
    """The pull towards the photos, per pixel: nothing at the photo, and as strong as features are far from it.

    Relative to the activation's gradient, whose RMS is 1: with a weight of 2 the two are balanced where features have
    changed by half of what they were.

    Args:
        away: float32 `(batch, height, width, channels)`, the gradient of the departure.
        left: float32 `(batch,)`, the departure.

    Returns:
        A tensor like `away`, whose RMS is the departure's root; zero where that is not finite.
    """
    distance = tf.sqrt(tf.where(tf.math.is_finite(left), left, 0.0))
    return distance[:, None, None, None] * unit(away, rms(away))


def _absolute(difference: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.square(difference) + SMOOTHNESS**2)
