"""What is no model of Keras 3 and yet a network on TensorFlow, found again as long as it lives."""

import weakref
from typing import Any, NamedTuple

import tensorflow as tf

from filterviz_widget.interrupts import finalizer
from filterviz_widget.model.generators import kept
from filterviz_widget.model.keras_private import names_kept
from filterviz_widget.model.traced.call import Shapes, from_module
from filterviz_widget.model.traced.owners import owners
from filterviz_widget.model.traced.saved import from_concrete, from_loaded


class _Known(NamedTuple):
    thing: "weakref.ref[Any]"
    model: Any


_known: dict[tuple[int, str], _Known] = {}


def of_tensorflow(thing: Any, input_shape: Shapes | None) -> Any | None:
    """The Functional model of a network that is no Keras 3 model; None for something else.

    Args:
        thing: A `ConcreteFunction`, `tf.function`, `tf.Module`, Keras 2 model or layer, or what `tf.saved_model.load`
            returned. The same model is made of the same thing while its variables are the same.
        input_shape: Of one example, where the thing does not say.

    Raises:
        ValueError: If it cannot be traced.
    """
    if not _is_known_kind(thing):
        return None
    variables = [
        id(variable.handle) for variable in getattr(thing, "variables", None) or () if hasattr(variable, "handle")
    ]
    key = id(thing), repr((input_shape, variables))
    known = _known.get(key)
    if known is not None and known.thing() is thing:
        return known.model
    with names_kept(), kept():
        made = _made(thing, input_shape)
    made.traced_note = f"traced by TensorFlow, as it is {_words(thing)}"
    _known[key] = _Known(weakref.ref(thing, lambda _: _forget(key)), made)
    return made


@finalizer
def _forget(key: tuple[int, str]) -> None:
    _known.pop(key, None)


def _made(thing: Any, input_shape: Shapes | None) -> Any:
    if isinstance(thing, tf.types.experimental.ConcreteFunction):
        return from_concrete(thing, owners(thing), "function")
    if _is_loaded(thing):
        return from_loaded(thing, "saved_model")
    return from_module(thing, input_shape)


def _is_known_kind(thing: Any) -> bool:
    if isinstance(thing, type):
        return False
    kinds = tf.types.experimental.ConcreteFunction, tf.types.experimental.GenericFunction
    return isinstance(thing, kinds) or _is_loaded(thing) or (isinstance(thing, tf.Module) and callable(thing))


def _is_loaded(thing: Any) -> bool:
    return hasattr(thing, "signatures") and hasattr(thing, "tensorflow_version")


def _words(thing: Any) -> str:
    if isinstance(thing, tf.types.experimental.GenericFunction | tf.types.experimental.ConcreteFunction):
        return "a function of TensorFlow"
    if _is_loaded(thing):
        return "a SavedModel"
    if any(kind.__module__.startswith("tf_keras") for kind in type(thing).__mro__):
        return "a model of Keras 2"
    return f"a tf.Module ({type(thing).__name__})"
