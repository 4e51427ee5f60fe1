"""How much a layer's features cost, estimated from the graph alone: nothing is traced."""

import math
from typing import Any, NamedTuple

import keras

from filterviz_widget.model.graph import CONVOLUTIONS, Graph


class Work(NamedTuple):
    """What one image takes, forward.

    Attributes:
        dense: Multiplications in convolutions over all input channels, and in dense layers.
        grouped: Multiplications in depthwise and grouped convolutions.
        outputs: How many numbers the outputs of all layers have.
    """

    dense: float
    grouped: float
    outputs: float


def work(graph: Graph, path: tuple[str, ...], pixels: int) -> Work:
    """Estimates the work on the way to a layer.

    Positions are followed through strides, so that a graph whose size is open, or another than the image's, will do;
    what borders take away is not counted.

    Args:
        graph: The model's graph.
        path: Names of steps, as in `evaluate`.
        pixels: Height times width of the image.
    """
    return _walk(graph, path, [float(pixels)] * len(graph.inputs))[0]


def _walk(graph: Graph, path: tuple[str, ...], given: list[float]) -> tuple[Work, float]:
    positions = {id(symbol): count for symbol, count in zip(graph.inputs, given, strict=True)}
    last = graph.step(path[0]) if path else None
    dense = grouped = outputs = count = 0.0
    for step in graph.needed_for(last):
        node = step.node
        inputs = [positions[id(symbol)] for symbol in node.input_tensors]
        count = max(inputs, default=1.0)
        if step.inner is not None:
            among = (*inputs, *[count] * len(step.inner.inputs))[: len(step.inner.inputs)]
            inside, count = _walk(step.inner, path[1:] if step is last else (), list(among))
            dense, grouped = dense + inside.dense, grouped + inside.grouped
            outputs += inside.outputs
        else:
            shape = tuple(node.outputs[0].shape)
            count = count / _reduction(node.operation) if len(shape) == 4 else 1.0
            once, by_group = _per_position(node.operation)
            dense, grouped = dense + count * once, grouped + count * by_group
            outputs += count * (shape[-1] or 1)
        positions.update((id(symbol), count) for symbol in node.outputs)
    return Work(dense, grouped, outputs), count


def _reduction(layer: Any) -> float:
    """How many times fewer positions come out than go in."""
    if isinstance(layer, keras.layers.UpSampling2D):
        return 1 / (layer.size[0] * layer.size[1])
    strides = getattr(layer, "strides", 1)
    over = float(strides[0] * strides[1]) if isinstance(strides, tuple | list) and len(strides) == 2 else 1.0
    return 1 / over if isinstance(layer, keras.layers.Conv2DTranspose) else over


def _per_position(layer: Any) -> tuple[int, int]:
    """The multiplications for one position of a layer's output: over all input channels, and within groups."""
    if isinstance(layer, keras.layers.SeparableConv2D):
        return math.prod(layer.pointwise_kernel.shape), math.prod(layer.depthwise_kernel.shape)
    if not isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
        return 0, 0
    count = math.prod(layer.kernel.shape)
    is_dense = not isinstance(layer, keras.layers.DepthwiseConv2D) and getattr(layer, "groups", 1) == 1
    return (count, 0) if is_dense else (0, count)
