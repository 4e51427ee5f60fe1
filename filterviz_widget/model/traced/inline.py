"""A traced function as one flat graph: what it calls is put in its place, and shapes are inferred anew."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.eager import execute
from tensorflow.python.framework import ops
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

from filterviz_widget.model.traced.gradients import ATTRIBUTE, has_own_gradient, with_own_gradient

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
BRANCHES = ("If", "StatelessIf")
OLD_LOOPS = ("Enter", "RefEnter")
NOT_COPIED = ("_class", "_output_shapes")


class Flat(NamedTuple):
    """A graph of operations in an order that can be run, none of which calls a function but for loops and branches.

    Attributes:
        graph: The graph.
        inputs: Its placeholders, in the order that was asked for.
        outputs: What it computes.
    """

    graph: FuncGraph
    inputs: tuple[tf.Tensor, ...]
    outputs: tuple[tf.Tensor, ...]

    @property
    def captured(self) -> dict[str, Any]:
        """What stands behind each placeholder that is no input: a variable's handle, or a tensor; by its name."""
        return {inside.name: outside for outside, inside in self.graph.captures}


def flattened(function: Any, inputs: Sequence[tf.Tensor], specs: Sequence[tf.TensorSpec], outputs: Any) -> Flat:
    """Copies what the outputs need into a flat graph.

    Args:
        function: A concrete function.
        inputs: Those of its graph's placeholders that become inputs.
        specs: What each of them is to be; the shape may be another than the function was traced for.
        outputs: Tensors of its graph.

    Raises:
        ValueError: If the graph has a loop of TensorFlow 1, or needs a placeholder that is not given.
    """
    flat = FuncGraph("flat")
    captured = {inside.name: outside for outside, inside in function.graph.captures}
    with flat.as_default():
        given = {
            tensor.name: tf.compat.v1.placeholder(spec.dtype, spec.shape, name=str(spec.name or "input"))
            for tensor, spec in zip(inputs, specs, strict=True)
        }
        placeholders = tuple(given[tensor.name] for tensor in inputs)
        given |= {name: flat.capture(outside) for name, outside in captured.items()}
        made = _copied(function.graph, given, outputs)
    flat.inputs = list(placeholders)
    flat.outputs = list(made)
    return Flat(flat, placeholders, tuple(made))


