"""Layers with the user's variables and another attribute, and private copies of what the user has not built yet."""

import contextlib
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.generators import kept
from filterviz_widget.model.keras_private import names_kept


def altered(layer: Any, /, **attributes: Any) -> Any:
    """A layer with the same variables and other attributes. The user's own is not touched."""
    # copy.copy would save and load the layer, weights and all (keras.src.saving.KerasSaveable.__reduce__).
    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer), **attributes)
    return twin


def with_built_activation(layer: Any, shape: tuple[int | None, ...]) -> Any:
    """Stands in for a layer whose activation is a layer that is not built yet, such as PReLU in a fresh model.

    Keras builds such an activation when the model is first called on numbers. Its stand-in is a private copy with the
    values that it will begin with.

    Args:
        layer: Any operation.
        shape: Of its output, batch included.

    Returns:
        The layer itself where its activation is built, or cannot be copied.
    """
    for name in ("activation", "layer"):
        inner = getattr(layer, name, None)
        if not isinstance(inner, keras.Layer) or (name == "layer" and _has_another_shape(layer)):
            continue
        private = with_built_activation(inner, shape) if inner.built else _built_copy(inner, shape)
        if private is not inner:
            return altered(layer, **{name: private})
    return layer


def _has_another_shape(layer: Any) -> bool:
    return not isinstance(layer, keras.layers.Wrapper) or isinstance(layer, keras.layers.TimeDistributed)


def _built_copy(layer: Any, shape: tuple[int | None, ...]) -> Any:
    with kept(), names_kept(), tf.init_scope(), contextlib.suppress(Exception):  # a user's class may raise anything
        copy = type(layer).from_config(layer.get_config())
        for name, value in vars(layer).items():
            # An initializer without a seed of the user's drew one when it was made.
            if isinstance(value, keras.initializers.Initializer):
                vars(copy)[name] = value
        with _seeds_kept(copy):
            copy.build(shape)
        return copy
    return layer


@contextlib.contextmanager
def _seeds_kept(layer: Any) -> Any:
    seeds = [getattr(value, "seed", None) for value in vars(layer).values()]
    states = [seed.state for seed in seeds if isinstance(seed, keras.random.SeedGenerator)]
    before = [tf.identity(state) for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)
