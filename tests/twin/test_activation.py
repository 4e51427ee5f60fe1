"""Activation functions with gradients of their own: the same values, the same gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from filterviz_widget.twin.activation import QUICK, quick
from tests.twin.networks import images, sequential, slope, twin_of
from tests.twin.test_twin import assert_equal


@pytest.mark.parametrize("function", QUICK)
def test_values_and_gradients_are_kerass(function):
    x = tf.constant(np.concatenate([np.linspace(-30, 30, 601), [-1e4, 0, 1e4]]), tf.float32)

    def both(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x, output_gradients=tf.cos(x))

    for made, expected in zip(both(quick(function)), both(function), strict=True):
        np.testing.assert_allclose(made, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["silu", "swish", "gelu"])
def test_they_stand_in_for_layers_and_for_activations_of_layers(name):
    model = sequential(layers.Conv2D(6, 3, activation=name, name="conv"), layers.Activation(name, name="own"))
    view = read_model(model)
    for layer in ("conv", "own", "last"):
        assert_equal(twin_of(view, layer), model, layer)
    np.testing.assert_allclose(slope(twin_of(view, "last")), slope(view.cut("last")), rtol=1e-3, atol=1e-6)
    reduced = twin_of(view, "last", precision="bfloat16")(images())
    np.testing.assert_allclose(reduced, view.cut("last")(images()), atol=0.05)


def test_other_activations_stay_as_they_are():
    class Odd:
        __hash__ = None

        def __call__(self, x):
            return x

    for function in (keras.activations.relu, None, Odd(), lambda x: x):
        assert quick(function) is function
