"""Layers that hold layers, or compute their kernel, as users write them."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops


def conv(name: str, filters: int = 4, size: int = 3, **options: Any) -> Any:
    return layers.Conv2D(filters, size, padding="same", name=name, **options)


class WeightNorm(layers.Wrapper):
    """Computes with `g * v / |v|`; the kernel of what it wraps is not used."""

    def build(self, shape: Any) -> None:
        super().build(shape)
        self.v = self.add_weight(shape=self.layer.kernel.shape, initializer="random_normal", name="v")
        self.g = self.add_weight(shape=(self.layer.filters,), initializer="ones", name="g")

    def call(self, x: Any) -> Any:
        kernel = self.g * self.v / ops.sqrt(ops.sum(self.v**2, axis=(0, 1, 2)))
        made = ops.conv(x, kernel, strides=self.layer.strides, padding=self.layer.padding)
        return self.layer.activation(made + self.layer.bias)


class LowRank(layers.Layer):
    """A convolution, and a low-rank update of two small matrices."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conv = conv("conv")

    def build(self, shape: Any) -> None:
        self.conv.build(shape)
        self.a = self.add_weight(shape=(3, 3, shape[-1], 2), initializer="random_normal", name="a")
        self.b = self.add_weight(shape=(2, 4), initializer="random_normal", name="b")

    def call(self, x: Any) -> Any:
        return self.conv(x) + ops.conv(x, ops.matmul(self.a, self.b), padding="same")


class Standardized(layers.Conv2D):
    """A convolution with another kernel than its variable."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        return super().convolution_op(inputs, (kernel - ops.mean(kernel)) / ops.std(kernel))


class Branches(layers.Layer):
    """Three convolutions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conv_a, self.conv_b = conv("conv_a", activation="relu"), conv("conv_b")
        self.conv_c = conv("conv_c", size=1)

    def build(self, shape: Any) -> None:
        self.conv_a.build(shape)
        self.conv_b.build((*shape[:-1], 4))
        self.conv_c.build(shape)

    def call(self, x: Any) -> Any:
        return self.conv_b(self.conv_a(x)) + self.conv_c(x)


class Lists(layers.Layer):
    """Convolutions in lists in a list, and in a dictionary, called by a function that Keras cannot follow."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pairs = [[conv(f"pair_{row}_{place}") for place in range(2)] for row in range(2)]
        self.more = {"last": [conv("last", size=1)]}

    def build(self, shape: Any) -> None:
        for one in (*self.pairs[0], *self.pairs[1], *self.more["last"]):
            one.build((*shape[:-1], 4))

    def call(self, x: Any) -> Any:
        for pair in self.pairs:
            for one in pair:
                x = tf.nn.leaky_relu(one(x))
        return self.more["last"][0](x)


class HoldsModel(layers.Layer):
    """A Functional model within a layer: linear, so that it is one convolution."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        given = keras.Input((None, None, 4))
        self.model = keras.Model(given, conv("second")(conv("first", size=1)(given)), name="model")

    def build(self, shape: Any) -> None:
        self.model.build((*shape[:-1], 4))

    def call(self, x: Any) -> Any:
        return 2 * self.model(x)


class Doubled(layers.Layer):
    """A convolution that is called twice."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conv = conv("conv")

    def build(self, shape: Any) -> None:
        self.conv.build(shape)

    def call(self, x: Any) -> Any:
        return self.conv(ops.tanh(self.conv(x)))
