"""Where a model's layers, weights and kernels are. The one place in which the history asks the model's room for that.

A stand-in for `model.paths` and what `model.kernels` will know of a kernel, with the same names and meanings.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

import keras

from filterviz_widget.model.follow import names_kept as names_kept
from filterviz_widget.model.graph import Graph, functional, functional_graph
from filterviz_widget.model.kernels import KernelPart, kernel_parts


def layers_by_path(model: Any, graph: Graph | None = None) -> dict[str, Any]:
    """Every layer of a model by its path: "conv2d" is one of the model itself, "encoder/conv2d" one in it.

    Args:
        model: A Keras model, built or not, also one that cannot be shown as pictures.
        graph: The model's graph where it is known, `ModelView.graph`.

    Returns:
        The layers, outer ones before those in them; a layer that is used twice has two paths, "conv" and "conv:1".
    """
    found: dict[str, Any] = {}
    _add_within(model, graph, "", found, ())
    return found


def path_of(found: Mapping[str, Any], layer: Any) -> str | None:
    """The first path of a layer itself; None where it is not in the model."""
    return next((path for path, one in found.items() if one is layer), None)


def path_at(found: Mapping[str, Any], wanted: str, whose: str = "The model") -> str:
    """The path that is meant by a path, or by the end of one where no other layer has that.

    Raises:
        ValueError: If there is none, or several are called so.
    """
    if wanted in found:
        return wanted
    close = {id(layer): path for path, layer in found.items() if path.endswith(f"/{wanted}")}
    if len(close) == 1:
        return next(iter(close.values()))
    if close:
        raise ValueError(f"{whose} has {len(close)} layers {wanted!r}: {', '.join(map(repr, close.values()))}.")
    raise ValueError(f"{whose} has no layer {wanted!r}. It has {', '.join(map(repr, found))}.")


def weight_names(model: Any, found: Mapping[str, Any]) -> dict[int, str]:
    """A distinct name for each weight of a model, by its id: the path of the layer that holds it, and its own name."""
    owners: dict[int, str] = {}
    for path, layer in found.items():
        for variable in layer._trainable_variables + layer._non_trainable_variables:
            known = owners.get(id(variable))
            # A wrapper holds the kernel of what it wraps too; the name is that of the innermost.
            if known is None or path.startswith(f"{known}/"):
                owners[id(variable)] = path
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for variable in model.weights:
        path = owners.get(id(variable), "")
        name = f"{path}/{variable.name}" if path else variable.name
        seen[name] = seen.get(name, 0) + 1
        names[id(variable)] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def layers_with_kernels(found: Mapping[str, Any]) -> dict[str, Any]:
    """The layers that have kernels, each once: a wrapper stands for what it wraps."""
    chosen: dict[str, Any] = {}
    seen: set[int] = set()
    for path, layer in found.items():
        with contextlib.suppress(ValueError):
            weight = id(kernel_parts(layer)[0].weight)
            if weight not in seen:
                seen.add(weight)
                chosen[path] = layer
    return chosen


def kernel_shape(part: KernelPart) -> tuple[int, ...]:
    """The shape of what the layer computes with, in Keras' order of axes."""
    return tuple(part.weight.shape)


def _add_within(layer: Any, graph: Graph | None, prefix: str, found: dict[str, Any], outer: tuple[int, ...]) -> None:
    if graph is None and (inner := functional(layer)) is not None:
        graph = functional_graph(inner)
    outer = (*outer, id(layer))
    seen: set[int] = set()
    for step in graph.steps if graph else ():
        operation = step.node.operation
        seen.add(id(operation))
        if isinstance(operation, keras.Layer) and id(operation) not in outer:
            found[prefix + step.name] = operation
            _add_within(operation, step.inner, f"{prefix}{step.name}/", found, outer)
    for one in layer._flatten_layers(include_self=False, recursive=False):
        if id(one) not in seen and id(one) not in outer:
            path, number = prefix + one.name, 0
            while path in found:
                number += 1
                path = f"{prefix}{one.name}:{number}"
            found[path] = one
            _add_within(one, None, f"{path}/", found, outer)
