"""What kind of layer it is: seen through wrappers, and whether it runs over something else than images."""

from typing import Any

import keras

RUNS_OVER = {
    **dict.fromkeys(("Conv1D", "Conv1DTranspose", "DepthwiseConv1D", "SeparableConv1D"), "sequences"),
    **dict.fromkeys(("RNN", "Bidirectional"), "sequences"),
    **dict.fromkeys(("Conv3D", "Conv3DTranspose"), "volumes"),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "TimeDistributed"), "time"),
}
"""Keras' layers, and what is derived from them, that are made for other data than one image."""

TAKES_QUERY = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)
"""Whose output has a token for each of what they are given first."""


def unwrapped(layer: Any) -> Any:
    """The layer in a wrapper, such as the Conv2D in SpectralNormalization(Conv2D); any other layer itself."""
    while isinstance(layer, keras.layers.Wrapper):
        layer = layer.layer
    return layer


def class_name(layer: Any) -> str:
    """The class of a layer, with that of what it wraps: "SpectralNormalization(Conv2D)"."""
    name = type(layer).__name__
    if isinstance(layer, keras.layers.Bidirectional):
        return f"{name}({type(layer.forward_layer).__name__})"
    return f"{name}({class_name(layer.layer)})" if isinstance(layer, keras.layers.Wrapper) else name


def runs_over(layer: Any) -> str:
    """What a layer, or the one that it wraps, runs over: "sequences", "volumes" or "time"; empty for all others."""
    for base in type(layer).__mro__:
        if base.__module__.startswith("keras.") and base.__name__ in RUNS_OVER:
            return RUNS_OVER[base.__name__]
    return runs_over(layer.layer) if isinstance(layer, keras.layers.Wrapper) else ""
