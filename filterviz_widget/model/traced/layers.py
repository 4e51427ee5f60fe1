"""Which operations of a traced graph are a layer that Keras has, with the variables that are already there."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.traced.constants import Constants

ACTIVATIONS = {
    "Relu": keras.activations.relu,
    "Relu6": keras.activations.relu6,
    "Elu": keras.activations.elu,
    "Selu": keras.activations.selu,
    "Sigmoid": keras.activations.sigmoid,
    "Tanh": keras.activations.tanh,
    "Softplus": keras.activations.softplus,
    "Softmax": keras.activations.softmax,
}


class Made(NamedTuple):
    """A layer that does what some operations do.

    Attributes:
        layer: The layer.
        given: The tensors of the graph that it is called with.
        result: The one that it makes.
        covered: The names of the operations.
    """

    layer: Any
    given: list[tf.Tensor]
    result: tf.Tensor
    covered: tuple[str, ...]


class Layers:
    """Makes layers of operations.

    Args:
        constants: What of the graph does not depend on the image.
        consumers: The operations that take a tensor, by its name; what the graph ends with counts as one more, None.
        varying: The names of the tensors that depend on the image.
    """

    def __init__(self, constants: Constants, consumers: Mapping[str, list[Any]], varying: set[str]) -> None:
        self._constants, self._consumers, self._varying = constants, consumers, varying

    def layer(self, op: Any, name: str) -> Made | None:
        """The layer that begins with an operation; None where Keras has none that does just that."""
        make = {
            "Conv2D": self._convolution,
            "DepthwiseConv2dNative": self._depthwise,
            "Conv2DBackpropInput": self._transposed,
            "MatMul": self._dense,
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

    def _convolution(self, op: Any, name: str) -> Made | None:
        kernel = self._kernel(op.inputs[1], 4)
        image = op.inputs[0]
        if kernel is None or op.get_attr("data_format") != b"NHWC" or image.name not in self._varying:
            return None
        padding = op.get_attr("padding")
        height, width, inputs, filters = kernel.shape
        channels = image.shape[-1] if image.shape.rank == 4 else None
        if padding == b"EXPLICIT" or channels is None or channels % inputs:
            return None
        return self._with_kernel(
            op,
            lambda **options: keras.layers.Conv2D(
                filters,
                (height, width),
                strides=_middle(op.get_attr("strides")),
                dilation_rate=_middle(op.get_attr("dilations")),
                padding=padding.decode().lower(),
                groups=channels // inputs,
                name=name,
                **options,
            ),
            kernel,
            filters,
        )

    def _depthwise(self, op: Any, name: str) -> Made | None:
        kernel, strides = self._kernel(op.inputs[1], 4), _middle(op.get_attr("strides"))
        is_plain = op.get_attr("data_format") == b"NHWC" and op.get_attr("padding") != b"EXPLICIT"
        if kernel is None or not is_plain or strides[0] != strides[1] or op.inputs[0].name not in self._varying:
            return None
        height, width, inputs, multiplier = kernel.shape
        return self._with_kernel(
            op,
            lambda **options: keras.layers.DepthwiseConv2D(
                (height, width),
                strides=strides,
                dilation_rate=_middle(op.get_attr("dilations")),
                padding=op.get_attr("padding").decode().lower(),
                depth_multiplier=multiplier,
                name=name,
                **options,
            ),
            kernel,
            inputs * multiplier,
        )

    def _transposed(self, op: Any, name: str) -> Made | None:
        _, weights, image = op.inputs
        kernel, (height, width) = self._kernel(weights, 4), op.outputs[0].shape[1:3]
        is_plain = op.get_attr("data_format") == b"NHWC" and op.get_attr("padding") != b"EXPLICIT"
        if kernel is None or not is_plain or image.name not in self._varying or None in image.shape[1:3]:
            return None

        def make(**options: Any) -> Any:
            return keras.layers.Conv2DTranspose(
                kernel.shape[2],
                tuple(kernel.shape[:2]),
                strides=_middle(op.get_attr("strides")),
                dilation_rate=_middle(op.get_attr("dilations")),
                padding=op.get_attr("padding").decode().lower(),
                name=name,
                **options,
            )

        # The operation may be given any size that its strides allow; Keras has one for each padding.
        if tuple(make().compute_output_shape(tuple(image.shape)))[1:3] != (height, width):
            return None
        return self._with_kernel(op, make, kernel, kernel.shape[2], image)

    def _normalization(self, op: Any, name: str) -> Made | None:
        image, *tensors = op.inputs
        plain = not op.get_attr("is_training") and op.get_attr("data_format") == b"NHWC"
        if not plain or image.name not in self._varying or any(one.name in self._varying for one in tensors):
            return None
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        held = dict(zip(names, map(self._constants.source, tensors), strict=True))
        if any(one is None for one in held.values()):
            return None
        dtype = image.dtype.name
        policy = dtype if dtype == "float32" else f"mixed_{dtype}"
        layer = keras.layers.BatchNormalization(epsilon=op.get_attr("epsilon"), name=name, dtype=policy)
        _build(layer, image.shape, held)
        return Made(layer, [image], op.outputs[0], (op.name,))

    def _dense(self, op: Any, name: str) -> Made | None:
        kernel = self._kernel(op.inputs[1], 2)
        transposed = op.get_attr("transpose_a") or op.get_attr("transpose_b")
        if kernel is None or transposed or op.inputs[0].name not in self._varying:
            return None
        units = kernel.shape[1]
        return self._with_kernel(op, lambda **options: keras.layers.Dense(units, name=name, **options), kernel, units)

    def _relu(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.ReLU(name=name))

    def _relu6(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.ReLU(6, name=name))

    def _leaky_relu(self, op: Any, name: str) -> Made | None:
        return self._simple(op, keras.layers.LeakyReLU(op.get_attr("alpha"), name=name))

    def _max_pool(self, op: Any, name: str) -> Made | None:
        return self._pool(op, keras.layers.MaxPooling2D, name)

    def _average_pool(self, op: Any, name: str) -> Made | None:
        return self._pool(op, keras.layers.AveragePooling2D, name)

    def _padding(self, op: Any, name: str) -> Made | None:
        paddings = tf.get_static_value(op.inputs[1])
        if paddings is None or paddings.shape != (4, 2) or paddings[[0, 3]].any():
            return None
        return self._simple(op, keras.layers.ZeroPadding2D(paddings[1:3].tolist(), name=name))

    def _concatenation(self, op: Any, name: str) -> Made | None:
        axis, rank = tf.get_static_value(op.inputs[-1]), op.outputs[0].shape.rank
        images = list(op.inputs[:-1])
        if rank != 4 or axis not in (-1, 3) or not all(one.name in self._varying for one in images):
            return None
        return Made(keras.layers.Concatenate(axis=-1, name=name), images, op.outputs[0], (op.name,))

    def _sum(self, op: Any, name: str) -> Made | None:
        one, other = op.inputs
        same = one.shape.rank is not None and one.shape.as_list() == other.shape.as_list() and one.shape.rank > 1
        if not same or not {one.name, other.name} <= self._varying:
            return None
        return Made(keras.layers.Add(name=name), [one, other], op.outputs[0], (op.name,))

    def _pool(self, op: Any, kind: Any, name: str) -> Made | None:
        if op.get_attr("data_format") != b"NHWC" or op.get_attr("padding") == b"EXPLICIT":
            return None
        size, strides = _middle(op.get_attr("ksize")), _middle(op.get_attr("strides"))
        return self._simple(op, kind(size, strides=strides, padding=op.get_attr("padding").decode().lower(), name=name))

    def _simple(self, op: Any, layer: Any) -> Made | None:
        image = op.inputs[0]
        is_known = image.name in self._varying and image.shape.rank
        return Made(layer, [image], op.outputs[0], (op.name,)) if is_known else None

    def _kernel(self, tensor: tf.Tensor, rank: int) -> Any | None:
        """The variable or array that holds a kernel of just this shape."""
        source = None if tensor.name in self._varying else self._constants.source(tensor)
        if source is None or len(source.shape) != rank or tuple(source.shape) != tuple(tensor.shape):
            return None
        return source

    def _with_kernel(self, op: Any, make: Any, kernel: Any, filters: int, image: Any = None) -> Made:
        """A layer with a kernel, and the bias and activation function that follow it."""
        image = op.inputs[0] if image is None else image
        result, bias, activation = op.outputs[0], None, None
        covered = [op.name]
        follower = self._only_follower(result)
        if follower is not None and follower.type in ("BiasAdd", "Add", "AddV2"):
            other = next((one for one in follower.inputs if one.name not in self._varying), None)
            source = None if other is None else self._constants.source(other)
            if (
                source is not None
                and tuple(source.shape) == (filters,)
                and follower.outputs[0].shape.rank == result.shape.rank
            ):
                bias, result = source, follower.outputs[0]
                covered.append(follower.name)
                follower = self._only_follower(result)
        if follower is not None and follower.type in ACTIVATIONS and _scope(follower) == _scope(op):
            activation, result = ACTIVATIONS[follower.type], follower.outputs[0]
            covered.append(follower.name)
        dtype = op.outputs[0].dtype.name
        held = keras.backend.standardize_dtype(kernel.dtype)
        policy = dtype if held == dtype else f"mixed_{dtype}"
        layer = make(use_bias=bias is not None, activation=activation, dtype=policy)
        _build(layer, image.shape, {"kernel": kernel, "depthwise_kernel": kernel, "bias": bias})
        return Made(layer, [image], result, tuple(covered))

    def _only_follower(self, tensor: tf.Tensor) -> Any | None:
        consumers = self._consumers.get(tensor.name, [])
        return consumers[0] if len(consumers) == 1 else None


def _build(layer: Any, shape: Any, held: Mapping[str, Any]) -> None:
    """Builds a layer around variables that are there already."""

    def add_weight(*args: Any, name: str = "", **options: Any) -> Any:
        value = held[name]
        return value if isinstance(value, keras.Variable) else keras.Variable(value, trainable=False, name=name)

    vars(layer)["add_weight"] = add_weight
    try:
        layer.build(tuple(shape))
    finally:
        del vars(layer)["add_weight"]


def _middle(sizes: Sequence[int]) -> tuple[int, int]:
    return int(sizes[1]), int(sizes[2])


def _scope(op: Any) -> str:
    return str(op.name).rpartition("/")[0]
