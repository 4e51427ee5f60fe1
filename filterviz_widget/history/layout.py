"""What is recorded of a model: which layers, which filters of each, and where their kernels are among the weights."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from filterviz_widget.model import convolutional_layers
from filterviz_widget.picture.kernel_parts import Kind, kernel_parts


class Part(NamedTuple):
    """One kernel of a layer.

    Attributes:
        name: "kernel", "depthwise" or "pointwise".
        kind: How the weight's axes are read, see `filterviz_widget.picture.kernel_parts`.
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
        name: The layer's name.
        filters: The filters whose pictures are drawn, counted from 0.
        parts: Its kernels.
    """

    name: str
    filters: tuple[int, ...]
    parts: tuple[Part, ...]


def read_layout(model: Any, layers: Iterable[Any] | None, filters: Sequence[int]) -> tuple[RecordedLayer, ...]:
    """Finds the layers in the model.

    Args:
        model: A built Keras model.
        layers: Names, indices in `model.layers`, or the layers themselves; None for all convolutions.
        filters: The filters to draw of each layer; those that a layer does not have are left out.

    Raises:
        ValueError: If the model has no such layer, the layer has no kernel, or none of the filters.
    """
    if layers is None:
        layers = [info.name for info in convolutional_layers(model)]
    names = weight_names(model)
    return tuple(_read(find_layer(model, layer), filters, names) for layer in layers)


def find_layer(model: Any, layer: Any) -> Any:
    """The layer of that name or index, or that layer.

    Raises:
        ValueError: If the model does not have it; the layers that it has are named.
    """
    for index, one in enumerate(model.layers):
        if layer is one or (isinstance(layer, str) and layer == one.name):
            return one
        if isinstance(layer, int) and layer in (index, index - len(model.layers)):
            return one
    known = ", ".join(repr(one.name) for one in model.layers)
    raise ValueError(f"The model {model.name!r} has no layer {layer!r}. It has {known}.")


def weight_names(model: Any) -> dict[int, str]:
    """A distinct name for each weight, by its id: its path, numbered where two share one."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for weight in model.weights:
        seen[weight.path] = seen.get(weight.path, 0) + 1
        names[id(weight)] = weight.path if seen[weight.path] == 1 else f"{weight.path}#{seen[weight.path]}"
    return names


def _read(layer: Any, filters: Sequence[int], names: dict[int, str]) -> RecordedLayer:
    parts = tuple(
        Part(part.name, part.kind, names.get(id(part.weight), ""), tuple(part.weight.shape))
        for part in kernel_parts(layer)
    )
    count = layer.output.shape[-1]
    drawn = tuple(one for one in filters if one < count)
    if filters and not drawn:
        raise ValueError(
            f"The layer {layer.name!r} has {count} filters, from 0; none of {list(filters)} is among them."
        )
    return RecordedLayer(layer.name, drawn, parts)
