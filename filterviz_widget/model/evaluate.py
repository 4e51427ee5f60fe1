"""Runs a model's graph on real tensors as far as one layer, with that layer or its ReLUs changed where asked."""

from collections.abc import Callable
from typing import Any, Literal

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.relu import redirected_relu, relu_ceiling

Relu = Literal["plain", "redirected"]

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
    relu: Relu = "plain",
    before_activation: bool = False,
    call: Call = as_it_is,
) -> list[Any]:
    """Computes the outputs of a step, and of the graph only what the step needs.

    Args:
        graph: The graph.
        inputs: Tensors in the order of `graph.inputs`, of any size and batch.
        path: Names of steps, from outside inward; empty for the outputs of the graph.
        relu: "redirected" lets gradients through closed ReLUs (`redirected_relu`).
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
                relu=relu,
                before_activation=before_activation and step is last,
                call=call,
            )
        else:
            results = _perform(step, values, relu, is_wanted and before_activation, call)
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


def _perform(step: Step, values: dict[int, Any], relu: Relu, before_activation: bool, call: Call) -> list[Any]:
    args, kwargs = step.node.arguments.fill_in(values)
    if "training" in kwargs:  # written into the graph by the user: Dropout(0.5)(x, training=True)
        kwargs = {**kwargs, "training": False}
    operation = step.operation
    if before_activation:
        operation = without_activation(operation)
    elif relu == "redirected":
        operation = _redirected(operation)
    return list(keras.tree.flatten(call(step, operation, args, kwargs)))


def without_activation(operation: Any) -> Any | None:
    """The layer with a linear activation, sharing its weights; None where it has no activation of its own."""
    if relu_ceiling(operation) is not None:
        return lambda x: x
    if isinstance(operation, keras.layers.Wrapper):
        inner = without_activation(operation.layer)
        return None if inner is None else altered(operation, layer=inner)
    activation = getattr(operation, "activation", None)
    if activation is None or activation is keras.activations.linear:
        return None
    return altered(operation, activation=keras.activations.linear)


def _redirected(operation: Any) -> Any:
    if (ceiling := relu_ceiling(operation)) is not None:
        return lambda x: redirected_relu(x, ceiling)
    if isinstance(operation, keras.layers.Wrapper):
        inner = _redirected(operation.layer)
        return operation if inner is operation.layer else altered(operation, layer=inner)
    if (ceiling := relu_ceiling(getattr(operation, "activation", None))) is not None:
        return altered(operation, activation=lambda x: redirected_relu(x, ceiling))
    return operation
