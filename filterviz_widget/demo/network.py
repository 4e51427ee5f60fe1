"""The small convolutional network that knows the flowers: `flower_model()`."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from filterviz_widget.demo.species import SPECIES

if TYPE_CHECKING:
    import keras

ACCURACY = 0.972
"""Share of 2,000 unseen flowers (`flowers(2000, seed=2)`) that the shipped weights name correctly."""

WEIGHTS = "flower_model.weights.h5"
FILTERS = (16, 32, 64, 80, 96)
KERNELS = (5, 3, 3, 3, 3)
SMALLEST = 80
"""Images from this size on reach `logits`: what is smaller is used up by the unpadded convolutions."""


def build() -> keras.Model:
    """Return the untrained network, chosen for the pictures that its filters ask for.

    - `standardise` gives each colour channel of each image zero mean and unit variance (instance normalisation,
      Ulyanov et al. 2016, arXiv 1607.08022). So the faint noise that an ascent starts from reaches the filters
      at full contrast, where they are not linear, and a flat colour excites none of them.
    - No padding: a border of zeros is the strongest edge there is, and filters would ask for nothing else.
    - Leaky ReLU: its slope is nowhere zero, so no filter is dead.
    - Average pooling: its gradient has no holes, so the pictures have no checkerboard.
    - A filter of `conv5` sees 80 of the 96 pixels, so the pictures of the logits can hold a whole flower.

    Every layer has a name, so Keras' global counter of names stays as it is.
    """
    from keras import Input, Model, layers

    x = inputs = Input((96, 96, 3), name="image")
    x = layers.GroupNormalization(groups=3, scale=False, center=False, epsilon=1e-6, name="standardise")(x)
    for number, (filters, kernel) in enumerate(zip(FILTERS, KERNELS, strict=True), 1):
        x = layers.Conv2D(
            filters, kernel, activation="leaky_relu", kernel_initializer="he_normal", name=f"conv{number}"
        )(x)
        if number < 5:
            x = layers.AveragePooling2D(2, name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return Model(inputs, layers.Dense(len(SPECIES), name="logits")(x), name="flower_model")


def flower_model() -> keras.Model:
    """Load the network that was trained on `flowers` by `scripts/train_flower_model.py`.

    Returns:
        A built Keras model, float32 `(batch, 96, 96, 3)` in [0, 1] to 17 logits, in the order of `SPECIES`.
        Its convolutional layers are `conv1` to `conv5`, 16 to 96 filters each; the last layer is `logits`.
        Cut at a layer, it takes images of other sizes too: of 80 pixels and more for `conv5` and `logits`.

    Example:
        >>> from filterviz_widget.demo import flower_model, flowers
        >>> images, labels = flowers(17, seed=2)
        >>> guesses = flower_model().predict(images).argmax(axis=1)
    """
    model = build()
    with as_file(files("filterviz_widget.demo").joinpath(WEIGHTS)) as path:
        model.load_weights(path)
    return model


def is_flower_model(model: Any) -> bool:
    """Says whether a model is `flower_model()`, perhaps trained further.

    Args:
        model: Anything.

    Returns:
        Whether its name and the names of its layers are those.

    Example:

    >>> is_flower_model(flower_model())
    True
    """
    names = [layer.name for layer in getattr(model, "layers", [])]
    return getattr(model, "name", "") == "flower_model" and {"standardise", "conv5", "logits"} <= {*names}
