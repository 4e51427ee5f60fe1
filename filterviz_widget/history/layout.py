"""What is recorded of a model: which layers, which filters of each, and where their kernels are among the weights."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from filterviz_widget.model import ModelView
from filterviz_widget.model.kernels import Kind, kernel_parts, layer_at


class Part(NamedTuple):
    """One kernel of a layer.

    Attributes:
        name: "kernel", "depthwise" or "pointwise".
        kind: How the weight's axes are read, see `filterviz_widget.model.kernels`.
        weight: The weight's name.
        shape: The weight's shape, as Keras has it.
    """

    name: str
    kind: Kind
    weight: str
    shape: tuple[int, ...]


class RecordedLayer(NamedTuple):
    """A layer of the record.

    Attributes:
        name: The layer's name, or its path through nested models.
        filters: The filters whose pictures are drawn, counted from 0.
        parts: Its kernels; none for a layer without weights.
        sees_colours: Whether its three input channels are the image's red, green and blue.
    """

    name: str
    filters: tuple[int, ...]
    parts: tuple[Part, ...]
    sees_colours: bool = False


def read_layout(
    model: Any, view: ModelView | None, layers: Iterable[Any] | None, filters: Sequence[int]
) -> tuple[RecordedLayer, ...]:
    """Finds the layers in the model.

    Args:
        model: A built Keras model.
        view: The same, read; None where it cannot be, so that nothing is drawn.
        layers: Names or paths, indices in `model.layers`, or the layers themselves; None for all convolutions.
        filters: The filters to draw of each layer; those that a layer does not have are left out.

    Raises:
        ValueError: If the model has no such layer, or the layer has none of the filters.
    """
    known = _drawable(model, view) if view else _with_kernels(model)
    if layers is None:
        found = [one for one in known if one.is_convolution]
        if not found:
            raise ValueError(
                f"The model {model.name!r} has no convolutional layer. Name the layers to record; () is none."
            )
    else:
        found = [_find(model, known, layer) for layer in layers]
    names = weight_names(model)
    layout = (_read(one, filters if view else (), names) for one in found)
    first = next((one.name for one in known if _read(one, (), names).parts), "")
    return tuple(one._replace(sees_colours=one.name == first and _has_three_inputs(one)) for one in layout)


class _Known(NamedTuple):
    name: str
    layer: Any
    filters: int
    is_convolution: bool


def _drawable(model: Any, view: ModelView) -> list[_Known]:
    return [_Known(info.name, layer_at(model, info.name), info.filters, info.recommended) for info in view.layers]


def _with_kernels(model: Any) -> list[_Known]:
    known = []
    for layer in model._flatten_layers(include_self=False):
        with contextlib.suppress(ValueError):
            part = kernel_parts(layer)[-1]
            known.append(_Known(layer.name, layer, part.filters, part.kind != "dense"))
    return known


def _find(model: Any, known: list[_Known], wanted: Any) -> _Known:
    layer = wanted
    if isinstance(wanted, int) and -len(model.layers) <= wanted < len(model.layers):
        layer = model.layers[wanted]
    for one in known:
        if one.layer is layer or one.name == layer:
            return one
    # A user may know a nested layer by its own name only.
    by_own_name = [one for one in known if one.layer.name == layer]
    if len(by_own_name) == 1:
        return by_own_name[0]
    names = ", ".join(repr(one.name) for one in known)
    raise ValueError(f"The model {model.name!r} has no layer {getattr(layer, 'name', layer)!r}. It has {names}.")


def weight_names(model: Any) -> dict[int, str]:
    """A distinct name for each weight, by its id: its path within the model, numbered where two share one."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for weight in model.weights:
        # Sequential models put their own name first, functional ones do not.
        name = weight.path.removeprefix(f"{model.name}/")
        seen[name] = seen.get(name, 0) + 1
        names[id(weight)] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def _read(known: _Known, filters: Sequence[int], names: dict[int, str]) -> RecordedLayer:
    parts: tuple[Part, ...] = ()
    with contextlib.suppress(ValueError):  # a pooling layer can be drawn, and has no kernel
        parts = tuple(
            Part(part.name, part.kind, names.get(id(part.weight), ""), tuple(part.weight.shape))
            for part in kernel_parts(known.layer)
        )
    drawn = tuple(one for one in filters if one < known.filters)
    if filters and not drawn:
        raise ValueError(
            f"The layer {known.name!r} has {known.filters} filters, from 0; none of {list(filters)} is among them."
        )
    return RecordedLayer(known.name, drawn, parts)


def _has_three_inputs(layer: RecordedLayer) -> bool:
    part = layer.parts[0]
    return part.kind == "convolution" and part.shape[2] == 3
