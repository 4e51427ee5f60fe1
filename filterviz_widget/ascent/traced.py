"""What was traced, and what TensorFlow would keep of it for ever: the package's one look into TensorFlow's graphs."""

from collections.abc import Iterator
from typing import Any

from tensorflow.python.framework import ops


def graphs(graph: Any) -> Iterator[Any]:
    """Yields a `FuncGraph` and the graphs of its loops, branches and calls, each once."""
    seen, waiting = set(), [graph]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        # Not `graph`, which is made anew where it is not at hand.
        functions = getattr(one, "_functions", {}).values()
        waiting += [each._cached_graph for each in functions if getattr(each, "_cached_graph", None) is not None]


def forget_custom_gradients(graph: Any) -> None:
    """Takes the gradients of a traced graph's `tf.custom_gradient`s out of TensorFlow's global registry.

    Each is registered under a name of its own, once for every trace, and its closure holds the graph: a process that
    traces on and on would hold all of them. A graph whose gradients were taken already needs them no more. Only names
    that stand in this very graph are removed, so that whoever traces at the same time keeps theirs.

    Args:
        graph: A `FuncGraph`.
    """
    registry = getattr(ops.gradient_registry, "_registry", {})
    for each in graphs(graph):
        for operation in each.get_operations():
            if operation.type == "IdentityN" and (name := _gradient_name(operation)).startswith("CustomGradient-"):
                registry.pop(name, None)


def _gradient_name(operation: Any) -> str:
    try:
        return str(operation.get_attr("_gradient_op_type").decode())
    except ValueError:  # it has none
        return ""
