"""Random jitter, scale, rotation and blur before the model sees an image: what survives them is robust.

Drawn afresh in each iteration from (seed, iteration), each image for itself; the optimised image is never
touched, so nothing accumulates (Olah et al. 2017, "Feature Visualization").
"""

import math

import tensorflow as tf

from filterviz_widget.ascent.numbers import Numbers


def move(images: tf.Tensor, numbers: Numbers, seeds: tf.Tensor, iteration: tf.Tensor) -> tf.Tensor:
    """Rotates and scales each image about its centre, and shifts it by whole pixels; edges are reflected.

    Args:
        images: float32 `(batch, height, width, channels)`.
        numbers: Uses jitter (pixels), scale (share) and rotation (degrees), and along which directions.
        seeds: int32 `(batch,)`.
        iteration: int32 scalar.
    """
    draws = _draw(seeds, iteration, 4, salt=1)
    angle = draws[:, 0] * numbers.rotation * (math.pi / 180)
    # Between 1 / (1 + scale) and 1 + scale, so that enlarging and shrinking balance.
    grown = draws[:, 1] * tf.math.log1p(numbers.scale)
    wide, high = tf.exp(grown * numbers.across), tf.exp(grown * numbers.down)
    shift = tf.round(draws[:, 2:] * numbers.jitter) * tf.stack([numbers.across, numbers.down])
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    middle_x, middle_y = (tf.cast(side - 1, tf.float32) / 2 for side in (width, height))
    x_of_x, x_of_y = tf.cos(angle) * wide, tf.sin(angle) * wide
    y_of_y, y_of_x = tf.cos(angle) * high, tf.sin(angle) * high
    zeros = tf.zeros_like(angle)
    # Output pixel (x, y) is taken from (a0 x + a1 y + a2, b0 x + b1 y + b2).
    rows = (
        *(x_of_x, -x_of_y, middle_x - x_of_x * middle_x + x_of_y * middle_y + shift[:, 0]),
        *(y_of_x, y_of_y, middle_y - y_of_x * middle_x - y_of_y * middle_y + shift[:, 1]),
        *(zeros, zeros),
    )
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack(rows, axis=1),
        output_shape=tf.stack([height, width]),
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )
    # It has lost its size, by which the layers' forms are chosen.
    return tf.ensure_shape(moved, images.shape)


def blur(images: tf.Tensor, numbers: Numbers, seeds: tf.Tensor, iteration: tf.Tensor) -> tf.Tensor:
    """Blurs each image with a Gaussian of a random standard deviation from 0 to `numbers.blur` pixels."""
    sigma = tf.abs(_draw(seeds, iteration, 1, salt=2)[:, 0]) * numbers.blur
    # Along either axis a product with a small matrix, whose rows sum to 1: exact at the edges, too.
    down, across = (_gaussian(tf.shape(images)[axis], sigma) for axis in (1, 2))
    blurred = tf.einsum("bij,bjwc->biwc", down, tf.einsum("bij,bhjc->bhic", across, images))
    return tf.ensure_shape(blurred, images.shape)


def _gaussian(size: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    places = tf.range(tf.cast(size, tf.float32))
    squares = tf.square(places[:, None] - places)
    return tf.nn.softmax(-squares / (2 * tf.square(sigma) + 1e-6)[:, None, None], axis=-1)


def _draw(seeds: tf.Tensor, iteration: tf.Tensor, count: int, salt: int) -> tf.Tensor:
    """Draws uniform numbers in [-1, 1), `(batch, count)`: each image's depend on its own seed alone."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform((count,), (seed, iteration * 4 + salt), -1.0, 1.0, alg="philox"),
        seeds,
        fn_output_signature=tf.float32,
    )
