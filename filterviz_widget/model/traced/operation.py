"""One operation of a traced graph, as an operation of Keras' graph."""

from collections.abc import Set
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.traced.constants import Constants
from filterviz_widget.model.traced.inline import in_a_graph, repeated

POINTWISE = frozenset(
    [
        *("Abs", "Add", "AddN", "AddV2", "BiasAdd", "Cast", "Ceil", "CheckNumerics", "ClipByValue", "Cos", "Div"),
        *(
            "DivNoNan",
            "Elu",
            "Equal",
            "Erf",
            "Exp",
            "Expm1",
            "Floor",
            "FloorDiv",
            "FusedBatchNorm",
            "FusedBatchNormV2",
            "FusedBatchNormV3",
        ),
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

    It is called with the tensors of the graph in `given`, and then with the variables in `read`.

    Args:
        op: Of the flat graph.
        name: What Keras calls it.
        constants: What does not depend on the image.
        given: The names of the tensors that do depend on it, and that Keras can hold.

    Attributes:
        given: Those of them that it is computed from.
        read: The variables that it is computed from.
    """

    def __init__(self, op: Any, name: str, constants: Constants, given: Set[str]) -> None:
        super().__init__(name=name)
        self.op, self._constants = op, constants
        self.given, self._read = constants.needs(op.inputs, given)
        self.read = [constants.variables[name] for name in self._read]
        fixed = [tensor for tensor in op.inputs if tensor.name not in given]
        is_trained = "is_training" in op.node_def.attr and op.get_attr("is_training")  # with statistics of the batch
        self.is_pointwise = (
            op.type in POINTWISE
            and not is_trained
            and all(tensor.shape.rank is not None and all(size == 1 for size in tensor.shape[:-1]) for tensor in fixed)
        )

    def compute_output_spec(self, *args: Any) -> Any:
        """As the traced graph says."""
        symbols = [keras.KerasTensor(known_shape(tensor), tensor.dtype.name) for tensor in self.op.outputs]
        return symbols[0] if len(symbols) == 1 else symbols

    def call(self, *args: Any) -> Any:
        """Computes the outputs, in the graph that is being made or at once."""
        results = in_a_graph(self._repeated, [tf.convert_to_tensor(one) for one in args])
        return results[0] if len(results) == 1 else results

    def _repeated(self, *tensors: tf.Tensor) -> list[tf.Tensor]:
        count = len(self.given)
        read = dict(zip(self._read, tensors[count:], strict=True))
        known = dict(zip(self.given, tensors[:count], strict=True))
        return repeated(self.op, [self._constants.value(tensor, read, known) for tensor in self.op.inputs])


def known_shape(tensor: tf.Tensor) -> tuple[int | None, ...]:
    """The shape of a tensor; that of a vector of any length where not even its rank is known."""
    return (None,) if tensor.shape.rank is None else tuple(tensor.shape)
