"""Which operations of a traced graph are a layer that Keras has, with the variables that are already there."""

from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.traced.kernel_layers import KernelLayers
from filterviz_widget.model.traced.with_kernel import Made, build, middle


class Layers(KernelLayers):
    """Makes layers of operations."""

    def layer(self, op: Any, name: str) -> Made | None:
        """The layer that begins with an operation; None where Keras has none that does just that."""
        make = {
            "Conv2D": self.convolution,
            "Conv3D": self.volume,
            "ExpandDims": self.row,
            "SpaceToBatchND": self.spread,
            "DepthwiseConv2dNative": self.depthwise,
            "Conv2DBackpropInput": self.transposed,
            "MatMul": self.dense,
            **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), self._normalization),
            "Relu": self._relu,
            "Relu6": self._relu6,
            "LeakyRelu": self._leaky_relu,
            "MaxPool": self._max_pool,
            "AvgPool": self._average_pool,
            "Pad": self._padding,
            "ConcatV2": self._concatenation,
            "AddV2": self._sum,
        }.get(op.type)
        return None if make is None else make(op, name)

    def _normalization(self, op: Any, name: str) -> Made | None:
        image, *tensors = op.inputs
        plain = not op.get_attr("is_training") and op.get_attr("data_format") == b"NHWC"
        if not plain or image.name not in self.varying or any(one.name in self.varying for one in tensors):
            return None
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        held = dict(zip(names, map(self.constants.source, tensors), strict=True))
        if any(one is None for one in held.values()):
            return None
        dtype = image.dtype.name
        policy = dtype if dtype == "float32" else f"mixed_{dtype}"
        layer = keras.layers.BatchNormalization(epsilon=op.get_attr("epsilon"), name=name, dtype=policy)
        build(layer, image.shape, held)
        return Made(layer, [image], op.outputs[0], (op.name,))

    def _relu(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.ReLU, name=name)

    def _relu6(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.ReLU, max_value=6, name=name)

    def _leaky_relu(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.LeakyReLU, negative_slope=op.get_attr("alpha"), name=name)

    def _max_pool(self, op: Any, name: str) -> Made | None:
        return self._pool(op, keras.layers.MaxPooling2D, name)

    def _average_pool(self, op: Any, name: str) -> Made | None:
        return self._pool(op, keras.layers.AveragePooling2D, name)

    def _padding(self, op: Any, name: str) -> Made | None:
        paddings = tf.get_static_value(op.inputs[1])
        if paddings is None or paddings.shape != (4, 2) or paddings[[0, 3]].any():
            return None
        return self._simple(op, keras.layers.ZeroPadding2D, padding=paddings[1:3].tolist(), name=name)

    def _concatenation(self, op: Any, name: str) -> Made | None:
        axis, rank = tf.get_static_value(op.inputs[-1]), op.outputs[0].shape.rank
        images = list(op.inputs[:-1])
        if rank != 4 or axis not in (-1, 3) or not all(one.name in self.varying for one in images):
            return None
        return Made(
            keras.layers.Concatenate(axis=-1, name=name, dtype=images[0].dtype.name), images, op.outputs[0], (op.name,)
        )

    def _sum(self, op: Any, name: str) -> Made | None:
        one, other = op.inputs
        same = one.shape.rank is not None and one.shape.as_list() == other.shape.as_list() and one.shape.rank > 1
        if not same or not {one.name, other.name} <= self.varying:
            return None
        return Made(keras.layers.Add(name=name, dtype=one.dtype.name), [one, other], op.outputs[0], (op.name,))

    def _pool(self, op: Any, kind: Any, name: str) -> Made | None:
        if op.get_attr("data_format") != b"NHWC" or op.get_attr("padding") == b"EXPLICIT":
            return None
        outer = [op.get_attr(name)[axis] for name in ("ksize", "strides") for axis in (0, 3)]
        if set(outer) != {1}:  # over channels
            return None
        size, strides = middle(op.get_attr("ksize")), middle(op.get_attr("strides"))
        padding = op.get_attr("padding").decode().lower()
        return self._simple(op, kind, pool_size=size, strides=strides, padding=padding, name=name)

    def _simple(self, op: Any, kind: Any, **options: Any) -> Made | None:
        image = op.inputs[0]
        if image.name not in self.varying or not image.shape.rank:
            return None
        return Made(kind(**options, dtype=image.dtype.name), [image], op.outputs[0], (op.name,))
