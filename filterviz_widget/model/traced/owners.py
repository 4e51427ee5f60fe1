"""Who owns a variable: the path of the layer or module that holds it."""

from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.keras_private import direct_layers, own_variables


def owners(thing: Any) -> dict[int, str]:
    """The path of what holds each variable, by the id of the variable's handle; where it is held twice, the first.

    Args:
        thing: A Keras layer or model, or a `tf.Module`; of anything else nothing is known.
    """
    found: dict[int, str] = {}
    if isinstance(thing, keras.Layer):
        _in_layer(thing, "", found, set())
    elif isinstance(thing, tf.Module) and not hasattr(thing, "layers"):
        for path, variable in thing._flatten(recursive=True, predicate=_is_variable, with_path=True):
            # The kernel of "blocks/0/conv" is "blocks/0/conv/w"; one of the module itself is "w".
            found.setdefault(id(variable.handle), "/".join(map(str, path[:-1] or path)))
    return found


def _in_layer(layer: Any, prefix: str, found: dict[int, str], seen: set[int]) -> None:
    seen.add(id(layer))
    for variable in own_variables(layer):
        found.setdefault(id(variable.value.handle), prefix)
    for name, value in vars(layer).items():
        if _is_variable(value):  # TensorFlow's own, which Keras does not list
            found.setdefault(id(value.handle), f"{prefix}/{name}".lstrip("/"))
    names: set[str] = set()
    for inner in direct_layers(layer):
        if id(inner) not in seen:
            path, number = f"{prefix}/{inner.name}".lstrip("/"), 0
            while (name := f"{path}:{number}" if number else path) in names:
                number += 1
            names.add(name)
            _in_layer(inner, name, found, seen)


def _is_variable(value: Any) -> bool:
    return isinstance(value, tf.Variable) and hasattr(value, "handle")
