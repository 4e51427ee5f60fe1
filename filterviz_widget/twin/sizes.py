"""The sizes of feature maps on the way to a layer, for an image of any size: nothing is traced, nothing computed."""

import logging
from typing import Any

import keras

from filterviz_widget.model.graph import Graph, Step

Size = tuple[int, int] | None

_log = logging.getLogger(__name__)


def sizes(graph: Graph, path: tuple[str, ...], position: int, image_size: tuple[int, int]) -> dict[int, Size]:
    """Height and width of what each step is given.

    Args:
        graph: The model's graph.
        path: Names of steps, as in `evaluate`.
        position: Of the image among the graph's inputs.
        image_size: `(height, width)` of the image; of a signal its height is 1.

    Returns:
        By the steps' ids, also of those in nested models; None where it cannot be told.
    """
    symbols = list(graph.inputs)
    shape = tuple(symbols[position].shape)
    if len(shape) == 5 and shape[2:4] != image_size:
        symbols[position] = keras.KerasTensor((*shape[:2], *image_size, shape[4]), symbols[position].dtype)
    elif len(shape) in (2, 3) and image_size[0] == 1 and shape[1] != image_size[1]:
        symbols[position] = keras.KerasTensor((shape[0], image_size[1], *shape[2:]), symbols[position].dtype)
    elif len(shape) == 4 and shape[1:3] != image_size:
        symbols[position] = keras.KerasTensor((shape[0], *image_size, shape[3]), symbols[position].dtype)
    found: dict[int, Size] = {}
    _walk(graph, symbols, path, found)
    return found


def _walk(graph: Graph, given: list[Any], path: tuple[str, ...], found: dict[int, Size]) -> list[Any]:
    """Returns the symbols that the graph's outputs become; None for those that cannot be told."""
    is_as_made = all(one is other for one, other in zip(graph.inputs, given, strict=True))
    values: dict[int, Any] = {id(symbol): value for symbol, value in zip(graph.inputs, given, strict=True)}
    last = graph.step(path[0]) if path else None
    for step in graph.needed_for(last):
        inputs = [symbol if is_as_made else values.get(id(symbol)) for symbol in step.node.input_tensors]
        found[id(step)] = _size(inputs)
        if step.inner is not None:
            own = list(step.inner.inputs)
            # What a nested model is given in another arrangement than its own keeps the size that it was made for.
            among = inputs if len(inputs) == len(own) and None not in inputs else own
            outputs = _walk(step.inner, own if is_as_made else among, path[1:] if step is last else (), found)
        else:
            outputs = list(step.node.outputs) if is_as_made else _outputs(step, values)
        values.update(zip(map(id, step.node.outputs), outputs, strict=False))
    return [symbol if is_as_made else values.get(id(symbol)) for symbol in graph.outputs]


def _size(inputs: list[Any]) -> Size:
    shape = tuple(inputs[0].shape) if inputs and inputs[0] is not None else ()
    if len(shape) != 4 or None in shape[1:3]:
        return None
    return shape[1], shape[2]


def _outputs(step: Step, values: dict[int, Any]) -> list[Any]:
    if any(values.get(id(symbol)) is None for symbol in step.node.input_tensors):
        return [None] * len(step.node.outputs)
    try:
        args, kwargs = step.node.arguments.fill_in(values)
        return list(keras.tree.flatten(step.operation.compute_output_spec(*args, **kwargs)))
    except Exception as error:  # a user's layer may raise anything; its size is not worth more
        _log.debug("The size behind %s is not known: %s", step.name, error)
        return [None] * len(step.node.outputs)
