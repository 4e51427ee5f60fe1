"""What of a flat graph does not depend on the image: weights, and what is computed of them and of numbers."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.keras_private import LiveVariable
from filterviz_widget.model.traced.inline import Flat, repeated

SAME_VALUES = (
    "Identity",
    "ReadVariableOp",
    "Reshape",
    "Squeeze",
    "ExpandDims",
    "Cast",
    "StopGradient",
    "CheckNumerics",
)
"""Operations behind which there are the same numbers, perhaps in another shape or dtype."""


class Constants:
    """The tensors of a flat graph that no input reaches, computed from the variables as they are at the moment.

    Attributes:
        variables: Of Keras, by the name of the placeholder of what they stand for: the user's own `tf.Variable`s.
    """

    def __init__(self, flat: Flat, variables: tuple[tf.Variable, ...]) -> None:
        by_handle = {id(variable.handle): variable for variable in variables}
        self._captured = flat.captured
        self.variables: dict[str, keras.Variable] = {
            name: LiveVariable(by_handle[id(outside)])
            for name, outside in self._captured.items()
            if id(outside) in by_handle
        }
        self._scopes = {
            name: by_handle[id(self._captured[name])].name.partition(":")[0].rpartition("/")[0]
            for name in self.variables
        }

    def scope(self, name: str) -> str:
        """What the name of a variable says of its owner: that of "net/conv/kernel" is "net/conv"."""
        return self._scopes[name]

    def needs(self, tensors: Sequence[tf.Tensor], given: Set[str] = frozenset()) -> tuple[list[str], list[str]]:
        """What tensors are computed from: the names of those that are given, and of the variables' placeholders."""
        found: dict[str, None] = {}
        stack, seen = list(reversed(tensors)), set()
        while stack:
            tensor = stack.pop()
            if tensor.name in seen:
                continue
            seen.add(tensor.name)
            if tensor.name in given or tensor.name in self.variables:
                found[tensor.name] = None
            else:
                stack.extend(reversed(tensor.op.inputs))
        return [name for name in found if name in given], [name for name in found if name not in given]

    def read_by(self, tensor: tf.Tensor) -> list[str]:
        """The names of the placeholders of the variables that a tensor is computed from."""
        return self.needs([tensor])[1]

    def source(self, tensor: tf.Tensor) -> Any | None:
        """The variable whose very numbers a tensor holds, or an array; None where it is computed."""
        while tensor.op.type in SAME_VALUES:
            tensor = tensor.op.inputs[0]
        if tensor.name in self.variables:
            return self.variables[tensor.name]
        if tensor.name in self._captured and tensor.dtype != tf.resource:
            return np.asarray(self._captured[tensor.name])
        return tf.get_static_value(tensor)

    def value(
        self, tensor: tf.Tensor, read: Mapping[str, tf.Tensor], given: Mapping[str, tf.Tensor] | None = None
    ) -> tf.Tensor:
        """Computes a tensor in the graph that is being made.

        Args:
            tensor: Of the flat graph.
            read: What the variables hold, by the names of their placeholders.
            given: What other tensors are to be, by their names.
        """
        made: dict[str, Any] = dict(given or {})
        stack = [tensor]
        while stack:
            op = stack[-1].op
            missing = [one for one in op.inputs if one.name not in made]
            if stack[-1].name in made:
                stack.pop()
                continue
            if op.type == "ReadVariableOp" and op.inputs[0].name in read:
                results = [read[op.inputs[0].name]]
            elif op.type == "Placeholder":
                results = [self._captured[op.outputs[0].name]]
            elif missing:
                stack.extend(missing)
                continue
            else:
                results = repeated(op, [made[one.name] for one in op.inputs])
            made.update(zip((one.name for one in op.outputs), results, strict=True))
            stack.pop()
        return made[tensor.name]
