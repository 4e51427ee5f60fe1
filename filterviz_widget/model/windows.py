"""Layers that go by windows, over signals, images and volumes: what becomes of what positions see."""

from collections.abc import Callable
from typing import Any

import keras

from filterviz_widget.model.kernels import TRANSPOSED
from filterviz_widget.model.seen import Seen, resized, shifted, transposed, window

WINDOWS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.Conv1D,
    keras.layers.DepthwiseConv1D,
    keras.layers.SeparableConv1D,
    keras.layers.AveragePooling1D,
    keras.layers.MaxPooling1D,
    keras.layers.Conv3D,
    keras.layers.AveragePooling3D,
    keras.layers.MaxPooling3D,
)
PADDINGS = (keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D)
CROPPINGS = (keras.layers.Cropping1D, keras.layers.Cropping2D, keras.layers.Cropping3D)
UPSAMPLINGS = (keras.layers.UpSampling1D, keras.layers.UpSampling2D, keras.layers.UpSampling3D)

ROWS = (
    *(keras.layers.Conv1D, keras.layers.DepthwiseConv1D, keras.layers.SeparableConv1D, keras.layers.Conv1DTranspose),
    *(keras.layers.AveragePooling1D, keras.layers.MaxPooling1D, keras.layers.ZeroPadding1D, keras.layers.Cropping1D),
    keras.layers.UpSampling1D,
)
STACKS = (
    *(keras.layers.Conv3D, keras.layers.Conv3DTranspose, keras.layers.AveragePooling3D, keras.layers.MaxPooling3D),
    *(keras.layers.ZeroPadding3D, keras.layers.Cropping3D, keras.layers.UpSampling3D),
)
"""Layers along one axis, and along three; all others go along two."""

OVER_FRAMES = (
    *(keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D, keras.layers.Conv2DTranspose),
    *(keras.layers.AveragePooling2D, keras.layers.MaxPooling2D),
    *(keras.layers.ZeroPadding2D, keras.layers.Cropping2D, keras.layers.UpSampling2D),
)
"""Layers that keep frames apart, and places in each, where they are distributed over time."""


def behind_windows(layer: Any) -> Callable[[Seen, int], Seen] | None:
    """What becomes of what is seen along one axis of a layer that goes by windows; None for any other layer."""
    if isinstance(layer, TRANSPOSED):
        return lambda each, axis: transposed(each, layer, axis)
    if isinstance(layer, WINDOWS):
        return lambda each, axis: window(each, layer, axis)
    if isinstance(layer, PADDINGS):
        padding = _pairs(layer.padding)
        return lambda each, axis: shifted(each, -padding[axis][0], sum(padding[axis]))
    if isinstance(layer, CROPPINGS):
        cropping = _pairs(layer.cropping)
        return lambda each, axis: shifted(each, cropping[axis][0], -sum(cropping[axis]))
    if isinstance(layer, UPSAMPLINGS) and getattr(layer, "interpolation", "nearest") in ("nearest", "bilinear"):
        is_near = getattr(layer, "interpolation", "nearest") == "nearest"
        times = layer.size if isinstance(layer.size, tuple | list) else (layer.size,)
        return lambda each, axis: resized(each, len(each.first) * times[axis], is_near)
    return None


def _pairs(given: Any) -> Any:
    """Padding before and behind, for each axis; Keras has a single pair for signals."""
    return given if isinstance(given[0], tuple | list) else (given,)


def rank(layer: Any) -> int:
    """Along how many axes a layer goes by windows: 1, 2 or 3."""
    return 3 if isinstance(layer, STACKS) else 1 if isinstance(layer, ROWS) else 2
