"""Gradients that a user's code says itself, `tf.custom_gradient`, taken along when a graph is copied."""

import itertools
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops
from tensorflow.python.framework.func_graph import FuncGraph

from filterviz_widget.interrupts import finalizer

ATTRIBUTE = "_gradient_op_type"
COPIED = "CopiedGradient-"

Copied = Callable[..., list[tf.Tensor]]
"""Copies what tensors of a graph need, beside those that are given by name, into the graph that is being made; the last
argument says whether with gradients of their own, which a gradient need not have."""

_numbers = itertools.count()


def has_own_gradient(op: Any) -> bool:
    """Whether a user's code says what an operation's gradient is, and that code is there."""
    return ATTRIBUTE in op.node_def.attr and own_gradient(op) in ops.gradient_registry._registry


def with_own_gradient(op: Any, made: Mapping[str, tf.Tensor], copied: Copied) -> list[tf.Tensor]:
    """Copies an operation with its own gradient.

    The code of that gradient may use any tensor of the graph that it was traced in. So it is traced here, and what it
    uses becomes inputs of the copy, which has all that its gradient needs, wherever it is copied next.

    Args:
        op: An `IdentityN` of a traced graph.
        made: What its tensors are in the graph that is being made, by name.
        copied: See `Copied`.
    """
    with op.graph.as_default():  # that of which the gradient may take tensors
        graph = FuncGraph("gradient")
    with graph.as_default():
        upstream = [tf.compat.v1.placeholder(tensor.dtype, tensor.shape) for tensor in op.outputs]
        gradients = ops.gradient_registry.lookup(own_gradient(op))(op, *upstream)
    gradients = [None if one is None else graph.capture(tf.convert_to_tensor(one)) for one in gradients]
    used = [(outside, inside) for outside, inside in graph.captures if isinstance(outside, ops.SymbolicTensor)]
    known = {inside.name: outside for outside, inside in graph.captures if not isinstance(outside, ops.SymbolicTensor)}
    inputs = [made[tensor.name] for tensor in op.inputs]
    more = copied(op.graph, made, [outside for outside, _ in used])
    count = len(inputs)

    def gradient(copy: Any, *arriving: tf.Tensor) -> list[Any]:
        given = {
            **{each.name: here for each, here in zip(upstream, arriving[:count], strict=True)},
            **{inside.name: here for (_, inside), here in zip(used, copy.inputs[count:], strict=True)},
            **{name: ops.get_default_graph().capture(outside) for name, outside in known.items()},
        }
        there = iter(copied(graph, given, [one for one in gradients if one is not None], False))
        return [*(None if one is None else next(there) for one in gradients), *(None for _ in used)]

    name = f"{COPIED}{next(_numbers)}"
    ops.RegisterGradient(name)(gradient)
    here = ops.get_default_graph()
    weakref.finalize(here, finalizer(ops.gradient_registry._registry.pop), name, None)
    with here.gradient_override_map({"IdentityN": name}):
        return list(tf.identity_n([*inputs, *more])[:count])


def own_gradient(op: Any) -> str:
    """The name under which TensorFlow knows an operation's own gradient."""
    return str(op.node_def.attr[ATTRIBUTE].s.decode())