def repeated(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Computes an operation of some graph once more, in the graph that is being made, from other inputs."""
    attributes = {name: op.node_def.attr[name] for name in op.node_def.attr if name not in NOT_COPIED}
    if ATTRIBUTE in attributes and not has_own_gradient(op):
        del attributes[ATTRIBUTE]  # of a saved model that does not bring the code
    graph = ops.get_default_graph()
    if isinstance(graph, FuncGraph):
        inputs = [graph.capture(tensor) for tensor in inputs]
    _add_functions(op, graph)
    dtypes = [tensor.dtype for tensor in op.outputs]
    made = graph._create_op_internal(
        op.type, list(inputs), dtypes, name=op.name, attrs=attributes, op_def=op.op_def
    ).outputs
    if execute.must_record_gradient():  # by a tape, which sees only what is made by TensorFlow's functions
        known = [each for one in op.op_def.attr for each in (one.name, op.get_attr(one.name))]
        execute.record_gradient(op.type, inputs, tuple(known), made)
    return list(made)


def in_a_graph(function: Callable[..., Any], tensors: Sequence[tf.Tensor]) -> Any:
    """Calls a function that repeats operations: at once where a graph is being made, else in a graph of its own."""
    if not tf.executing_eagerly():
        return function(*tensors)
    specs = map(tf.TensorSpec.from_tensor, tensors)
    return tf.function(function, autograph=False).get_concrete_function(*specs)(*tensors)


def _copied(
    graph: Any, given: Mapping[str, tf.Tensor], outputs: Sequence[tf.Tensor], keeps_gradients: bool = True
) -> list[tf.Tensor]:
    made = dict(given)
    for op in _needed(outputs, made):
        if op.type in OLD_LOOPS:
            raise ValueError(f"It has a loop of TensorFlow 1 ({op.name!r}), which cannot be followed.")
        if op.type == "Placeholder":
            raise ValueError(
                f"It needs {op.name!r} {op.outputs[0].shape} {op.outputs[0].dtype.name}, which is not given."
            )
        inputs = [made[tensor.name] for tensor in op.inputs]
        if has_own_gradient(op) and keeps_gradients:
            results = with_own_gradient(op, made, _copied)
        elif has_own_gradient(op):
            results = inputs
        else:
            results = _without_call(graph, op, inputs) or repeated(op, _of_any_batch(op, inputs))
        made.update(zip((tensor.name for tensor in op.outputs), results, strict=True))
    return [made[tensor.name] for tensor in outputs]


def _of_any_batch(op: Any, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """The inputs; a reshaping that counts on a single image, since it was traced with one, counts on none."""
    if op.type != "Reshape":
        return inputs
    given, shape = inputs[0], tf.get_static_value(inputs[1])
    was_one = op.inputs[0].shape.rank and op.inputs[0].shape[0] == 1 and given.shape.rank and given.shape[0] is None
    if not was_one or shape is None or not len(shape) or shape[0] != 1:
        return inputs
    return [given, tf.concat([tf.cast(tf.shape(given)[:1], inputs[1].dtype), inputs[1][1:]], 0)]


def _without_call(graph: Any, op: Any, inputs: list[tf.Tensor]) -> list[tf.Tensor] | None:
    """What an operation computes, with the body of what it calls in its place; None where it calls nothing.

    Of a decision on numbers in the image both branches are computed, so that what is in them can be seen, and one is
    taken.
    """
    if op.type in CALLS:
        return _results(graph, op.get_attr("f").name, inputs)
    if op.type not in BRANCHES:
        return None
    names = [op.get_attr(branch).name for branch in ("else_branch", "then_branch")]
    condition = tf.get_static_value(inputs[0])
    if condition is not None:
        return _results(graph, names[bool(condition)], inputs[1:])
    if any(tensor.dtype in (tf.resource, tf.variant) for tensor in op.outputs):
        return None
    if not any(_shows_something(_body(graph, name)) for name in names):
        return None
    no, yes = (_results(graph, name, inputs[1:]) for name in names)
    if any(one.shape.as_list() != other.shape.as_list() for one, other in zip(no, yes, strict=True) if one.shape.rank):
        return None
    taken = tf.cast(inputs[0], tf.bool)
    return [tf.where(taken, one, other) for one, other in zip(yes, no, strict=True)]


def _shows_something(body: Any) -> bool:
    """Whether a graph, or one that it calls, has a convolution or a product with a matrix."""
    return any(
        op.type.startswith(("Conv", "Depthwise", "MatMul"))
        or any(_shows_something(_body(body, name)) for name in functions_of(op))
        for op in body.get_operations()
    )


def _results(graph: Any, function: str, arguments: list[tf.Tensor]) -> list[tf.Tensor]:
    body = _body(graph, function)
    given = dict(zip((tensor.name for tensor in body.inputs), arguments, strict=True))
    return _copied(body, given, body.outputs)


def _body(graph: Any, name: str) -> Any:
    function = graph._get_function(name)
    if (body := getattr(function, "graph", None)) is not None:
        return body
    with graph.as_default():
        return function_def_to_graph(function.cached_definition)


def functions_of(op: Any) -> list[str]:
    """The names of the functions that an operation has: the bodies of a loop, branches, or what it calls."""
    values = op.node_def.attr.values()
    return [name for value in values for name in (value.func.name, *(one.name for one in value.list.func)) if name]


def _add_functions(op: Any, graph: Any) -> None:
    """Gives a graph the bodies of an operation's loop or branches."""
    for name in functions_of(op):
        if not graph._is_function(name) and (function := op.graph._get_function(name)) is not None:
            graph._add_function_recursive(function)


def _needed(outputs: Sequence[tf.Tensor], given: Mapping[str, tf.Tensor]) -> list[Any]:
    """The operations that outputs need beside what is given, each after those that it needs."""
    order: dict[str, Any] = {}
    stack = [(tensor.op, False) for tensor in reversed(outputs) if tensor.name not in given]
    while stack:  # not recursive: some graphs are deeper than Python's stack
        op, inputs_done = stack.pop()
        if op.name in order:
            continue
        if inputs_done:
            order[op.name] = op
        else:
            stack.append((op, True))
            if op.type not in OLD_LOOPS:
                stack.extend((tensor.op, False) for tensor in reversed(op.inputs) if tensor.name not in given)
    return list(order.values())
