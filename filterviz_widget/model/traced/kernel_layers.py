"""Operations of a traced graph that multiply with a kernel, as the layers of Keras that do the same."""

from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.traced.computed import (
    ComputedConv2D,
    ComputedConv2DTranspose,
    ComputedDense,
    ComputedDepthwiseConv2D,
)
from filterviz_widget.model.traced.with_kernel import Made, WithKernel, middle


class KernelLayers(WithKernel):
    """Makes layers with kernels of operations."""

    def convolution(self, op: Any, name: str) -> Made | None:
        """Of Conv2D; the layer that pads comes before it where the operation says by how much."""
        kernel = self.kernel(op.inputs[1], 4)
        image = op.inputs[0]
        if kernel is None or op.get_attr("data_format") != b"NHWC" or image.name not in self.varying:
            return None
        height, width, inputs, filters = kernel.shape
        channels = image.shape[-1] if image.shape.rank == 4 else None
        if channels is None or channels % inputs or _both(op):
            return None
        padding, before = op.get_attr("padding").decode().lower(), None
        if padding == "explicit":
            sides = list(op.get_attr("explicit_paddings"))
            before = keras.layers.ZeroPadding2D(
                (sides[2:4], sides[4:6]), name=f"{name}_padding", dtype=image.dtype.name
            )
            padding = "valid"
        made = self.with_kernel(
            op,
            (keras.layers.Conv2D, ComputedConv2D),
            kernel,
            filters,
            image,
            filters=filters,
            kernel_size=(height, width),
            strides=middle(op.get_attr("strides")),
            dilation_rate=middle(op.get_attr("dilations")),
            padding=padding,
            groups=channels // inputs,
            name=name,
        )
        return made._replace(padding=before)

    def row(self, op: Any, name: str) -> Made | None:
        """Of ExpandDims: a convolution over a signal, which TensorFlow computes as one over images of one row."""
        signal, convolution = op.inputs[0], self.only_follower(op.outputs[0])
        squeezed = None if convolution is None else self.only_follower(convolution.outputs[0])
        if convolution is None or convolution.type != "Conv2D" or squeezed is None or squeezed.type != "Squeeze":
            return None
        weights = convolution.inputs[1]
        kernel = None if weights.name in self.varying else self.constants.source(weights)
        is_row = kernel is not None and len(kernel.shape) == 3 and weights.shape[0] == 1 and signal.shape.rank == 3
        if not is_row or kernel is None or convolution.get_attr("padding") == b"EXPLICIT" or _both(convolution):
            return None
        size, inputs, filters = kernel.shape
        channels = signal.shape[-1]
        if convolution.get_attr("data_format") != b"NHWC" or channels is None or channels % inputs:
            return None
        made = self.with_kernel(
            convolution,
            (keras.layers.Conv1D, None),
            kernel,
            filters,
            signal,
            last=squeezed,
            filters=filters,
            kernel_size=size,
            strides=middle(convolution.get_attr("strides"))[1],
            dilation_rate=middle(convolution.get_attr("dilations"))[1],
            padding=convolution.get_attr("padding").decode().lower(),
            groups=channels // inputs,
            name=name,
        )
        return made._replace(covered=(op.name, squeezed.name, *made.covered))

    def volume(self, op: Any, name: str) -> Made | None:
        """Of Conv3D."""
        kernel, image = self.kernel(op.inputs[1], 5), op.inputs[0]
        is_plain = op.get_attr("data_format") == b"NDHWC" and not _both(op) and image.name in self.varying
        if kernel is None or isinstance(kernel, tf.Tensor) or not is_plain or image.shape.rank != 5:
            return None
        if image.shape[-1] != kernel.shape[3]:  # in groups
            return None
        return self.with_kernel(
            op,
            (keras.layers.Conv3D, None),
            kernel,
            kernel.shape[4],
            image,
            filters=kernel.shape[4],
            kernel_size=tuple(kernel.shape[:3]),
            strides=tuple(op.get_attr("strides")[1:-1]),
            dilation_rate=tuple(op.get_attr("dilations")[1:-1]),
            padding=op.get_attr("padding").decode().lower(),
            name=name,
        )

    def spread(self, op: Any, name: str) -> Made | None:
        """Of SpaceToBatchND: a dilated convolution, written as one of every so many places, put into the batch."""
        image, convolution = op.inputs[0], self.only_follower(op.outputs[0])
        gathering = None if convolution is None else self.only_follower(convolution.outputs[0])
        if convolution is None or convolution.type != "Conv2D" or gathering is None:
            return None
        kernel, block = self.kernel(convolution.inputs[1], 4), tf.get_static_value(op.inputs[1])
        is_plain = gathering.type == "BatchToSpaceND" and middle(convolution.get_attr("strides")) == (1, 1)
        if kernel is None or block is None or len(block) != 2 or not is_plain or convolution.outputs[0].shape.rank != 4:
            return None
        sizes = [tuple(one.shape[1:3]) for one in (image, gathering.outputs[0])]
        reach = [(size - 1) * int(step) for size, step in zip(kernel.shape[:2], block, strict=True)]
        padding = "same" if sizes[0] == sizes[1] else "valid"
        is_known = None not in (*sizes[0], *sizes[1])
        if not is_known or (
            padding == "valid" and sizes[1] != tuple(a - b for a, b in zip(sizes[0], reach, strict=True))
        ):
            return None
        made = self.with_kernel(
            convolution,
            (keras.layers.Conv2D, ComputedConv2D),
            kernel,
            kernel.shape[3],
            image,
            last=gathering,
            filters=kernel.shape[3],
            kernel_size=tuple(kernel.shape[:2]),
            dilation_rate=tuple(map(int, block)),
            padding=padding,
            name=name,
        )
        return made._replace(covered=(op.name, gathering.name, *made.covered))

    def depthwise(self, op: Any, name: str) -> Made | None:
        """Of DepthwiseConv2dNative."""
        kernel, strides = self.kernel(op.inputs[1], 4), middle(op.get_attr("strides"))
        is_plain = op.get_attr("data_format") == b"NHWC" and op.get_attr("padding") != b"EXPLICIT" and not _both(op)
        if kernel is None or not is_plain or strides[0] != strides[1] or op.inputs[0].name not in self.varying:
            return None
        height, width, inputs, multiplier = kernel.shape
        return self.with_kernel(
            op,
            (keras.layers.DepthwiseConv2D, ComputedDepthwiseConv2D),
            kernel,
            inputs * multiplier,
            op.inputs[0],
            kernel_size=(height, width),
            strides=strides,
            dilation_rate=middle(op.get_attr("dilations")),
            padding=op.get_attr("padding").decode().lower(),
            depth_multiplier=multiplier,
            name=name,
        )

    def transposed(self, op: Any, name: str) -> Made | None:
        """Of Conv2DBackpropInput, where Keras' layer gives a map of the same size."""
        _, weights, image = op.inputs
        kernel, (height, width) = self.kernel(weights, 4), op.outputs[0].shape[1:3]
        is_plain = op.get_attr("data_format") == b"NHWC" and op.get_attr("padding") != b"EXPLICIT" and not _both(op)
        if kernel is None or not is_plain or image.name not in self.varying or None in image.shape[1:3]:
            return None

        options = {
            "filters": kernel.shape[2],
            "kernel_size": tuple(kernel.shape[:2]),
            "strides": middle(op.get_attr("strides")),
            "dilation_rate": middle(op.get_attr("dilations")),
            "padding": op.get_attr("padding").decode().lower(),
            "name": name,
        }
        # The operation may be given any size that its strides allow; Keras has one for each padding.
        shape = keras.layers.Conv2DTranspose(**options).compute_output_shape(tuple(image.shape))
        if tuple(shape)[1:3] != (height, width):
            return None
        kinds = keras.layers.Conv2DTranspose, ComputedConv2DTranspose
        return self.with_kernel(op, kinds, kernel, kernel.shape[2], image, **options)

    def dense(self, op: Any, name: str) -> Made | None:
        """Of MatMul, also where it multiplies all vectors of a map."""
        kernel = self.kernel(op.inputs[1], 2)
        transposed = op.get_attr("transpose_a") or op.get_attr("transpose_b")
        if kernel is None or transposed or op.inputs[0].name not in self.varying:
            return None
        units, image, last = kernel.shape[1], op.inputs[0], None
        before, after = image.op, self.only_follower(op.outputs[0])
        if before.type == "Reshape" and _puts_places_into_the_batch(before, kernel.shape[0]):
            if after is None or after.type != "Reshape" or not _has_the_same_places(before.inputs[0], after.outputs[0]):
                return None
            image, last = before.inputs[0], after
        kinds = keras.layers.Dense, ComputedDense
        made = self.with_kernel(op, kinds, kernel, units, image, last, units=units, name=name)
        return made if last is None else made._replace(covered=(last.name, *made.covered))


def _both(op: Any) -> bool:
    """Whether a convolution has strides and is dilated, too, which Keras has no layer for."""
    return max(op.get_attr("strides")) > 1 and max(op.get_attr("dilations")) > 1


def _has_the_same_places(one: tf.Tensor, other: tf.Tensor) -> bool:
    """Whether two tensors have the same axes between batch and channels, as far as that is known."""
    if one.shape.rank is None or one.shape.rank != other.shape.rank:
        return False
    places = zip(one.shape[1:-1], other.shape[1:-1], strict=True)
    return all(here == there or None in (here, there) for here, there in places)


def _puts_places_into_the_batch(op: Any, inputs: int) -> bool:
    """Whether a reshaping is the beginning of a product with all vectors of an image, and not a flattening."""
    given = op.inputs[0].shape
    return (given.rank or 0) > 2 and given[-1] == inputs and set(given[1:-1]) != {1}
