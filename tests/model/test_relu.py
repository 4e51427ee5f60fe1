"""Pre-activations and redirected ReLUs: what they give, and that the layer itself stays as it is."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.relu import redirected_relu, relu_ceiling


def images(count=1):
    return tf.constant(np.random.default_rng(1).uniform(0, 1, (count, 8, 8, 3)), tf.float32)


def dead(activation):
    """A convolution whose activation is shut for every image from 0 to 1, then what `activation` makes of it."""
    convolution = layers.Conv2D(2, 3, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(-100.0))
    model = keras.Sequential([keras.Input((8, 8, 3)), convolution, activation])
    return model, model.layers[1].name


def gradient(features, given, sign=1.0):
    """As an ascent takes it: in a graph, where alone redirected gradients are known."""
    run = tf.function(lambda given: tf.gradients(sign * tf.reduce_sum(features(given)), given)[0], autograph=False)
    return run(given)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3, activation="relu"),
        layers.DepthwiseConv2D(3, activation="relu"),
        layers.SeparableConv2D(4, 3, activation="sigmoid"),
        layers.Conv2DTranspose(4, 3, activation="tanh"),
        layers.Conv2D(4, 3, activation="softmax"),
        layers.Dense(4, activation="relu"),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{layer.activation.__name__}",
)
def test_a_pre_activation_becomes_the_layers_output_by_its_activation(layer):
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    view = read_model(model)
    before = view.pre_activation(layer.name)(images())
    np.testing.assert_allclose(layer.activation(before), model(images()), rtol=1e-5, atol=1e-6)
    assert np.min(before) < -1e-3 or layer.activation is keras.activations.softmax
    np.testing.assert_allclose(view.cut(layer.name)(images()), model(images()), rtol=1e-5, atol=1e-6)


def test_a_layer_without_an_activation_of_its_own_has_no_pre_activation():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.ReLU()])
    view = read_model(model)
    convolution, norm, relu = (info.name for info in view.layers)
    assert view.pre_activation(convolution) is None
    assert view.pre_activation(norm) is None
    np.testing.assert_allclose(view.pre_activation(relu)(images()), view.cut(norm)(images()))


def test_a_softmax_layer_is_cut_before_its_activation_already():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, "sigmoid", name="p")])
    view = read_model(model)
    assert view.layer("p").note == "before the sigmoid"
    np.testing.assert_allclose(ops.sigmoid(view.cut("p")(images())), model(images()), rtol=1e-5)
    assert view.pre_activation("p") is None


class Operation(layers.Layer):
    """A block whose ReLU is an operation, not a layer."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function, self.conv = function, layers.Conv2D(2, 1, kernel_initializer="ones")

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        return self.function(self.conv(x))


ACTIVATIONS = [
    lambda: layers.ReLU(),
    lambda: layers.ReLU(6.0),
    lambda: layers.Activation("relu"),
    lambda: layers.Activation("relu6"),
    lambda: layers.Conv2D(2, 1, activation="relu", kernel_initializer="ones"),
    lambda: layers.Conv2D(2, 1, activation=layers.ReLU(), kernel_initializer="ones"),
    lambda: Operation(ops.relu),
    lambda: Operation(ops.relu6),
    lambda: Operation(keras.activations.relu),
]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_redirected_relu_wakes_a_dead_filter_and_gives_the_same_output(activation):
    model, name = dead(activation())
    view = read_model(model)
    plain, redirected = view.cut(name), view.cut(name, relu="redirected")
    np.testing.assert_array_equal(plain(images()), redirected(images()))
    assert np.abs(gradient(plain, images())).max() == 0
    assert np.min(gradient(redirected, images())[:, 2:-2, 2:-2]) > 0
    assert np.abs(gradient(redirected, images(), -1.0)).max() == 0  # down there is nothing to gain
    assert np.abs(gradient(plain, images())).max() == 0  # the model's own is as before


def test_a_redirected_relu_leaves_the_gradient_of_an_image_that_has_one():
    given = tf.constant([[-1.0, 2.0, 7.0], [-1.0, -2.0, 7.0]])
    upstream = tf.constant([[1.0, 1.0, -1.0], [1.0, -1.0, -1.0]])

    @tf.function(autograph=False)
    def run(given):
        output = redirected_relu(given, 6.0)
        return output, tf.gradients(output, given, grad_ys=upstream)[0]

    output, slope = run(given)
    # First image: 2 lies in between, so the ordinary gradient. Second: what opens passes, what shuts does not.
    np.testing.assert_array_equal(output, [[0, 2, 6], [0, 0, 6]])
    np.testing.assert_array_equal(slope, [[0, 1, 0], [1, 0, -1]])


@pytest.mark.parametrize(
    ("operation", "ceiling"),
    [
        (keras.activations.relu, math.inf),
        (tf.nn.relu6, 6.0),
        (layers.ReLU(max_value=3.0), 3.0),
        (layers.ReLU(negative_slope=0.1), None),
        (layers.ReLU(threshold=1.0), None),
        (layers.Activation("gelu"), None),
        (keras.activations.linear, None),
        (None, None),
    ],
)
def test_only_functions_that_shut_at_zero_count_as_relus(operation, ceiling):
    assert relu_ceiling(operation) == ceiling
