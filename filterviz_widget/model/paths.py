"""Which layer is meant: every layer of a model by its path through nested models and blocks."""

import difflib
from collections.abc import Iterable
from typing import Any

import keras

from filterviz_widget.model.graph import Graph, functional_graph
from filterviz_widget.model.keras_private import direct_layers, functional, own_variables
from filterviz_widget.model.lock import READING
from filterviz_widget.model.model_graph import model_graph


def layers_by_path(model: Any, graph: Graph | None = None) -> dict[str, Any]:
    """Every layer of a model by its path: "conv2d" is one of the model itself, "encoder/conv2d" one in it.

    The paths are those of `ModelView.layers` where the model can be followed; a layer that is used twice has two,
    "conv" and "conv:1". What a graph does not show (what is in a wrapper or an unopened block, layers that the call
    does not use, models that are attributes of a model without a call) is found by what holds it.

    Args:
        model: A Keras model, built or not, also one that cannot be shown as pictures.
        graph: The model's graph where it is known, `ModelView.graph`; to find it again takes time for a subclass.

    Returns:
        The layers, outer ones before those in them.
    """
    found: dict[str, Any] = {}
    with READING:
        _add_within(model, _graph(model) if graph is None else graph, "", found, ())
    return found


def layer_at(model: Any, path: str) -> Any:
    """Finds a layer by its path, see `layers_by_path`, or by its own name where no other layer has that.

    Raises:
        ValueError: If there is none, or several are called so.
    """
    found = layers_by_path(model)
    return found[path_at(found, path, f"The model {model.name!r}")]


def path_at(found: dict[str, Any], wanted: str, whose: str = "The model") -> str:
    """The path that is meant by a path, or by a layer's own name where no other layer has that.

    Args:
        found: Of `layers_by_path`.
        wanted: The path or name.
        whose: How an error message begins.

    Raises:
        ValueError: If there is none, or several are called so.
    """
    if wanted in found:
        return wanted
    # A user may know a nested layer by the end of its path only.
    close = {id(layer): path for path, layer in reversed(found.items()) if path.endswith(f"/{wanted}")}
    if len(close) == 1:
        return next(iter(close.values()))
    if close:
        raise ValueError(f"{whose} has {len(close)} layers {str(wanted)!r}: {_listed(reversed(close.values()))}.")
    suggestion = difflib.get_close_matches(str(wanted), found, 1)
    hint = f" Did you mean {suggestion[0]!r}?" if suggestion else f" It has {_listed(found)}."
    raise ValueError(f"{whose} has no layer {str(wanted)[:80]!r}.{hint}")


def path_of(found: dict[str, Any], layer: Any) -> str | None:
    """The first path of a layer itself; None where it is not in the model.

    Args:
        found: Of `layers_by_path`.
        layer: The layer.
    """
    return next((path for path, one in found.items() if one is layer), None)


def weight_names(model: Any, found: dict[str, Any] | None = None) -> dict[int, str]:
    """A distinct name for each weight of a model, by its id: the path of the layer that holds it, and its own name.

    Args:
        model: A Keras model.
        found: Of `layers_by_path`, where it is known.
    """
    found = layers_by_path(model) if found is None else found
    owners: dict[int, tuple[str, Any]] = {id(variable): ("", model) for variable in own_variables(model)}
    for path, layer in found.items():
        for variable in own_variables(layer):
            known, _ = owners.get(id(variable), ("", None))
            # A wrapper holds the kernel of what it wraps too; the name is that of the innermost.
            if id(variable) not in owners or path.startswith(f"{known}/" if known else ""):
                owners[id(variable)] = path, layer
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for variable in model.weights:
        path, owner = owners.get(id(variable), ("", model))
        name = _within(variable, path, owner)
        # Keras puts the scopes that a layer was built in before its name, such as that of a Sequential model.
        if owner.path and owner.path.endswith(f"/{path}") and owner.path not in found:
            name = variable.path
        name = name.removeprefix(f"{model.name}/")
        seen[name] = seen.get(name, 0) + 1
        names[id(variable)] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def _within(variable: Any, path: str, owner: Any) -> str:
    """The path of a layer, and of its weight within it."""
    scope = f"{owner.path}/"
    own = variable.path.removeprefix(scope) if owner.path and variable.path.startswith(scope) else variable.name
    return f"{path}/{own}" if path else own


def _graph(model: Any) -> Graph | None:
    try:
        return model_graph(model)
    except ValueError:
        return None


def _add_within(layer: Any, graph: Graph | None, prefix: str, found: dict[str, Any], outer: tuple[int, ...]) -> None:
    """Adds what is in a layer: what its graph shows, then what it holds beside that."""
    outer = (*outer, id(layer))
    seen: set[int] = set()
    for step in graph.steps if graph else ():
        operation = step.node.operation
        if hasattr(operation, "traced_name"):  # it stands for layers of the model, which are found by what holds them
            continue
        if isinstance(operation, keras.Layer) and id(operation) not in outer:
            found[prefix + step.name] = operation
        inner = step.inner
        if isinstance(operation, keras.Layer) or inner:
            _add_within(operation, inner, f"{prefix}{step.name}/", found, outer)
        seen.add(id(operation))
    within = {id(one) for path, one in found.items() if path.startswith(prefix)} if graph else set()
    for one in direct_layers(layer) if isinstance(layer, keras.Layer) else ():
        if id(one) in seen | within or id(one) in outer:
            continue
        seen.add(id(one))
        name = _free(prefix + one.name, found)
        found[name] = one
        inner_model = functional(one)
        _add_within(one, functional_graph(inner_model) if inner_model else None, f"{name}/", found, outer)


def _free(path: str, found: dict[str, Any]) -> str:
    number, free = 0, path
    while free in found:
        number += 1
        free = f"{path}:{number}"
    return free


def _listed(paths: Iterable[str]) -> str:
    names = list(paths)
    return ", ".join(map(repr, names[:12])) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
