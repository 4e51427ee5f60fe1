"""What is recorded of a model: which layers, which filters of each, and where their kernels are among the weights."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from filterviz_widget.model import ModelView
from filterviz_widget.model.kernels import KernelPart, Kind, canonical_shape, kernel_parts, layers_with_kernels
from filterviz_widget.model.paths import path_at, path_of


class Part(NamedTuple):
    """One kernel of a layer.

    Attributes:
        name: "kernel", "depthwise" or "pointwise".
        kind: How the weight's axes are read, see `filterviz_widget.model.kernels`.
        weight: The weight's name.
        shape: The kernel's shape as it is recorded, `(height, width, inputs, filters)`.
    """

    name: str
    kind: Kind
    weight: str
    shape: tuple[int, ...]

    @property
    def owner(self) -> str:
        """The path of the layer that holds the weight."""
        return owner(self.weight)


class RecordedLayer(NamedTuple):
    """A layer of the record.

    Attributes:
        name: The layer's path through nested models; for one of the model itself that is its name.
        filters: The filters whose pictures are drawn, counted from 0; none for a layer that cannot be drawn.
        parts: Its kernels; none for a layer without weights.
        sees_colours: Whether its three input channels are the image's red, green and blue.
    """

    name: str
    filters: tuple[int, ...]
    parts: tuple[Part, ...]
    sees_colours: bool = False


class Layout(NamedTuple):
    """What is recorded of a model.

    Attributes:
        layers: The layers.
        kernels: Per layer, where its kernels are.
        paths: All layers of the model by their path.
        undrawn: Names of layers that cannot be drawn, though the model can be and pictures are wanted.
    """

    layers: tuple[RecordedLayer, ...]
    kernels: Mapping[str, tuple[KernelPart, ...]]
    paths: dict[str, Any]
    undrawn: tuple[str, ...]


def read_layout(
    model: Any,
    view: ModelView | None,
    layers: Iterable[Any] | None,
    filters: Sequence[int],
    names: Mapping[int, str],
    paths: dict[str, Any],
) -> Layout:
    """Finds the layers in the model.

    Args:
        model: A built Keras model.
        view: The same, read; None where it cannot be, so that nothing is drawn.
        layers: Names or paths, indices in `model.layers`, or the layers themselves; None for all convolutions.
        filters: The filters to draw of each layer; those that a layer does not have are left out.
        names: Of the weights, by id.
        paths: All layers, of `layers_by_path`.

    Raises:
        ValueError: If the model has no such layer, or the layer has none of the filters.
    """
    known = _known(view, paths)
    if layers is None:
        found = [one for one in known.values() if one.is_convolution]
        if not found:
            raise ValueError(
                f"The model {model.name!r} has no convolutional layer. Name the layers to record; () is none."
            )
    else:
        found = [known[name] for name in dict.fromkeys(_find(model, known, paths, layer) for layer in layers)]
    drawable = [one for one in found if one.is_drawable]
    lacking = [one for one in drawable if filters and not _drawn(one, filters)]
    if lacking and (layers is not None or lacking == drawable):
        most = max(lacking, key=lambda one: one.filters)
        raise ValueError(
            f"The layer {most.name!r} has {most.filters} filters, from 0; none of {list(filters)} is among them."
        )
    recorded = [
        RecordedLayer(one.name, _drawn(one, filters), tuple(_part(part, names) for part in one.parts)) for one in found
    ]
    has_colours = view is None or view.data.kind in ("image", "volume")
    first = next((one.name for one in known.values() if one.parts), "") if has_colours else ""
    return Layout(
        tuple(one._replace(sees_colours=one.name == first and _has_three_inputs(one)) for one in recorded),
        {one.name: one.parts for one in found},
        paths,
        tuple(one.name for one in found if filters and view and not one.is_drawable),
    )


def owner(weight: str) -> str:
    """The path of the layer that holds a weight of that name; "" for the model itself."""
    return weight.rpartition("/")[0]


class _Known(NamedTuple):
    name: str
    layer: Any
    filters: int
    parts: tuple[KernelPart, ...]
    is_convolution: bool
    is_drawable: bool


def _known(view: ModelView | None, paths: dict[str, Any]) -> dict[str, _Known]:
    """What can be recorded, by path: what can be drawn in the model's order, then what has kernels only."""
    known: dict[str, _Known] = {}
    for info in view.layers if view else ():
        layer = paths.get(info.name)  # none where a function of TensorFlow makes it
        parts = _parts(layer)
        is_convolution = info.recommended or (len(info.shape) == 3 and any(part.kind != "dense" for part in parts))
        known[info.name] = _Known(info.name, layer, info.filters, parts, is_convolution, True)
    seen = {id(part.weight) for one in known.values() for part in one.parts}
    for path, layer in layers_with_kernels(paths).items():
        parts = _parts(layer)
        if path not in known and id(parts[-1].weight) not in seen:
            known[path] = _Known(path, layer, parts[-1].filters, parts, parts[-1].kind != "dense", False)
    return known


def _parts(layer: Any) -> tuple[KernelPart, ...]:
    with contextlib.suppress(ValueError):  # a pooling layer can be drawn, and has no kernel
        return kernel_parts(layer)
    return ()


def _find(model: Any, known: Mapping[str, _Known], paths: dict[str, Any], wanted: Any) -> str:
    whose = f"The model {model.name!r}"
    if isinstance(wanted, str):
        try:
            return path_at({name: one.layer for name, one in known.items()}, wanted, whose)
        except ValueError:
            path = path_at(paths, wanted, whose)  # says in words what there is
            raise ValueError(f"{whose} has nothing to record in its layer {path!r}: {_listed(known)}") from None
    layer = wanted
    if hasattr(wanted, "__index__"):
        if not -len(model.layers) <= wanted.__index__() < len(model.layers):
            raise ValueError(f"{whose} has {len(model.layers)} layers, got the index {wanted!r}.")
        layer = model.layers[wanted.__index__()]
    for name, one in known.items():
        if one.layer is layer:
            return name
    where = "nothing to record in its layer" if path_of(paths, layer) is not None else "no such layer as"
    raise ValueError(f"{whose} has {where} {getattr(layer, 'name', layer)!r}: {_listed(known)}")


def _listed(known: Mapping[str, _Known]) -> str:
    return f"there are {', '.join(map(repr, known)) or 'none'}."


def _drawn(one: _Known, filters: Sequence[int]) -> tuple[int, ...]:
    return tuple(number for number in filters if number < one.filters) if one.is_drawable else ()


def _part(part: KernelPart, names: Mapping[int, str]) -> Part:
    shape = canonical_shape(part.shape, part.kind)
    return Part(part.name, part.kind, names.get(id(part.weight), ""), shape)


def _has_three_inputs(layer: RecordedLayer) -> bool:
    part = layer.parts[0]
    return part.kind == "convolution" and part.shape[2] == 3
