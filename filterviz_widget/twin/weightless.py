"""Layers without weights that have quicker gradients than TensorFlow's own."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.gradient import with_gradient
from filterviz_widget.twin.activation import quick


def weightless(layer: Any, given: Any) -> Callable[[Any], tf.Tensor] | None:
    """Returns what computes the layer's output from its input; None to leave it as it is.

    Args:
        layer: One of Keras' own; for subclasses, and for layers with a dtype of their own, the answer is None.
        given: Its input: a tensor, or a list of them.
    """
    kind = type(layer)
    if kind not in (keras.layers.Activation, keras.layers.Add, keras.layers.MaxPooling2D):
        return None
    if layer.compute_dtype != "float32" or "call" in vars(layer):
        return None
    if kind is keras.layers.Add:
        # As tf.add would ask in every iteration, and in a dozen operations, which of the two was broadcast.
        return tf.add_n if _are_alike(given) else None
    if kind is keras.layers.MaxPooling2D:
        if layer.data_format == "channels_first":
            return None
        return functools.partial(max_pool, tuple(layer.pool_size), tuple(layer.strides), layer.padding)
    function = quick(layer.activation)
    return None if function is layer.activation else function


def max_pool(pool: tuple[int, ...], strides: tuple[int, ...], padding: str, x: tf.Tensor) -> tf.Tensor:
    """Max pooling whose gradient is a function that TensorFlow optimises by itself.

    Among the edges of a loop the pass that brings in oneDNN misses most of these gradients: InceptionV3 takes 75 ms
    per iteration in place of 66.

    Args:
        pool: Height and width of the window.
        strides: Down and across.
        padding: "valid" or "same".
        x: `(batch, height, width, channels)`.
    """
    return with_gradient(
        tf.nn.max_pool2d(x, pool, strides, padding.upper()), [x], _pool_gradient, pool, strides, padding
    )


def _pool_gradient(
    upstream: tf.Tensor, result: tf.Tensor, x: tf.Tensor, pool: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> Any:
    def gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        how = {"ksize": [1, *pool, 1], "strides": [1, *strides, 1], "padding": padding.upper()}
        y = tf.raw_ops.MaxPool(input=x, **how)
        return tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=y, grad=upstream, **how)

    own = tf.function(gradient, autograph=False, experimental_attributes={"_noinline": True})
    # A concrete function, as tf.function would warn that many poolings are traced.
    return (own.get_concrete_function(x, upstream)(x, upstream),)


def _are_alike(given: Any) -> bool:
    shapes = [each.shape for each in given]
    return all(shape.rank and None not in shape[1:] and shape.as_list() == shapes[0].as_list() for shape in shapes)
