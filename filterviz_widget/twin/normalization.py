"""Layer normalization with a gradient in few operations."""

from typing import Any

import tensorflow as tf

from filterviz_widget.model.gradient import with_gradient


def layer_normalization(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Normalises the channels of each position by themselves (Ba et al. 2016, arXiv 1607.06450).

    With the gradient that TensorFlow derives it takes some fifty operations more (ConvNeXtTiny: 22 such layers, 1,100
    operations less to compile). Means over channels are products of matrices, which read the memory once.

    Args:
        x: float32 `(..., channels)`, the number of channels known.
        gamma: float32 `(channels,)`.
        beta: float32 `(channels,)`.
        epsilon: Added to the variance.

    Returns:
        A tensor like `x`.
    """
    channels = x.shape[-1]
    share = tf.fill((channels, 1), 1 / channels)
    shape = tf.shape(x)
    flat = tf.reshape(x, (-1, channels))
    centred = flat - tf.matmul(flat, share)
    inverse = tf.math.rsqrt(tf.matmul(tf.square(centred), share) + epsilon)
    normal = centred * inverse
    result = tf.reshape(normal * gamma + beta, shape)
    return tf.ensure_shape(with_gradient(result, [x, normal, inverse, gamma, share], _gradient), x.shape)


def _gradient(
    upstream: tf.Tensor,
    result: tf.Tensor,
    x: tf.Tensor,
    normal: tf.Tensor,
    inverse: tf.Tensor,
    gamma: tf.Tensor,
    share: tf.Tensor,
) -> Any:
    upstream = tf.reshape(upstream, (-1, x.shape[-1]))
    weights = share * gamma[:, tf.newaxis]
    along = tf.matmul(upstream, weights) + normal * tf.matmul(upstream * normal, weights)
    return tf.reshape(inverse * (upstream * gamma - along), tf.shape(x)), None, None, None, None
