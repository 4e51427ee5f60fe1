"""Activations that a unit is shown before: softmax, sigmoid and their kin, in whatever spelling."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.keras_private import flat_layers, nothing_built
from filterviz_widget.model.kinds import unwrapped

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "softmax": keras.activations.softmax,
    "sigmoid": keras.activations.sigmoid,
    "log softmax": keras.activations.log_softmax,
    "hard sigmoid": keras.activations.hard_sigmoid,
    "sparsemax": keras.activations.sparsemax,
}
"""Activations of the last layer of a classifier. A unit is shown before them: its probability rises as well by
lowering all others, and its gradient vanishes."""

OTHERS = {function for function in vars(keras.activations).values() if callable(function)} - set(FUNCTIONS.values())
"""The other functions that Keras has by name."""


def saturating(layer: Any) -> str:
    """The name of the activation that a dense layer's units are shown before; empty where there is none.

    What an activation is, a function or a layer, is told by what it does to some numbers, not by its name.

    Args:
        layer: Any operation; a wrapper is seen through.
    """
    dense = unwrapped(layer)
    if not isinstance(dense, keras.layers.Dense | keras.layers.EinsumDense) or dense.activation is None:
        return ""
    name = next((name for name, function in FUNCTIONS.items() if dense.activation is function), "")
    if name or (getattr(dense.activation, "__hash__", None) and dense.activation in OTHERS):
        return name
    numbers = np.random.default_rng(0).normal(0, 1.5, (3, dense.bias.shape[-1] if dense.bias is not None else 5))
    return _name(dense.activation, numbers.astype(np.float32))


def _name(activation: Any, numbers: Any) -> str:
    layers = [activation, *flat_layers(activation)] if isinstance(activation, keras.Layer) else []
    try:
        with nothing_built(layers):
            made = np.asarray(in_inference(activation, tf.constant(numbers)), np.float64)
    except Exception:  # a user's code, which may raise anything
        return ""
    for name, function in FUNCTIONS.items():
        for scale in (1.0, _temperature(name, numbers, made)):
            expected = np.asarray(function(scale * numbers), np.float64)
            if made.shape == expected.shape and np.allclose(made, expected, 0.02, 1e-3 * np.abs(expected).max()):
                return name
    return ""


def _temperature(name: str, numbers: Any, made: Any) -> float:
    """By what the numbers were multiplied first, if it is that function: `softmax(x / 2)` is one too."""
    if made.shape != numbers.shape or made.shape[1] < 2 or name not in ("softmax", "sigmoid"):
        return 1.0
    with np.errstate(all="ignore"):
        logits = np.log(made) if name == "softmax" else np.log(made) - np.log(1 - made)
        scale = (logits[0, 0] - logits[0, 1]) / (numbers[0, 0] - numbers[0, 1])
    return float(scale) if np.isfinite(scale) and scale > 0 else 1.0
