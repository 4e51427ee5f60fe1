"""Runs a model's graph on real tensors as far as one layer, with that layer or its ReLUs changed where asked."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.held import made_of
from filterviz_widget.model.opening import Opening, flat_step, opened_operation, own_rectifiers
from filterviz_widget.model.rectifier import flat, opened

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
    opening: Opening | None = None,
    before_activation: bool = False,
    call: Call = as_it_is,
) -> list[Any]:
    """Computes the outputs of a step, and of the graph only what the step needs.

    Args:
        graph: The graph.
        inputs: Tensors in the order of `graph.inputs`, of any size and batch.
        path: Names of steps, from outside inward; empty for the outputs of the graph.
        opening: For which images gradients pass closed rectifiers; None for none.
        before_activation: Whether the last step leaves out its own activation.
        call: How each step is computed.

    Returns:
        The step's outputs, flat.
    """
    values = {id(symbol): value for symbol, value in zip(graph.inputs, inputs, strict=True)}
    last = graph.step(path[0]) if path else None
    needed = graph.needed_for(last)
    own = own_rectifiers(needed, graph.outputs if last is None else last.node.outputs) if opening else set()
    for step in needed:
        rest = path[1:] if step is last else ()
        is_wanted = step is last and not rest
        if step.inner is not None:
            inner_inputs = _inner_inputs(step, values)
            results = evaluate(
                step.inner,
                inner_inputs,
                rest,
                opening=opening if opening and (opening.everywhere or id(step) in own) else None,
                before_activation=before_activation and step is last,
                call=call,
            )
        else:
            results = _perform(step, values, opening, id(step) in own, is_wanted and before_activation, call)
        if step is last:
            return results
        values.update(zip(map(id, step.node.outputs), results, strict=True))
    # What is no symbol is an empty constant.
    return [values[id(symbol)] if isinstance(symbol, keras.KerasTensor) else symbol for symbol in graph.outputs]


def _inner_inputs(step: Step, values: dict[int, Any]) -> list[Any]:
    assert step.inner is not None
    if step.inner.arrange is None:
        given = [values[id(symbol)] for symbol in step.node.input_tensors]
        return [tf.cast(value, symbol.dtype) for value, symbol in zip(given, step.inner.inputs, strict=True)]
    args, kwargs = step.node.arguments.fill_in(values)
    return step.inner.arrange(args[0] if args else kwargs["inputs"])


def _perform(
    step: Step, values: dict[int, Any], opening: Opening | None, is_own: bool, before_activation: bool, call: Call
) -> list[Any]:
    args, kwargs = step.node.arguments.fill_in(values)
    if "training" in kwargs:  # written into the graph by the user: Dropout(0.5)(x, training=True)
        kwargs = {**kwargs, "training": False}
    operation = step.operation
    if before_activation:
        return list(keras.tree.flatten(call(step, without_activation(operation), args, kwargs)))
    opens = opening if opening and (is_own or opening.everywhere) else None
    if opens:
        operation = opened_operation(operation, opens, is_own=is_own)
    results = made_of(call(step, operation, args, kwargs))
    if opens and operation is step.operation and (where := flat_step(step)) is not None:
        results = [opened(results[0], values[id(step.node.input_tensors[0])], where, opens.images)]
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
