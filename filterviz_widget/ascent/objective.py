"""What is maximised: a layer's output to one number per image."""

from collections.abc import Sequence

import tensorflow as tf

from filterviz_widget.description.method import Objective


def activation(features: tf.Tensor, selection: tf.Tensor, objective: Objective) -> tf.Tensor:
    """Reduces feature maps to the activation.

    Args:
        features: Float `(batch, height, width, filters)` or, for units without positions, `(batch, filters)`.
        selection: float32 `(batch, filters)`; that of a single filter is one 1 among zeros.
        objective: How each map becomes a number: its mean, its value in the centre, or its mean square.

    Returns:
        float32 `(batch,)`, the weighted sum of the maps' numbers.
    """
    features = tf.cast(features, tf.float32)  # before any sum: half precision overflows at 65,504
    if objective == "layer":
        features = tf.square(features)
    positions = list(range(1, features.shape.rank - 1))
    if objective == "center":
        for axis in reversed(positions):
            features = tf.gather(features, tf.shape(features)[axis] // 2, axis=axis)
    elif positions:
        features = tf.reduce_mean(features, axis=positions)
    # A filter that is not selected must not matter, not even if it overflows: 0 times infinity is NaN.
    return tf.reduce_sum(tf.where(selection == 0, 0.0, selection * features), axis=1)


def one_hot(filters: Sequence[int], count: int) -> tf.Tensor:
    """The selection of one filter per image, float32 `(len(filters), count)`: 1 for the filter and 0 for all others."""
    return tf.one_hot(list(filters), count)


def likeness(features: tf.Tensor) -> tf.Tensor:
    """How alike the images of a batch are to the layer: the diversity term of Olah et al. 2017.

    Args:
        features: Float `(batch, height, width, filters)`.

    Returns:
        float32 `(batch,)`: the mean cosine between an image's Gram matrix and the others' (0 for one image).
    """
    features = tf.cast(features, tf.float32)
    maps = tf.reshape(features, (tf.shape(features)[0], -1, features.shape[-1]))
    grams = tf.reshape(tf.matmul(maps, maps, transpose_a=True), (tf.shape(maps)[0], -1))
    grams = tf.math.l2_normalize(grams, axis=1, epsilon=1e-30)
    cosines = tf.linalg.set_diag(tf.matmul(grams, grams, transpose_b=True), tf.zeros(tf.shape(maps)[0]))
    return tf.reduce_sum(cosines, axis=1) / tf.cast(tf.maximum(tf.shape(maps)[0] - 1, 1), tf.float32)
