"""What is said of a model that takes no images: which kind it may be, and the nearest way, with a line of code."""

import math
from typing import Any

from filterviz_widget.model.graph import CONVOLUTIONS, Graph
from filterviz_widget.model.inputs import input_name
from filterviz_widget.model.kinds import runs_over, unwrapped

NEIGHBOURS = ("adj", "edge")
"""How the names of inputs begin that say which nodes of a graph are neighbours."""


def other_kind(graph: Graph) -> str:
    """Says of a model without an image input whether it is of text, of graphs or of a table, or makes images itself.

    Args:
        graph: The model's.

    Returns:
        Sentences to add to an error, with a space before them; empty where nothing is known.
    """
    inputs = graph.inputs
    if any(len(symbol.shape) == 4 for symbol in inputs):
        return ""
    for said in (_of_text(graph), _of_graphs(inputs), _of_latents(graph), _of_tables(graph)):
        if said:
            return f" {said}"
    return ""


def _of_text(graph: Graph) -> str:
    for step in graph.steps:
        texts = [symbol for symbol in step.node.input_tensors if str(symbol.dtype) == "string"]
        if texts and str(step.node.outputs[0].dtype) != "string":
            name = step.node.operation.name
            return (
                "It is a model of text: strings have no gradient to climb. Pass what comes behind the layer that makes "
                f"numbers of them: keras.Model(model.get_layer({name!r}).output, model.output)."
            )
    return ""


def _of_graphs(inputs: tuple[Any, ...]) -> str:
    for symbol in inputs:
        shape, name = tuple(symbol.shape), input_name(symbol)
        is_uneven = getattr(symbol, "sparse", False) or getattr(symbol, "ragged", False)
        is_square = len(inputs) > 1 and len(shape) == 3 and shape[1] == shape[2] and shape[1] is not None
        if is_uneven or is_square or (len(inputs) > 1 and name.lower().startswith(NEIGHBOURS)):
            return (
                f"It looks like a network on graphs: its input {name!r} says what belongs together, and its nodes have "
                "no places in an image. If a part of it takes images, pass that: keras.Model(part.input, part.output)."
            )
    return ""


def _of_latents(graph: Graph) -> str:
    if all(len(symbol.shape) == 2 for symbol in graph.inputs) and any(len(each.shape) == 4 for each in graph.outputs):
        return (
            "It makes images of its input, as a generator or a decoder does. Pass a model that takes them: "
            "FilterExplorer(discriminator), or the whole autoencoder."
        )
    return ""


def _of_tables(graph: Graph) -> str:
    shapes = [tuple(symbol.shape) for symbol in graph.inputs]
    if any(len(shape) != 2 or shape[1] is None or _is_square(shape[1]) for shape in shapes):
        return ""
    layers = [unwrapped(step.operation) for step in graph.steps]
    if any(isinstance(layer, CONVOLUTIONS) or runs_over(layer) for layer in layers):
        return ""
    count = sum(shape[1] for shape in shapes)
    first = next((layer.name for layer in layers if hasattr(layer, "kernel")), None)
    weights = f" How its first layer weighs them: model.get_layer({first!r}).kernel." if first else ""
    return (
        f"It is a model of a table, of {count} numbers for each example, which have no places in an image.{weights} If "
        "they are pixels, say of what shape: pass keras.Sequential([keras.Input((height, width, channels)), "
        f"keras.layers.Reshape(({count},)), model])."
    )


def _is_square(count: int) -> bool:
    """Whether so many numbers may be the pixels of a square image, grey or in colour."""
    sides = {channels: math.isqrt(count // channels) for channels in (1, 3)}
    return any(side > 1 and side * side * channels == count for channels, side in sides.items())
