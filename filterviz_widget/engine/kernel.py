"""A filter's effective kernel, read from the layer as it computes now."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model import ModelView
from filterviz_widget.model.impulses import effective_kernel_of
from filterviz_widget.model.kernels import KernelPart, effective_part, kernel_parts, read_kernel
from filterviz_widget.picture.kernel import FilterKernel

Floats = npt.NDArray[np.float32]


def filter_kernel(view: ModelView, layer: str, filter: int) -> FilterKernel:
    """Reads it.

    The two parts of a separable convolution are multiplied: what they do to each input together. Over an image's three
    channels the inputs are red, green and blue, also where the preprocessing turns them round.

    Raises:
        ValueError: If the layer has no kernel, such as a pooling layer.
    """
    parts = _parts(view.operation(layer))
    kernels = [np.asarray(read_kernel(part), np.float32) for part in parts]
    note = "Found from the layer's answers." if parts[0].name == "effective" else ""
    if len(kernels) == 2:
        deep, wide = kernels
        inputs = int(view.operation(layer).depthwise_kernel.shape[-2])
        both = deep[:, :, 0, :] * wide[0, 0, :, filter]
        values = both.reshape(*deep.shape[:2], inputs, -1).sum(-1)
        note = "Depthwise and pointwise part multiplied."
    else:
        values = kernels[0][..., filter]
        groups = 1 if parts[0].name == "effective" else int(getattr(parts[0].layer, "groups", 1))
        if groups > 1:
            note = f"Inputs of group {filter * groups // kernels[0].shape[3]}, counted in it."
    order = _colours(view, layer) if values.shape[2] == 3 else None
    values = values if order is None else values[..., order]
    shape = parts[0].shape
    return FilterKernel(layer, filter, values, order is not None, note, shape[0] if len(shape) == 5 else 1)


def _parts(operation: Any) -> tuple[KernelPart, ...]:
    try:
        return kernel_parts(operation)
    except ValueError:
        # A block of several layers may be one convolution all the same.
        found = effective_kernel_of(operation) if isinstance(operation, keras.Layer) and operation.built else None
        if found is None:
            raise
        return (effective_part(operation, found),)


def _colours(view: ModelView, layer: str) -> list[int] | None:
    """Where red, green and blue are among the three inputs; None where these are not an image's channels."""
    first = next((info.name for info in view.layers if info.kind == "convolution"), None)
    if layer != first or view.data.kind not in ("image", "volume") or view.image_shape[2] != 3 * view.data.slices:
        return None
    if view.data.kind == "volume":  # whose preprocessing, if there is one, is the user's own
        return [0, 1, 2]
    low, high = view.input_range
    pure = np.full((4, 1, 1, 3), low, np.float32)
    for channel in range(3):
        pure[channel + 1, ..., channel] = high
    try:
        seen = np.asarray(view.prepared(tf.constant(pure)), np.float32)
    except Exception:  # the user's own preprocessing, which may want another size
        return [0, 1, 2]
    if seen.shape != pure.shape:
        return None
    order = [int(each) for each in (seen[1:] - seen[0]).reshape(3, 3).argmax(1)]
    return order if sorted(order) == [0, 1, 2] else None
