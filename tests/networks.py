"""Small networks that several tests share; cheap to make and to trace."""

from typing import Any

import keras
import numpy as np
from keras import layers

from filterviz_widget.description import Description
from filterviz_widget.description.reading import Reading

SIZE = 20


def small_network(channels: int = 3, activation: str = "elu", size: int | None = SIZE) -> keras.Model:
    """Two convolutions, `first` (6 filters) and `second` (8), and three units, `units`; weights from a fixed seed."""
    model = keras.Sequential(
        [
            keras.Input((size, size, channels)),
            layers.Conv2D(6, 5, activation=activation, name="first"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Conv2D(8, 3, activation=activation, name="second"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(3, name="units"),
        ],
        name="small",
    )
    return with_weights(model)


def linear_network(kernel: np.ndarray) -> keras.Model:
    """One linear convolution without bias, `linear`, with the given kernel `(height, width, inputs, filters)`."""
    height, width, inputs, filters = kernel.shape
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, inputs)), layers.Conv2D(filters, (height, width), use_bias=False, name="linear")],
        name="linear_network",
    )
    model.set_weights([kernel])
    return model


def network_with_dead_filters(cause: str = "bias") -> keras.Model:
    """A network whose filter 1 of `dead` has no gradient from grey, and whose filter 0 has one.

    With "bias" its pre-activation is far below zero; with "weights" its kernel is zero, and nothing helps.
    """
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Conv2D(2, 3, activation="relu", name="dead")],
        name="network_with_dead_filters",
    )
    with_weights(model)
    kernel, bias = model.get_weights()
    bias[:] = [100.0, -100.0 if cause == "bias" else 0.0]
    if cause == "weights":
        kernel[..., 1] = 0
    model.set_weights([kernel, bias])
    return model


def overflowing(filter: int, weight: float = 3e38) -> keras.Model:
    """The small network with one filter of `second` whose gradient overflows, while those of its neighbours do not."""
    model = small_network(activation="linear")
    model.get_layer("first").set_weights([100 * each for each in model.get_layer("first").get_weights()])
    kernel, bias = model.get_layer("second").get_weights()
    kernel[..., filter] = weight
    model.get_layer("second").set_weights([kernel, bias])
    return model


def with_weights(model: keras.Model, seed: int = 5) -> keras.Model:
    """Gives a network random weights of a fixed seed, biases included; returns it."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.3, weight.shape).astype(weight.dtype) for weight in model.get_weights()])
    return model


def wanted(layer: str = "second", filter: int = 3, *, size: int = SIZE, **changes: Any) -> Description:
    """The description of a picture: 20 iterations of the classic method from seed 0, but for `changes`."""
    settings = {"step_size": 1.0, "iterations": 20, "seed": 0} | changes
    return Description(layer, filter, reading=Reading("", (size, size), (0.0, 1.0)), **settings)
