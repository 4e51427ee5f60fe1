"""Small networks, one for each thing that a twin folds, lays out anew or leaves alone."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from filterviz_widget.model import ModelView
from filterviz_widget.twin import Twin, Weights

SIZE = 20


def images(batch=2):
    return tf.constant(np.random.default_rng(0).uniform(0, 1, (batch, SIZE, SIZE, 3)), tf.float32)


def twin_of(view: ModelView, layer: str, *args: Any, **options: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    """A twin with the model's weights as they are when it is called."""
    twin, weights = Twin(view, layer, *args, **options), Weights()
    return lambda images, **options: twin(images, weights.take(twin.sources).tensors, **options)


def slope(features: Callable[[tf.Tensor], tf.Tensor], given: tf.Tensor | None = None) -> tf.Tensor:
    """The gradient of the first filter's activation, as an ascent takes it."""
    given = images() if given is None else given

    @tf.function(autograph=False)
    def gradient(given):
        return tf.gradients(tf.reduce_mean(features(given)[..., 0]), given)[0]

    return gradient(given)


def operations(function: Callable[[tf.Tensor], Any]) -> list[str]:
    """The types of the TensorFlow operations that a function becomes."""
    graph = tf.function(function, autograph=False).get_concrete_function(images()).graph
    return [operation.type for operation in graph.get_operations()]


def with_statistics(model, seed=0):
    """Gives every weight a value of its own, and batch normalization statistics that do not fold trivially."""
    rng = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.weights:
                positive = variable.name in ("gamma", "moving_variance")
                drawn = rng.uniform(0.5, 1.5, variable.shape) if positive else rng.normal(0, 0.3, variable.shape)
                variable.assign(drawn)
        else:
            for variable in layer._trainable_variables:
                if variable.name == "bias":
                    variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def sequential(*middle, size=SIZE, seed=3):
    """An input, the given layers, a ReLU `relu` and a last convolution `last`."""
    keras.utils.set_random_seed(seed)
    return with_statistics(
        keras.Sequential(
            [keras.Input((size, size, 3)), *middle, layers.ReLU(name="relu"), layers.Conv2D(5, 3, name="last")]
        )
    )


CONVOLUTIONS = {
    "a convolution": lambda: layers.Conv2D(6, 3, use_bias=False, name="conv"),
    "one with a bias and strides": lambda: layers.Conv2D(6, 3, strides=2, padding="same", name="conv"),
    "a dilated one": lambda: layers.Conv2D(6, 3, dilation_rate=2, padding="same", name="conv"),
    "a depthwise one": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="conv"),
    "a separable one": lambda: layers.SeparableConv2D(6, 3, depth_multiplier=2, name="conv"),
    "a transposed one": lambda: layers.Conv2DTranspose(6, 3, strides=2, padding="same", name="conv"),
    "one input per group": lambda: layers.Conv2D(6, 3, groups=3, name="conv"),
    "one with an activation": lambda: layers.Conv2D(6, 3, activation="relu", name="conv"),
}
