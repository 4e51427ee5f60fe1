"""One operation of a traced graph, as an operation of Keras' graph."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.traced.constants import Constants
from filterviz_widget.model.traced.inline import repeated

POINTWISE = frozenset(
    [
        *("Abs", "Add", "AddN", "AddV2", "BiasAdd", "Cast", "Ceil", "CheckNumerics", "ClipByValue", "Cos", "Div"),
        *("DivNoNan", "Elu", "Equal", "Erf", "Exp", "Expm1", "Floor", "FloorDiv", "FusedBatchNorm", "FusedBatchNormV3"),
        *("Greater", "GreaterEqual", "Identity", "IsFinite", "LeakyRelu", "Less", "LessEqual", "Log", "Log1p"),
        *("LogicalAnd", "LogicalNot", "LogicalOr", "Maximum", "Minimum", "Mul", "MulNoNan", "Neg", "NotEqual"),
        *("OnesLike", "Pow", "RealDiv", "Reciprocal", "Relu", "Relu6", "Rint", "Round", "Rsqrt", "Select", "SelectV2"),
        *("Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Square", "SquaredDifference"),
        *("StopGradient", "Sub", "Tanh", "Xdivy", "ZerosLike"),
    ]
)
"""Operations that work at each place by itself."""


class TracedOperation(keras.Operation):  # type: ignore[misc]  # Keras has no types
    """Computes an operation of a flat graph once more, from other inputs.

    It is called with those of its inputs that depend on the image, and then with the variables that the others are
    computed from.

    Args:
        op: Of the flat graph.
        name: What Keras calls it.
        constants: What does not depend on the image.
        varying: The places of the inputs that do.
    """

    def __init__(self, op: Any, name: str, constants: Constants, varying: Sequence[int]) -> None:
        super().__init__(name=name)
        self.op, self._constants, self._varying = op, constants, tuple(varying)
        fixed = [tensor for place, tensor in enumerate(op.inputs) if place not in varying]
        self._read = tuple(dict.fromkeys(name for tensor in fixed for name in constants.read_by(tensor)))
        self.is_pointwise = op.type in POINTWISE and all(
            tensor.shape.rank is not None and all(size == 1 for size in tensor.shape[:-1]) for tensor in fixed
        )

    @property
    def read(self) -> list[Any]:
        """The variables that it is called with."""
        return [self._constants.variables[name] for name in self._read]

    def compute_output_spec(self, *args: Any) -> Any:
        """As the traced graph says."""
        symbols = [keras.KerasTensor(known_shape(tensor), tensor.dtype.name) for tensor in self.op.outputs]
        return symbols[0] if len(symbols) == 1 else symbols

    def call(self, *args: Any) -> Any:
        """Computes the outputs, in the graph that is being made or at once."""
        tensors = [tf.convert_to_tensor(one) for one in args]
        if tf.executing_eagerly():
            made = tf.function(self._repeated, autograph=False)
            return made.get_concrete_function(*map(tf.TensorSpec.from_tensor, tensors))(*tensors)
        return self._repeated(*tensors)

    def _repeated(self, *tensors: tf.Tensor) -> Any:
        count = len(self._varying)
        given = dict(zip(self._varying, tensors[:count], strict=True))
        read = dict(zip(self._read, tensors[count:], strict=True))
        inputs = [
            given[place] if place in given else self._constants.value(tensor, read)
            for place, tensor in enumerate(self.op.inputs)
        ]
        results = repeated(self.op, inputs)
        return results[0] if len(results) == 1 else results


def known_shape(tensor: tf.Tensor) -> tuple[int | None, ...]:
    """The shape of a tensor; that of a vector of any length where not even its rank is known."""
    return (None,) if tensor.shape.rank is None else tuple(tensor.shape)
