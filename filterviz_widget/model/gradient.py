"""Gradients of one's own without a trace behind: each is registered once, by name, whatever is traced with it.

`tf.custom_gradient` registers a new gradient for every call in a traced function, and TensorFlow never forgets it, nor
the graph that its closure holds.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

Gradient = Callable[..., Sequence[tf.Tensor | None]]
"""From the gradient with respect to the result, the result and the inputs, and the constants, to one with respect to
each input, or None."""

_names: dict[tuple[Any, ...], str] = {}
_lock = threading.Lock()


def with_gradient(result: tf.Tensor, inputs: Sequence[tf.Tensor], gradient: Gradient, *constants: Any) -> tf.Tensor:
    """The result as it is, but with another gradient, where a graph is traced and `tf.gradients` asks for it.

    A tape does not see it: there, and outside a graph, the gradient stays TensorFlow's own.

    Args:
        result: What was computed from the inputs.
        inputs: What the gradient is made of; of those that it is None for, no gradient is taken.
        gradient: A function of a module, see `Gradient`.
        constants: Hashable values for it, such as strides.
    """
    if tf.executing_eagerly():
        return result
    with tf.compat.v1.get_default_graph().gradient_override_map({"IdentityN": _registered(gradient, constants)}):
        return tf.identity_n([result, *inputs])[0]


def gradient_of(kind: str, gradient: Gradient, *constants: Any) -> AbstractContextManager[None]:
    """Gives operations of a kind another gradient, as `with_gradient` does, in the graph that is being traced.

    Nothing is added to the graph, so that TensorFlow still joins the operation with those before it.

    Args:
        kind: TensorFlow's name of the operation, such as "Relu".
        gradient: Of the inputs of the operation.
        constants: Hashable values for it.
    """
    graph = tf.compat.v1.get_default_graph()
    return graph.gradient_override_map({kind: _registered(gradient, constants, own=True)})


def _registered(gradient: Gradient, constants: tuple[Any, ...], *, own: bool = False) -> str:
    key = (gradient, constants, own)
    with _lock:
        if key not in _names:
            # With the address, because a module that is loaded anew begins to count anew.
            name = f"FilterViz.{gradient.__module__}.{gradient.__qualname__}.{id(_names):x}.{len(_names)}"

            @tf.RegisterGradient(name)  # type: ignore[untyped-decorator]  # TensorFlow has no types
            def run(operation: Any, upstream: tf.Tensor, *_: Any) -> list[tf.Tensor | None]:
                if own:
                    return [*gradient(upstream, operation.outputs[0], *operation.inputs, *constants)]
                result, *inputs = operation.inputs
                return [None, *gradient(upstream, result, *inputs, *constants)]

            _names[key] = name
        return _names[key]
