"""Reading a layer's kernels in one order of axes, whatever kind of convolution it is."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from filterviz_widget.model.graph import ALL_CONVOLUTIONS
from filterviz_widget.model.impulses import effective_kernel_of
from filterviz_widget.model.keras_private import (
    effective_kernel,
    is_of_keras,
    kernel_shape,
    kernel_variable,
    own_variables,
)
from filterviz_widget.model.kinds import class_name, runs_over, unwrapped
from filterviz_widget.model.paths import layer_at as layer_at  # its old place

Array = npt.NDArray[Any]
Kind = Literal["convolution", "transposed", "depthwise", "dense"]

TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)


class KernelPart(NamedTuple):
    """One kernel of a layer; a separable convolution has two.

    Attributes:
        name: "kernel", "depthwise" or "pointwise"; "effective" where no variable holds it.
        kind: How the weight's axes are to be read; see `canonical`.
        weight: The Keras variable that holds it; the layer where none does. What the layer computes with may be
            something else, `values`.
        layer: The layer that computes with it: the one that is asked for, or the one in it if that is a wrapper.
    """

    name: str
    kind: Kind
    weight: Any
    layer: Any

    def values(self) -> Any:
        """The kernel that the layer computes with now, in Keras' order of axes.

        With a low-rank update (LoRA) that is the sum, and in a quantized layer the weights that its codes stand for.
        """
        if self.name == "effective":
            found = effective_kernel_of(self.layer)
            if found is None:
                raise ValueError(f"The layer {self.layer.name!r} is no longer linear, so it has no kernel.")
            return found
        return effective_kernel(self.layer) if self.name == "kernel" else self.weight

    @property
    def shape(self) -> tuple[int, ...]:
        """Of `values`."""
        if self.name == "effective":
            return tuple(self.values().shape)
        return kernel_shape(self.layer) if self.name == "kernel" else tuple(self.weight.shape)

    @property
    def filters(self) -> int:
        """How many output channels it has."""
        shape = self.shape
        return int({"transposed": shape[-2], "depthwise": shape[-1] * shape[-2]}.get(self.kind, shape[-1]))


def kernel_parts(layer: Any) -> tuple[KernelPart, ...]:
    """Finds the kernels of a built Keras layer: one, or the depthwise and pointwise ones of a separable convolution.

    What a layer or wrapper of one's own computes with is found from its answers where it is linear: it may be made of
    several variables, as with a normalization of weights or a low-rank update.

    Args:
        layer: Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose, the same over signals and volumes, Dense,
            EinsumDense with a matrix, or a layer of one's own with a `kernel` of rank 4 `(height, width, inputs,
            filters)`; or a wrapper of one, such as SpectralNormalization, which is seen through.

    Raises:
        ValueError: If the layer is not built, or has no such kernel.
    """
    if not _has_own_code(layer) or not layer.built:
        return _stored_parts(layer)
    try:
        stored = _stored_parts(layer)
    except ValueError:
        if not own_variables(layer) or (found := effective_kernel_of(layer)) is None:
            raise
        return (effective_part(layer, found),)
    if any(part.kind in ("transposed", "depthwise") for part in stored):  # their axes are not those of a convolution
        return stored
    found = effective_kernel_of(layer)
    if found is None or (len(stored) == 1 and _is_near(read_kernel(stored[0]), found)):
        return stored
    return (effective_part(layer, found),)


def effective_part(layer: Any, found: Array) -> KernelPart:
    """Of a layer whose kernel no variable holds: `effective_kernel_of` found it."""
    return KernelPart("effective", "dense" if found.ndim == 2 else "convolution", layer, layer)


def _has_own_code(layer: Any) -> bool:
    """Whether a layer, or a wrapper around it, is of a class that is not Keras' own."""
    if isinstance(layer, keras.Layer) and not is_of_keras(type(layer)):
        return True
    return isinstance(layer, keras.layers.Wrapper) and _has_own_code(layer.layer)


def _is_near(kernel: Array, found: Array) -> bool:
    found = found if found.ndim == 4 else found[None, None]
    # Zeros around it are not seen from outside.
    return kernel.shape == found.shape and bool(np.allclose(kernel, found, rtol=1e-2, atol=1e-3 * np.abs(found).max()))


def _stored_parts(layer: Any) -> tuple[KernelPart, ...]:
    layer, asked = unwrapped(layer), layer
    if isinstance(layer, keras.layers.SeparableConv2D | keras.layers.SeparableConv1D) and layer.built:
        return (
            KernelPart("depthwise", "depthwise", layer.depthwise_kernel, layer),
            KernelPart("pointwise", "convolution", layer.pointwise_kernel, layer),
        )
    shape = kernel_shape(layer) if getattr(layer, "built", True) else ()
    is_row_or_stack = len(shape) in (3, 5) and isinstance(layer, ALL_CONVOLUTIONS)
    if (len(shape) == 4 or is_row_or_stack) and not isinstance(layer, keras.layers.EinsumDense):
        kind: Kind = "convolution"
        if isinstance(layer, TRANSPOSED):
            kind = "transposed"
        elif isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.DepthwiseConv1D):
            kind = "depthwise"
        return (KernelPart("kernel", kind, kernel_variable(layer), layer),)
    if len(shape) == 2:
        return (KernelPart("kernel", "dense", kernel_variable(layer), layer),)
    name = getattr(asked, "traced_name", getattr(asked, "name", asked))
    if not getattr(layer, "built", True):
        raise ValueError(f"The layer {name!r} ({class_name(asked)}) is not built, so it has no kernel yet.")
    data = runs_over(asked)
    what = f"is a {class_name(asked)}, which runs over {data}: it" if data else f"({class_name(asked)})"
    raise ValueError(
        f"The layer {name!r} {what} has no kernel that can be shown. "
        "Expected Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose, the same in 1D or 3D, or Dense."
    )


def layers_with_kernels(found: Mapping[str, Any]) -> dict[str, Any]:
    """The layers that have kernels, each once: a wrapper stands for what it wraps.

    Args:
        found: Of `layers_by_path`.
    """
    chosen: dict[str, Any] = {}
    owners: set[int] = set()
    for path, layer in found.items():
        with contextlib.suppress(ValueError):
            owner = id(kernel_parts(layer)[0].layer)
            if owner not in owners:
                owners.add(owner)
                chosen[path] = layer
    return chosen


def canonical(values: Array, kind: Kind) -> Array:
    """Orders the axes of a kernel, or of its gradient, as `(height, width, inputs, filters)`.

    A filter is an output channel. Keras stores a transposed convolution with its filters before its inputs, and a
    depthwise one as `(height, width, inputs, multiplier)`, whose every output channel sees a single input: here
    `(height, width, 1, inputs * multiplier)`. A dense layer's matrix becomes `(1, 1, inputs, units)`.

    A kernel over a signal has height 1; the slices of one over a volume lie one below the other, `(slices * height,
    width, inputs, filters)`.
    """
    ordered = values.swapaxes(-1, -2) if kind == "transposed" else values
    return ordered.reshape(canonical_shape(values.shape, kind))


def canonical_shape(shape: Sequence[int], kind: Kind) -> tuple[int, ...]:
    """The shape of `canonical(values, kind)` for values of a shape.

    Raises:
        ValueError: If a kernel of that kind has no such shape.
    """
    if kind == "dense":
        inputs, units = shape
        return 1, 1, inputs, units
    *window, inputs, filters = shape
    if not 1 <= len(window) <= 3:
        raise ValueError(f"A kernel has 1 to 3 sizes and two numbers of channels, got {tuple(shape)}.")
    if kind == "transposed":
        inputs, filters = filters, inputs
    if kind == "depthwise":
        inputs, filters = 1, inputs * filters
    return math.prod(window[:-1]), window[-1], inputs, filters


def read_kernel(part: KernelPart) -> Array:
    """Copies a kernel, as the layer computes with it now, as `(height, width, inputs, filters)`.

    It is float64 if the layer is, and float32 otherwise.
    """
    return canonical(as_float(part.values()), part.kind)


def as_float(values: Any) -> Array:
    """Copies a tensor or variable as float64 if it is that, as float32 otherwise (float16 and bfloat16 fit exactly)."""
    array = np.asarray(values.numpy() if hasattr(values, "numpy") else values)
    return np.array(array, np.float64 if array.dtype == np.float64 else np.float32)
