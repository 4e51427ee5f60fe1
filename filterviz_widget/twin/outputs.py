"""How much the layers on the way to a layer put out, estimated from the graph alone: nothing is traced."""

import math
from typing import Any, NamedTuple

import keras

from filterviz_widget.model.graph import Graph
from filterviz_widget.model.kernels import TRANSPOSED
from filterviz_widget.model.kinds import runs_over


def outputs(graph: Graph, path: tuple[str, ...], pixels: int) -> float:
    """How many numbers the outputs of all layers on the way have, for one image.

    Positions are followed through strides, so that a graph whose size is open, or another than the image's, will do;
    what borders take away is not counted.

    Args:
        graph: The model's graph.
        path: Names of steps, as in `evaluate`.
        pixels: Height times width of the image.
    """
    return _walk(graph, path, [float(pixels)] * len(graph.inputs)).all


def widest(graph: Graph, path: tuple[str, ...], pixels: int) -> float:
    """How many numbers a layer on the way takes and puts out together, at most. Arguments as for `outputs`."""
    return _walk(graph, path, [float(pixels)] * len(graph.inputs)).widest


class _Numbers(NamedTuple):
    """In all outputs; in what one layer takes and puts out, at most; and how many positions the last output has."""

    all: float
    widest: float
    positions: float


def _walk(graph: Graph, path: tuple[str, ...], given: list[float]) -> _Numbers:
    positions = {id(symbol): count for symbol, count in zip(graph.inputs, given, strict=True)}
    last = graph.step(path[0]) if path else None
    channels = {id(symbol): _channels(symbol) for symbol in graph.inputs}
    total = count = most = 0.0
    for step in graph.needed_for(last):
        node = step.node
        inputs = [positions[id(symbol)] for symbol in node.input_tensors]
        count = max(inputs, default=1.0)
        if step.inner is not None:
            among = (*inputs, *[count] * len(step.inner.inputs))[: len(step.inner.inputs)]
            inside = _walk(step.inner, path[1:] if step is last else (), list(among))
            total, most, count = total + inside.all, max(most, inside.widest), inside.positions
        else:
            shape = tuple(node.outputs[0].shape)
            is_spread = len(shape) in (4, 5) or (len(shape) == 3 and runs_over(step.operation) == "sequences")
            count = count / _reduction(step.operation) if is_spread else 1.0
            made = count * _channels(node.outputs[0])
            taken = sum(positions[id(symbol)] * channels[id(symbol)] for symbol in node.input_tensors)
            total, most = total + made, max(most, taken + made)
        positions.update((id(symbol), count) for symbol in node.outputs)
        channels.update((id(symbol), _channels(symbol)) for symbol in node.outputs)
    return _Numbers(total, most, count)


def _channels(symbol: Any) -> int:
    shape = tuple(symbol.shape)
    return int((shape[-1] if shape else None) or 1)


def _reduction(layer: object) -> float:
    """How many times fewer positions come out than go in."""
    if isinstance(layer, keras.layers.UpSampling2D):
        return 1 / float(layer.size[0] * layer.size[1])
    strides = getattr(layer, "strides", 1)
    over = float(math.prod(strides)) if isinstance(strides, tuple | list) else 1.0
    return 1 / over if isinstance(layer, TRANSPOSED) else over
