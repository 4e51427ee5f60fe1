"""Batch normalization in inference is a scale and an offset per channel; a convolution before it can take them over."""

from typing import Any

import keras
import tensorflow as tf


def affine(normalization: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """The scale and the offset, float32 `(channels,)`, that are a BatchNormalization in inference.

    Ioffe & Szegedy 2015, "Batch Normalization", algorithm 2.
    """
    scale = tf.math.rsqrt(read(normalization.moving_variance) + normalization.epsilon)
    if normalization.scale:
        scale *= read(normalization.gamma)
    offset = -read(normalization.moving_mean) * scale
    return scale, offset + read(normalization.beta) if normalization.center else offset


def folded(layer: Any, normalization: Any | None) -> tuple[tf.Tensor, ...]:
    """The kernel, and the bias where there is one, of a layer with the normalization after it (None: alone).

    Of a separable convolution it is the second, pointwise kernel.
    """
    is_separable = isinstance(layer, keras.layers.SeparableConv2D)
    kernel = read(layer.pointwise_kernel if is_separable else layer.kernel)
    bias = read(layer.bias) if layer.use_bias else None
    if normalization is None:
        return (kernel,) if bias is None else (kernel, bias)
    scale, offset = affine(normalization)
    return kernel * _over_filters(scale, layer, kernel), offset if bias is None else bias * scale + offset


def depthwise(kernel: tf.Tensor, groups: int) -> tf.Tensor:
    """Lays out the kernel of a convolution with one input per group for a depthwise convolution.

    Both number the filters group by group: `(height, width, 1, filters)` becomes `(height, width, groups, filters /
    groups)`.
    """
    height, width, _, filters = kernel.shape
    return tf.reshape(kernel, (height, width, groups, filters // groups))


def read(variable: Any) -> tf.Tensor:
    """The value of a layer's variable as it is now."""
    return tf.convert_to_tensor(variable)


def _over_filters(scale: tf.Tensor, layer: Any, kernel: tf.Tensor) -> tf.Tensor:
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # (height, width, inputs, multiplier)
        return tf.reshape(scale, kernel.shape[2:])
    if isinstance(layer, keras.layers.Conv2DTranspose):  # (height, width, filters, inputs)
        return scale[:, tf.newaxis]
    return scale  # (height, width, inputs, filters)
