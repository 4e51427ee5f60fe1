"""Which rectifiers on the way to a layer are opened for a closed filter, and how a step with one is computed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.graph import Step
from filterviz_widget.model.rectifier import Flat, flat, opened, opened_relu


class Opening(NamedTuple):
    """What is to be opened.

    Attributes:
        images: bool `(batch,)`: for which images.
        everywhere: Whether gradients pass all closed rectifiers on the way, or only those that the layer's output comes
            out of. These suffice but for filters that a whole closed layer lies before, and cost next to nothing.
    """

    images: tf.Tensor
    everywhere: bool = False


def own_rectifiers(steps: Sequence[Step], outputs: Sequence[Any]) -> set[int]:
    """The ids of the steps whose rectifiers outputs come out of, with nothing in between that mixes filters.

    Of a nested model, which must be asked in turn, its own id.

    Args:
        steps: In an order that can be run.
        outputs: Symbolic tensors that they make.
    """
    followed, found = set(map(id, outputs)), set()
    for step in reversed(steps):
        if followed.isdisjoint(map(id, step.node.outputs)):
            continue
        operation = step.operation
        is_rectifier = flat_step(step) is not None
        if step.inner is not None or _activation(operation) is not None or is_rectifier:
            found.add(id(step))
        if is_rectifier:  # another may stand before it, and shut it
            followed.update(map(id, step.node.input_tensors))
        elif id(step) in found:
            continue
        elif isinstance(operation, keras.layers.BatchNormalization) or not getattr(operation, "variables", ()):
            followed.update(map(id, step.node.input_tensors))
    return found


def opened_operation(operation: Any, opening: Opening, *, is_own: bool) -> Any:
    """The layer or operation with its rectifier opened; itself where it has none, or is one that is not a ReLU.

    Args:
        operation: Of a step.
        opening: For which images.
        is_own: Whether the layer's output comes out of it; then the places count most that are nearest to opening.
    """
    if isinstance(operation, keras.layers.Wrapper):
        inner = opened_operation(operation.layer, opening, is_own=is_own)
        is_layer = isinstance(inner, keras.Layer) and inner is not operation.layer
        return altered(operation, layer=inner) if is_layer else operation
    if (where := flat(operation)) is not None:
        return opened_relu(where, opening.images) if where.kind and not is_own else operation
    if (where := _activation(operation)) is None:
        return operation
    if where.kind and not is_own:
        return altered(operation, activation=opened_relu(where, opening.images))
    activation = operation.activation
    return altered(operation, activation=lambda x: opened(activation(x), x, where, opening.images))


def flat_step(step: Step) -> Flat | None:
    """Where a step is flat that is nothing but a rectifier, also one written as an operation, such as maximum(x, 0)."""
    tensors, operation = step.node.input_tensors, step.operation
    if len(tensors) != 1 or len(step.node.outputs) != 1 or tensors[0].shape != step.node.outputs[0].shape:
        return None
    if isinstance(operation, keras.Layer):
        return flat(operation)

    def run(x: tf.Tensor) -> Any:
        args, kwargs = step.node.arguments.fill_in({id(tensors[0]): x})
        return operation.call(*args, **kwargs)

    return flat(run)


def _activation(operation: Any) -> Flat | None:
    """Where the activation function of a layer is flat; None where there is none, or the layer is nothing else."""
    if isinstance(operation, keras.layers.Wrapper):
        return _activation(operation.layer)
    activation = getattr(operation, "activation", None)
    return None if activation is None or isinstance(operation, keras.layers.Activation) else flat(activation)
