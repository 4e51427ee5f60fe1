"""Reading a layer's kernels in one order of axes, whatever kind of convolution it is."""

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.model.keras_private import flat_layers

Array = npt.NDArray[Any]
Kind = Literal["convolution", "transposed", "depthwise", "dense"]


class KernelPart(NamedTuple):
    """One kernel of a layer; a separable convolution has two.

    Attributes:
        name: "kernel", "depthwise" or "pointwise".
        kind: How the weight's axes are to be read; see `canonical`.
        weight: The Keras variable that holds it.
    """

    name: str
    kind: Kind
    weight: Any

    @property
    def filters(self) -> int:
        """How many output channels it has."""
        shape = tuple(self.weight.shape)
        return int({"transposed": shape[-2], "depthwise": shape[-1] * shape[-2]}.get(self.kind, shape[-1]))


def kernel_parts(layer: Any) -> tuple[KernelPart, ...]:
    """Finds the kernels of a built Keras layer: one, or the depthwise and pointwise ones of a separable convolution.

    Args:
        layer: Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose, Dense, or a layer of one's own with a
            `kernel` of rank 4 `(height, width, inputs, filters)`.

    Raises:
        ValueError: If the layer is not built, or has no such kernel.
    """
    import keras

    if isinstance(layer, keras.layers.SeparableConv2D) and layer.built:
        return (
            KernelPart("depthwise", "depthwise", layer.depthwise_kernel),
            KernelPart("pointwise", "convolution", layer.pointwise_kernel),
        )
    kernel = getattr(layer, "kernel", None) if getattr(layer, "built", True) else None
    rank = len(getattr(kernel, "shape", ()))
    if rank == 4:
        kind: Kind = "convolution"
        if isinstance(layer, keras.layers.Conv2DTranspose):
            kind = "transposed"
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            kind = "depthwise"
        return (KernelPart("kernel", kind, kernel),)
    if rank == 2:
        return (KernelPart("kernel", "dense", kernel),)
    name, class_name = getattr(layer, "name", layer), type(layer).__name__
    if not getattr(layer, "built", True):
        raise ValueError(f"The layer {name!r} ({class_name}) is not built, so it has no kernel yet.")
    raise ValueError(
        f"The layer {name!r} ({class_name}) has no two-dimensional kernel. "
        "Expected Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose or Dense."
    )


def layer_at(model: Any, path: str) -> Any:
    """Finds a layer by its name, or by its path through nested models: "vgg16/block3_conv1", "conv:1" for a second use.

    Raises:
        ValueError: If there is none.
    """
    layer = model
    for name in path.split("/"):
        own, _, use = name.rpartition(":")
        wanted = own if use.isdecimal() else name
        inside = flat_layers(layer)
        layer = next((one for one in inside if one.name == wanted), None)
        if layer is None:
            known = ", ".join(repr(one.name) for one in model.layers)
            raise ValueError(f"The model {model.name!r} has no layer {path!r}. It has {known}.")
    return layer


def canonical(values: Array, kind: Kind) -> Array:
    """Orders the axes of a kernel, or of its gradient, as `(height, width, inputs, filters)`.

    A filter is an output channel. Keras stores a transposed convolution with its filters before its inputs, and a
    depthwise one as `(height, width, inputs, multiplier)`, whose every output channel sees a single input: here
    `(height, width, 1, inputs * multiplier)`. A dense layer's matrix becomes `(1, 1, inputs, units)`.
    """
    if kind == "transposed":
        return values.swapaxes(2, 3)
    if kind == "depthwise":
        height, width, inputs, multiplier = values.shape
        return values.reshape(height, width, 1, inputs * multiplier)
    if kind == "dense":
        return values[None, None]
    return values


def read_kernel(part: KernelPart) -> Array:
    """Copies a kernel as `(height, width, inputs, filters)`: float64 if the layer is, float32 otherwise."""
    return canonical(as_float(part.weight), part.kind)


def as_float(values: Any) -> Array:
    """Copies a tensor or variable as float64 if it is that, as float32 otherwise (float16 and bfloat16 fit exactly)."""
    array = np.asarray(values.numpy() if hasattr(values, "numpy") else values)
    return np.array(array, np.float64 if array.dtype == np.float64 else np.float32)
