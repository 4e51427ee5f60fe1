"""Layers without weights: the same values and gradients, and nothing that a loop would pay for in every iteration."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from filterviz_widget.twin.weightless import weightless
from tests.twin.networks import SIZE, operations, slope, twin_of, with_statistics
from tests.twin.test_twin import assert_equal

X = tf.zeros((1, 4, 4, 3))


@pytest.fixture(scope="module")
def model():
    """Overlapping and plain max pooling, one of it in a nested model, and sums of two and of three."""
    keras.utils.set_random_seed(2)
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 4)), layers.MaxPooling2D(3, 2, "same")], name="inner")
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(image)
    y = layers.Conv2D(4, 1, name="other")(x)
    x = layers.Add(name="sum")([x, y, layers.ReLU()(y)])
    x = layers.MaxPooling2D(2, name="pool")(inner(x))
    x = layers.Add(name="shifted")([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    return with_statistics(keras.Model(image, layers.Conv2D(5, 3, name="last")(x)))


@pytest.mark.parametrize("layer", ["sum", "pool", "shifted", "last"])
def test_values_and_gradients_are_the_models(model, layer):
    view = read_model(model)
    assert_equal(twin_of(view, layer), model, layer)
    np.testing.assert_allclose(slope(twin_of(view, layer)), slope(view.cut(layer)), rtol=1e-3, atol=1e-6)


def test_a_sum_does_not_ask_in_every_iteration_what_was_broadcast(model):
    twin = twin_of(read_model(model), "sum")
    assert "BroadcastGradientArgs" not in operations(lambda images: tf.gradients(twin(images), images))


def test_what_is_not_kerass_own_or_not_alike_is_left_as_it_is():
    class Own(layers.MaxPooling2D):
        pass

    assert weightless(layers.MaxPooling2D(), X) is not None
    assert weightless(layers.Activation("silu"), X) is not None
    assert weightless(layers.Add(), [X, X]) is not None
    assert weightless(layers.Add(), [X, tf.zeros((1, 1, 1, 3))]) is None
    for layer in (
        *(Own(), layers.ReLU(), layers.AveragePooling2D(2), layers.Activation("relu")),
        *(layers.Activation("silu", dtype="float64"), layers.Activation(lambda x: x * x)),
        *(layers.MaxPooling2D(dtype="float64"), layers.MaxPooling2D(data_format="channels_first")),
    ):
        assert weightless(layer, X) is None
