"""Layers without weights that have quicker gradients than TensorFlow's own."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

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
        return None if layer.data_format == "channels_first" else functools.partial(max_pool, layer)
    function = quick(layer.activation)
    return None if function is layer.activation else function


def max_pool(layer: Any, x: tf.Tensor) -> tf.Tensor:
    """Max pooling whose gradient is a function that TensorFlow optimises by itself.

    Among the edges of a loop the pass that brings in oneDNN misses most of these gradients: InceptionV3 takes 75 ms
    per iteration in place of 66.

    Args:
        layer: The MaxPooling2D.
        x: `(batch, height, width, channels)`.
    """

    def pooled(x: tf.Tensor) -> tf.Tensor:
        return tf.nn.max_pool2d(x, layer.pool_size, layer.strides, layer.padding.upper())

    @functools.partial(tf.function, autograph=False, experimental_attributes={"_noinline": True})
    def gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = pooled(x)
        return tape.gradient(y, x, output_gradients=upstream)

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(x: tf.Tensor) -> Any:
        # A concrete function, as tf.function would warn that many poolings are traced.
        return pooled(x), lambda upstream: gradient.get_concrete_function(x, upstream)(x, upstream)

    return run(x)


def _are_alike(given: Any) -> bool:
    shapes = [each.shape for each in given]
    return all(shape.rank and None not in shape[1:] and shape.as_list() == shapes[0].as_list() for shape in shapes)
