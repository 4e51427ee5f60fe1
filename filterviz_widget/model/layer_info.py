"""What a user can choose from: the layers of a model that can be shown, and those that cannot, with the reason."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import keras

from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.model.fold import Fold
from filterviz_widget.model.graph import ALL_CONVOLUTIONS, Graph, Step
from filterviz_widget.model.kinds import class_name, runs_over, unwrapped
from filterviz_widget.model.own_code import is_of_keras
from filterviz_widget.model.saturating import saturating
from filterviz_widget.model.tokens import Tokens
from filterviz_widget.model.traced.operation import TracedOperation

TRACED = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2")
"""Operations of TensorFlow that a person looks for."""

Kind = Literal["convolution", "units", "other"]


PASS_ON = (keras.layers.Reshape, keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.Identity)
"""Layers that give the tokens that they are given."""


class LayerInfo(NamedTuple):
    """A layer, or one use of it, that can be shown.

    Attributes:
        name: Its path through nested models, `"vgg16/block3_conv1"`; the second use of a layer in the same model is
            `"conv:1"`, the third `"conv:2"`.
        filters: How many filters, channels or units it has.
        shape: Its output, `(height, width, filters)` or `(filters,)`; None for a size that is not known before the
            model is run, because the model leaves it open or the image is of another size than the model's.
        kind: "convolution"; "units" for a dense layer; "other" for anything else with a feature map.
        class_name: The layer's class, e.g. `"Conv2D"`; `"SpectralNormalization(Conv2D)"` for a wrapped one.
        recommended: Whether it is a convolution, wrapped or not.
        note: What the viewer should know, e.g. `"before the softmax"`; often empty.
        fold: What lays its output out as a feature map of `shape`; None where it is one, or units.
    """

    name: str
    filters: int
    shape: tuple[int | None, ...]
    kind: Kind
    class_name: str
    recommended: bool
    note: str = ""
    fold: Fold | None = None


class Unsupported(NamedTuple):
    """A layer that cannot be shown, and why, in words."""

    name: str
    reason: str


class _Known(NamedTuple):
    """What is known of the whole model."""

    sizes: bool
    tokens: Tokens
    data: Data


def layers_in(
    graph: Graph, position: int, *, sizes_known: bool, tokens: Tokens, data: Data = IMAGE
) -> Iterator[LayerInfo | Unsupported]:
    """Yields what depends on the image, in the graph's order.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
        sizes_known: Whether the image has the size for which the graph was made.
        tokens: Which tokens are the places of a map.
        data: What the image stands for.
    """
    yield from _walk(graph, {id(graph.inputs[position])}, (), _Known(sizes_known, tokens, data))


def _walk(graph: Graph, reached: set[int], prefix: tuple[str, ...], known: _Known) -> Iterator[LayerInfo | Unsupported]:
    for step in graph.steps:
        given = [id(symbol) in reached for symbol in step.node.input_tensors]
        if not any(given):
            continue
        reached.update(map(id, step.node.outputs))
        path = (*prefix, step.name)
        if step.inner is None:
            info = _info(step, "/".join(path), known)
            if info is not None:
                yield info
            continue
        inputs = step.inner.inputs
        if len(inputs) != len(given):
            given = [True] * len(inputs)
        inner = {id(symbol) for symbol, is_reached in zip(inputs, given, strict=True) if is_reached}
        yield from _walk(step.inner, inner, path, known)
        # A block's output may be made by an operation without a layer; a nested model's is its last layer's.
        if step.inner.arrange is None and (info := _info(step, "/".join(path), known)) is not None:
            yield info


def _info(step: Step, name: str, known: _Known) -> LayerInfo | Unsupported | None:
    layer = step.layer
    if isinstance(layer, TracedOperation) and layer.op.type in TRACED:
        return Unsupported(name, f"{layer.op.type} computes here what no layer of Keras does; it is run as it is.")
    if not isinstance(layer, keras.Layer):
        return None
    outputs, tokens = step.node.outputs, known.tokens
    if (fold := tokens.fold(step)) is not None and "float" in str(outputs[0].dtype):
        if isinstance(layer, PASS_ON):
            return None
        filters = outputs[0].shape[-1]
        return LayerInfo(name, filters, (*fold.grid, filters), "other", class_name(layer), False, fold=fold)
    # A convolution may work on channels each as an image.
    rows = 1 if isinstance(unwrapped(layer), ALL_CONVOLUTIONS) else tokens.rows(step)
    if rows != 1 and len(outputs[0].shape) > 2:
        words = f"{class_name(layer)} makes {rows} rows of an image, such as windows; only whole maps can be shown."
        return Unsupported(name, words) if layer.weights else None
    if tokens.is_scrambled(step):
        return None
    if (reason := _why_not(layer, outputs, known.data)) is not None:
        return Unsupported(name, reason) if reason else None
    shape = tuple(outputs[0].shape)[1:]
    core = unwrapped(layer)
    if len(shape) == 1:
        note = f"before the {before}" if (before := saturating(layer)) else ""
        return LayerInfo(name, shape[0], shape, "units", class_name(layer), False, note)
    shape, fold = _laid_out(shape, known.data)
    if not known.sizes:
        shape = (1 if fold and fold.kind == "signal" else None, None, shape[2])
    is_convolution = isinstance(core, ALL_CONVOLUTIONS)
    kind: Kind = "convolution" if is_convolution else "other"
    note = _model_inside(layer, name)
    return LayerInfo(name, filters_of(shape), shape, kind, class_name(layer), is_convolution, note, fold)


def filters_of(shape: tuple[int | None, ...]) -> int:
    """How many filters a feature map `(height, width, filters)` has."""
    assert shape[2] is not None
    return shape[2]


def _laid_out(shape: tuple[int | None, ...], data: Data) -> tuple[tuple[int | None, ...], Fold | None]:
    """The shape of a layer's feature map, given that of its output without the batch; and what lays it out."""
    if len(shape) == 2 and data.kind == "volume":  # one vector for each slice
        return (shape[0], 1, shape[1]), Fold("slices")
    if len(shape) == 2:
        return (1, *shape), Fold("signal")
    if len(shape) == 4:
        down = None if None in shape[:2] else shape[0] * shape[1]  # type: ignore[operator]
        return (down, *shape[2:]), Fold("slices")
    return shape, None


