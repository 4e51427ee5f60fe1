"""What a user can choose from: the layers of a model that can be shown, and those that cannot, with the reason."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import keras

from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step

Kind = Literal["convolution", "units", "other"]

NOT_TWO_DIMENSIONAL = {
    "Conv1D": "sequences",
    "Conv1DTranspose": "sequences",
    "DepthwiseConv1D": "sequences",
    "SeparableConv1D": "sequences",
    "Conv3D": "volumes",
    "Conv3DTranspose": "volumes",
}

SATURATING = {keras.activations.softmax: "softmax", keras.activations.sigmoid: "sigmoid"}
"""Activations of the last layer of a classifier, which is shown before them: a unit's probability rises as well by
lowering all others, and its gradient vanishes."""


class LayerInfo(NamedTuple):
    """A layer, or one use of it, that can be shown.

    Attributes:
        name: Its path through nested models, `"vgg16/block3_conv1"`; the second use of a layer in the same model is
            `"conv:1"`, the third `"conv:2"`.
        filters: How many filters, channels or units it has.
        shape: Its output, `(height, width, filters)` or `(filters,)`; None for a size that is not known before the
            model is run, because the model leaves it open or the image is of another size than the model's.
        kind: "convolution"; "units" for a dense layer; "other" for anything else with a feature map.
        class_name: The layer's class, e.g. `"Conv2D"`.
        recommended: Whether it is a convolution.
        note: What the viewer should know, e.g. `"before the softmax"`; often empty.
    """

    name: str
    filters: int
    shape: tuple[int | None, ...]
    kind: Kind
    class_name: str
    recommended: bool
    note: str = ""


class Unsupported(NamedTuple):
    """A layer that cannot be shown, and why, in words."""

    name: str
    reason: str


def layers_in(graph: Graph, position: int, *, sizes_known: bool) -> Iterator[LayerInfo | Unsupported]:
    """Yields what depends on the image, in the graph's order.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
        sizes_known: Whether the image has the size for which the graph was made.
    """
    yield from _walk(graph, {id(graph.inputs[position])}, (), sizes_known)


def saturating(layer: Any) -> str:
    """The name of a dense layer's softmax or sigmoid; empty where it has none."""
    if not isinstance(layer, keras.layers.Dense):
        return ""
    return next((name for function, name in SATURATING.items() if layer.activation is function), "")


def _walk(
    graph: Graph, reached: set[int], prefix: tuple[str, ...], sizes_known: bool
) -> Iterator[LayerInfo | Unsupported]:
    for step in graph.steps:
        given = [id(symbol) in reached for symbol in step.node.input_tensors]
        if not any(given):
            continue
        reached.update(map(id, step.node.outputs))
        path = (*prefix, step.name)
        if step.inner is None:
            info = _info(step, "/".join(path), sizes_known)
            if info is not None:
                yield info
            continue
        inputs = step.inner.inputs
        if len(inputs) != len(given):
            given = [True] * len(inputs)
        inner = {id(symbol) for symbol, is_reached in zip(inputs, given, strict=True) if is_reached}
        yield from _walk(step.inner, inner, path, sizes_known)
        # A block's output may be made by an operation without a layer; a nested model's is its last layer's.
        if step.inner.arrange is None and (info := _info(step, "/".join(path), sizes_known)) is not None:
            yield info


def _info(step: Step, name: str, sizes_known: bool) -> LayerInfo | Unsupported | None:
    layer = step.node.operation
    if not isinstance(layer, keras.layers.Layer):
        return None
    class_name = type(layer).__name__
    for base in type(layer).__mro__:
        if base.__name__ in NOT_TWO_DIMENSIONAL:
            data = NOT_TWO_DIMENSIONAL[base.__name__]
            return Unsupported(name, f"{class_name} runs over {data}; only images can be shown.")
    shape = tuple(step.node.outputs[0].shape)[1:]
    if len(step.node.outputs) != 1 or not shape or shape[-1] is None:
        return None
    if len(shape) == 1 and isinstance(layer, keras.layers.Dense):
        note = f"before the {before}" if (before := saturating(layer)) else ""
        return LayerInfo(name, shape[0], shape, "units", class_name, False, note)
    if len(shape) != 3 or "float" not in str(step.node.outputs[0].dtype):
        return None
    if not sizes_known:
        shape = (None, None, shape[2])
    is_convolution = isinstance(layer, CONVOLUTIONS)
    kind: Kind = "convolution" if is_convolution else "other"
    return LayerInfo(name, shape[2], shape, kind, class_name, is_convolution)
