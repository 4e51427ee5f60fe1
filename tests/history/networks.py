"""Networks that the history's tests share: the classic one, and small ones that train in a moment."""

from typing import Any

import keras
import numpy as np
from keras import layers

SIZE = 12
CLASSES = 3


def classic_network() -> keras.Model:
    """Three convolutions on 224x224 pixels and 17 classes: 20,842 parameters, 20,802 of them trainable."""
    model = keras.Sequential([keras.Input((224, 224, 3))])
    for filters in (5, 10, 5):
        model.add(layers.Conv2D(filters, 3, padding="same"))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.BatchNormalization())
    model.add(layers.Flatten())
    model.add(layers.Dense(5))
    model.add(layers.Activation("relu"))
    model.add(layers.Dense(17))
    model.add(layers.Activation("softmax"))
    return model


def examples(count: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random images `(count, 12, 12, 3)` in [0, 1] and labels."""
    rng = np.random.default_rng(seed)
    return rng.random((count, SIZE, SIZE, 3), np.float32), rng.integers(0, CLASSES, count)


def small(
    *, compiled: bool = True, inside: tuple[Any, ...] = (), kind: type[keras.Model] = keras.Model, **conv: Any
) -> keras.Model:
    """Two convolutions, `first` (4 filters) and `second` (5), and a softmax; `inside` stands between them."""
    options = {"activation": "elu"} | conv
    x = inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, name="first", **options)(x)
    for layer in inside:
        x = layer(x)
    x = layers.Conv2D(5, 3, name="second", **options)(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    model = kind(inputs, layers.Dense(CLASSES, activation="softmax", name="classes")(x), name="small")
    if compiled:
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model
