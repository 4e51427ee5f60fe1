"""Batch normalization in inference is a scale and an offset per channel; a convolution before it can take them over."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf


class Affine(NamedTuple):
    """`x * scale + offset`, float32 `(channels,)` each."""

    scale: tf.Tensor
    offset: tf.Tensor


def affine(normalization: Any) -> Affine:
    """What a BatchNormalization does in inference (Ioffe & Szegedy 2015, "Batch Normalization", algorithm 2)."""
    scale = tf.math.rsqrt(read(normalization.moving_variance) + normalization.epsilon)
    if normalization.scale:
        scale *= read(normalization.gamma)
    offset = -read(normalization.moving_mean) * scale
    return Affine(scale, offset + read(normalization.beta) if normalization.center else offset)


def kernel(layer: Any, normalization: Any | None) -> tf.Tensor:
    """A convolution's kernel times the scale of the normalization after it; None: the kernel as it is.

    The last of a separable convolution's two kernels is the one that is scaled.
    """
    own = read(last_kernel(layer))
    if normalization is None:
        return own
    scale = affine(normalization).scale
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # (height, width, inputs, multiplier)
        return own * tf.reshape(scale, own.shape[2:])
    if isinstance(layer, keras.layers.Conv2DTranspose):  # (height, width, filters, inputs)
        return own * scale[:, tf.newaxis]
    return own * scale


def bias(layer: Any, normalization: Any | None) -> tf.Tensor:
    """The bias that goes with `kernel`; only for a layer with a bias or with a normalization after it."""
    own = read(layer.bias) if layer.use_bias else 0.0
    if normalization is None:
        return own
    scale, offset = affine(normalization)
    return own * scale + offset


def depthwise(of_layer: Callable[[], tf.Tensor], groups: int) -> Callable[[], tf.Tensor]:
    """Lays out the kernel of a convolution with one input per group, `(height, width, 1, filters)`, for a depthwise
    one, `(height, width, groups, filters / groups)`: both number the filters group by group."""

    def laid_out() -> tf.Tensor:
        own = of_layer()
        return tf.reshape(own, (*own.shape[:2], groups, own.shape[3] // groups))

    return laid_out


def last_kernel(layer: Any) -> Any:
    """The variable of the kernel that is applied last."""
    if isinstance(layer, keras.layers.SeparableConv2D):
        return layer.pointwise_kernel
    return layer.kernel


def read(variable: Any) -> tf.Tensor:
    """A variable of a layer as it is now, float32."""
    return tf.cast(tf.convert_to_tensor(variable), tf.float32)
