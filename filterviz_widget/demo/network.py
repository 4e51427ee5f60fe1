"""The small convolutional network that knows the flowers: `flower_model()`."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from filterviz_widget.demo.species import SPECIES

if TYPE_CHECKING:
    import keras

ACCURACY = 0.0
"""Share of 2,000 unseen flowers (`flowers(2000, seed=2)`) that the shipped weights name correctly."""

WEIGHTS = "flower_model.weights.h5"
FILTERS = (16, 32, 64, 80, 96)
KERNELS = (5, 3, 3, 3, 3)


def build() -> keras.Model:
    """Return the untrained network. Every layer has a name, so that Keras' global name counter stays as it is."""
    from keras import Input, Model, layers

    x = inputs = Input((96, 96, 3), name="image")
    for number, (filters, kernel) in enumerate(zip(FILTERS, KERNELS, strict=True), 1):
        # ELU: its slope is nowhere zero, so no filter is dead. The average pool's gradient has no checkerboard.
        x = layers.Conv2D(filters, kernel, padding="same", activation="elu", name=f"conv{number}")(x)
        if number < 4:
            x = layers.AveragePooling2D(2, name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return Model(inputs, layers.Dense(len(SPECIES), name="logits")(x), name="flower_model")


def flower_model() -> keras.Model:
    """Load the network that was trained on `flowers`.

    Returns:
        A built Keras model, float32 `(batch, 96, 96, 3)` in [0, 1] to 17 logits, in the order of `SPECIES`.
        Its convolutional layers are `conv1` to `conv5`; the last layer is `logits`.
    """
    model = build()
    with as_file(files("filterviz_widget.demo").joinpath(WEIGHTS)) as path:
        model.load_weights(path)
    return model
