"""Whether a model runs code that is not Keras' or TensorFlow's own when it is called."""

import functools
import types
from typing import Any

import keras

from filterviz_widget.model.keras_private import flat_layers

TRUSTED = ("keras.", "tensorflow.")


def has_own_code(model: Any) -> bool:
    """Whether any layer's class, or function that a layer calls, comes from elsewhere."""
    return any(map(_is_own, (model, *flat_layers(model))))


def is_of_keras(thing: Any) -> bool:
    """Whether a class, or a function, is one of Keras or TensorFlow."""
    return f"{getattr(thing, '__module__', None)}.".startswith(TRUSTED)


def _is_own(layer: Any) -> bool:
    if not is_of_keras(type(layer)) or isinstance(layer, keras.layers.Lambda) or "call" in vars(layer):
        return True
    return not all(is_of_keras(_definition(value)) for value in vars(layer).values() if callable(value))


def _definition(thing: Any) -> Any:
    """The function or class that says what a callable does."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    thing = getattr(thing, "__func__", thing)
    return thing if isinstance(thing, types.FunctionType | type) else type(thing)
