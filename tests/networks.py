"""Small networks that several tests share; cheap to make and to trace."""

import keras
import numpy as np
from keras import layers

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


def with_weights(model: keras.Model, seed: int = 5) -> keras.Model:
    """Gives a network random weights of a fixed seed, biases included; returns it."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.3, weight.shape).astype(weight.dtype) for weight in model.get_weights()])
    return model
