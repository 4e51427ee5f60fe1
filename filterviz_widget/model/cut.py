"""Cutting a model at a layer: images in, the layer's output out."""

from collections.abc import Callable
from typing import Any

import keras


def cut_at(model: Any, layer: str) -> Callable[[Any], Any]:
    """Returns a function from images to the output of a layer, in inference mode.

    The layers and their variables are the model's own, so new weights show at once. Images may be of another
    size than the model's input where the layers allow it.

    Args:
        model: A built Keras model.
        layer: The layer's name.

    Returns:
        A function of a float tensor `(batch, height, width, channels)`.
    """
    # The explicit name keeps Keras' counter of automatic names, which is global, as it was.
    cut = keras.Model(model.inputs, model.get_layer(layer).output, name="cut")

    # Model.__call__ would insist on the input's declared size; Model.call does not.
    def features(images: Any) -> Any:
        return cut.call(images, training=False)

    return features
