"""A layer of Keras around a kernel of a traced graph, with the bias and the activation that follow it there."""

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
        padding: A layer that what is given goes through first; None for none.
        kernel: The tensor of its kernel; None where it has none.
    """

    layer: Any
    given: list[tf.Tensor]
    result: tf.Tensor
    covered: tuple[str, ...]
    padding: Any = None
    kernel: Any = None


class WithKernel:
    """What is known of a graph where layers with kernels are made of its operations.

    Args:
        constants: What of the graph does not depend on the image.
        consumers: The operations that take a tensor, by its name; what the graph ends with counts as one more, None.
        varying: The names of the tensors that depend on the image.
    """

    def __init__(self, constants: Constants, consumers: Mapping[str, list[Any]], varying: set[str]) -> None:
        self.constants, self._consumers, self.varying = constants, consumers, varying

    def kernel(self, tensor: tf.Tensor, rank: int) -> Any | None:
        """The variable or array that holds a kernel of just this shape, or the tensor, if it is computed of such."""
        if tensor.name in self.varying or not tensor.shape.is_fully_defined() or tensor.shape.rank != rank:
            return None
        source = self.constants.source(tensor)
        return tensor if source is None or tuple(source.shape) != tuple(tensor.shape) else source

    def with_kernel(
        self,
        op: Any,
        kinds: tuple[Any, Any],
        kernel: Any,
        outputs: int,
        image: tf.Tensor,
        last: Any = None,
        **options: Any,
    ) -> Made:
        """A layer with a kernel, held or computed, and the bias and activation that follow `op`, or `last`."""
        is_computed = isinstance(kernel, tf.Tensor)
        result, bias, activation = (last or op).outputs[0], None, None
        covered = [op.name]
        follower = self.only_follower(result)
        if follower is not None and follower.type in ("BiasAdd", "Add", "AddV2"):
            other = next((one for one in follower.inputs if one.name not in self.varying), None)
            source = None if other is None else self.constants.source(other)
            is_vector = source is not None and tuple(source.shape) == (outputs,)
            if is_vector and follower.outputs[0].shape.rank == result.shape.rank:
                bias, result = source, follower.outputs[0]
                covered.append(follower.name)
                follower = self.only_follower(result)
        if follower is not None and follower.type in ACTIVATIONS and _scope(follower) == _scope(op):
            activation, result = ACTIVATIONS[follower.type], follower.outputs[0]
            covered.append(follower.name)
        dtype = op.outputs[0].dtype.name
        held = keras.backend.standardize_dtype(kernel.dtype)
        policy = dtype if held == dtype or is_computed else f"mixed_{dtype}"
        layer = kinds[is_computed](**options, use_bias=bias is not None, activation=activation, dtype=policy)
        if is_computed:
            layer.compute_from(self.constants, kernel)
        build(layer, image.shape, {"kernel": kernel, "depthwise_kernel": kernel, "bias": bias})
        return Made(layer, [image], result, tuple(covered), kernel=op.inputs[1])

    def only_follower(self, tensor: tf.Tensor) -> Any | None:
        """The operation that takes a tensor, if no other does and the graph does not end with it."""
        consumers = self._consumers.get(tensor.name, [])
        return consumers[0] if len(consumers) == 1 else None


def build(layer: Any, shape: Any, held: Mapping[str, Any]) -> None:
    """Builds a layer around variables that are there already."""

    def add_weight(*args: Any, name: str = "", **options: Any) -> Any:
        value = held[name]
        if isinstance(value, tf.Tensor):
            return None  # it is computed anew each time
        return value if isinstance(value, keras.Variable) else keras.Variable(value, trainable=False, name=name)

    vars(layer)["add_weight"] = add_weight
    try:
        layer.build(tuple(shape))
    finally:
        del vars(layer)["add_weight"]


def middle(sizes: Sequence[int]) -> tuple[int, int]:
    """Height and width of an attribute with an entry for each axis."""
    return int(sizes[1]), int(sizes[2])


def _scope(op: Any) -> str:
    return str(op.name).rpartition("/")[0]
