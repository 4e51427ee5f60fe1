"""How much the layers on the way to a layer put out, estimated from the graph alone: nothing is traced."""

import math

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
    return _walk(graph, path, [float(pixels)] * len(graph.inputs))[0]


def _walk(graph: Graph, path: tuple[str, ...], given: list[float]) -> tuple[float, float]:
    """The numbers in all outputs, and the positions of the last one."""
    positions = {id(symbol): count for symbol, count in zip(graph.inputs, given, strict=True)}
    last = graph.step(path[0]) if path else None
    total = count = 0.0
    for step in graph.needed_for(last):
        node = step.node
        inputs = [positions[id(symbol)] for symbol in node.input_tensors]
        count = max(inputs, default=1.0)
        if step.inner is not None:
            among = (*inputs, *[count] * len(step.inner.inputs))[: len(step.inner.inputs)]
            inside, count = _walk(step.inner, path[1:] if step is last else (), list(among))
            total += inside
        else:
            shape = tuple(node.outputs[0].shape)
            is_spread = len(shape) in (4, 5) or (len(shape) == 3 and runs_over(step.operation) == "sequences")
            count = count / _reduction(step.operation) if is_spread else 1.0
            total += count * ((shape[-1] if shape else None) or 1)
        positions.update((id(symbol), count) for symbol in node.outputs)
    return total, count


def _reduction(layer: object) -> float:
    """How many times fewer positions come out than go in."""
    if isinstance(layer, keras.layers.UpSampling2D):
        return 1 / float(layer.size[0] * layer.size[1])
    strides = getattr(layer, "strides", 1)
    over = float(math.prod(strides)) if isinstance(strides, tuple | list) else 1.0
    return 1 / over if isinstance(layer, TRANSPOSED) else over
