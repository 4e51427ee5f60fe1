"""Which of a model's outputs say classes, and how: by the activation that makes them, not by their numbers."""

from typing import Any, Literal, NamedTuple

import keras

from filterviz_widget.model.graph import Graph

Scale = Literal["softmax", "sigmoid", "linear"]

ORDER: tuple[Scale, ...] = ("softmax", "linear", "sigmoid")
"""Of several outputs those of the first kind are meant, most likely: logits are linear, attributes are sigmoids."""


class Classes(NamedTuple):
    """An output of one number for each class.

    Attributes:
        name: As `Route.outputs` calls it.
        size: How many numbers it has.
        scale: What makes them: "softmax", "sigmoid", or "linear" for anything else.
    """

    name: str
    size: int
    scale: Scale


def class_outputs(graph: Graph, names: list[str]) -> list[Classes]:
    """The outputs that say classes, the likeliest first: a softmax, then more numbers rather than fewer."""
    found = [
        Classes(name, int(tensor.shape[1]), _scale(graph, tensor))
        for name, tensor in zip(names, graph.outputs, strict=True)
        if len(tensor.shape) == 2 and tensor.shape[1]
    ]
    # A single linear number is a quantity rather than a class.
    return sorted(
        found, key=lambda each: (each.size == 1 and each.scale == "linear", ORDER.index(each.scale), -each.size)
    )


def _scale(graph: Graph, tensor: Any) -> Scale:
    for step in graph.steps:
        for place, made in enumerate(step.node.outputs):
            if made is not tensor:
                continue
            if step.inner is not None:
                return _scale(step.inner, step.inner.outputs[min(place, len(step.inner.outputs) - 1)])
            operation = step.operation
            name = getattr(getattr(operation, "activation", None), "__name__", type(operation).__name__).lower()
            if isinstance(operation, keras.layers.Softmax) or name == "softmax":
                return "softmax"
            return "sigmoid" if name == "sigmoid" else "linear"
    return "linear"
