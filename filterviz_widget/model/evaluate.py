"""Runs a model's graph on real tensors as far as one layer, with that layer or its ReLUs changed where asked."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.rectifier import Flat, flat, opened, opened_relu

Call = Callable[[Step, Any, Any, Any], Any]
"""Computes a step: of the step, its operation (the layer, perhaps with another activation), its arguments and its
keyword arguments."""


def as_it_is(step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
    """Calls the operation."""
    return operation(*args, **kwargs)


def evaluate(
    graph: Graph,
    inputs: list[Any],
    path: tuple[str, ...],
    *,
    opening: tf.Tensor | None = None,
    before_activation: bool = False,
    call: Call = as_it_is,
) -> list[Any]:
    """Computes the outputs of a step, and of the graph only what the step needs.

    Args:
        graph: The graph.
        inputs: Tensors in the order of `graph.inputs`, of any size and batch.
        path: Names of steps, from outside inward; empty for the outputs of the graph.
        opening: bool `(batch,)`: for which images gradients pass closed rectifiers (`rectifier.opened`); None for none.
        before_activation: Whether the last step leaves out its own activation.
        call: How each step is computed.

    Returns:
        The step's outputs, flat.
    """
    values = {id(symbol): value for symbol, value in zip(graph.inputs, inputs, strict=True)}
    last = graph.step(path[0]) if path else None
    for step in graph.needed_for(last):
        rest = path[1:] if step is last else ()
        is_wanted = step is last and not rest
        if step.inner is not None:
            inner_inputs = _inner_inputs(step, values)
            results = evaluate(
                step.inner,
                inner_inputs,
                rest,
                opening=opening,
                before_activation=before_activation and step is last,
                call=call,
            )
        else:
            results = _perform(step, values, opening, is_wanted, before_activation, call)
        if step is last:
            return results
        values.update(zip(map(id, step.node.outputs), results, strict=True))
    return [values[id(symbol)] for symbol in graph.outputs]


def _inner_inputs(step: Step, values: dict[int, Any]) -> list[Any]:
    assert step.inner is not None
    if step.inner.arrange is None:
        given = [values[id(symbol)] for symbol in step.node.input_tensors]
        return [tf.cast(value, symbol.dtype) for value, symbol in zip(given, step.inner.inputs, strict=True)]
    args, kwargs = step.node.arguments.fill_in(values)
    return step.inner.arrange(args[0] if args else kwargs["inputs"])


def _perform(
    step: Step, values: dict[int, Any], opening: Any, is_wanted: bool, before_activation: bool, call: Call
) -> list[Any]:
    args, kwargs = step.node.arguments.fill_in(values)
    if "training" in kwargs:  # written into the graph by the user: Dropout(0.5)(x, training=True)
        kwargs = {**kwargs, "training": False}
    operation = step.operation
    if before_activation and is_wanted:
        operation = without_activation(operation)
    elif opening is not None and len(step.node.input_tensors) == 1:
        operation = _opened(operation, opening, is_wanted)
    results = list(keras.tree.flatten(call(step, operation, args, kwargs)))
    if opening is not None and operation is step.operation and (where := _flat(step)) is not None:
        results = [opened(results[0], values[id(step.node.input_tensors[0])], where, opening)]
    return results


def without_activation(operation: Any) -> Any | None:
    """The layer with a linear activation, sharing its weights; None where it has no activation of its own."""
    if flat(operation) is not None:
        return lambda x, *_, **__: x
    if isinstance(operation, keras.layers.Wrapper):
        inner = without_activation(operation.layer)
        return None if inner is None else altered(operation, layer=inner)
    activation = getattr(operation, "activation", None)
    if activation is None or activation is keras.activations.linear:
        return None
    return altered(operation, activation=keras.activations.linear)


def _opened(operation: Any, opening: tf.Tensor, is_last: bool) -> Any:
    """The layer or operation with its own rectifier opened; itself where it has none, or is one that is not a ReLU.

    The last one has the dearer way to open, as it is the filter's own.
    """
    if isinstance(operation, keras.layers.Wrapper):
        inner = _opened(operation.layer, opening, is_last)
        is_layer = isinstance(inner, keras.Layer) and inner is not operation.layer
        return altered(operation, layer=inner) if is_layer else operation
    if (where := flat(operation)) is not None:
        return opened_relu(where, opening) if where.kind and not is_last else operation
    activation = getattr(operation, "activation", None)
    if activation is None or (where := flat(activation)) is None:
        return operation
    if where.kind and not is_last:
        return altered(operation, activation=opened_relu(where, opening))
    return altered(operation, activation=lambda x: opened(activation(x), x, where, opening))


def _flat(step: Step) -> Flat | None:
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
