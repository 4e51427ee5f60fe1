"""Which layers of a model can be shown: its convolutions, in the order of the model."""

from typing import Any, NamedTuple

import keras

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)


class LayerInfo(NamedTuple):
    """A layer as the layer slider names it.

    Attributes:
        name: The layer's name.
        filters: How many filters it has.
        shape: Its output, `(height, width, filters)`; None where the model leaves the size open.
    """

    name: str
    filters: int
    shape: tuple[int | None, int | None, int]


def convolutional_layers(model: Any) -> list[LayerInfo]:
    """Lists the two-dimensional convolutions of a built model.

    Raises:
        ValueError: If there is none; nested models that have some are named.
    """
    found = [_info(layer) for layer in model.layers if isinstance(layer, CONVOLUTIONS)]
    if not found:
        nested = [
            layer.name
            for layer in model.layers
            if isinstance(layer, keras.Model)
            and any(isinstance(inner, CONVOLUTIONS) for inner in layer._flatten_layers())
        ]
        hint = f" Its nested model {nested[0]!r} has: pass model.get_layer({nested[0]!r})." if nested else ""
        raise ValueError(
            f"The model {model.name!r} has no convolutional layer (Conv2D and its relatives) among its "
            f"{len(model.layers)} layers.{hint}"
        )
    return found


def _info(layer: Any) -> LayerInfo:
    height, width, filters = layer.output.shape[1:]
    return LayerInfo(layer.name, filters, (height, width, filters))