def _why_not(layer: Any, outputs: list[Any], data: Data) -> str | None:
    """Why a layer cannot be shown; empty for one that nobody looks for, None for one that can."""
    shape, kind = tuple(outputs[0].shape), class_name(layer)
    is_map = len(shape) == 4
    is_row = len(shape) == 3 and (not data.is_flat or bool(runs_over(layer)))
    is_stack = len(shape) == 5 and (data.kind == "volume" or bool(runs_over(layer)))
    is_seen = len(outputs) == 1 and (is_map or is_row or is_stack)
    if is_seen and shape[-1] is not None and "float" in str(outputs[0].dtype):
        return None
    if not layer.weights or isinstance(layer, keras.layers.Embedding):
        return ""
    if len(outputs) != 1:
        return f"{kind} has {len(outputs)} outputs; only layers with one can be shown."
    if shape[-1] is None:
        return f"{kind} gives {shape}: how many filters it has is not known."
    if len(shape) == 2:
        return None if _has_units(unwrapped(layer)) else ""
    what = f"{shape}, a sequence of vectors" if len(shape) == 3 else f"{shape} of {outputs[0].dtype}"
    return (
        f"{kind} gives {what}; only feature maps (batch, height, width, filters) and units (batch, units) can be shown."
    )


def _has_units(layer: Any) -> bool:
    """Whether one looks at the numbers of a layer with weights as at units: dense layers, and those of one's own."""
    return isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense) or not is_of_keras(type(layer))


def _model_inside(layer: Any, name: str) -> str:
    """How to look into a model that runs over frames, of which there is the output only."""
    model = getattr(layer, "layer", None)
    if not (isinstance(model, keras.Model) and model.built):
        return ""
    get = "".join(f".get_layer({part!r})" for part in name.split("/"))
    return f"to look into it, pass model{get}.layer"
