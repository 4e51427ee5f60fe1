"""Pre-activations, and rectifiers that are opened: what they give, and that the layer itself stays as it is."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.opening import Opening
from filterviz_widget.model.rectifier import RELU, RELU6, Flat, flat, opened, opened_relu
from tests.networks import with_weights


def images(count=1):
    return tf.constant(np.random.default_rng(1).uniform(0, 1, (count, 8, 8, 3)), tf.float32)


def dead(activation):
    """A convolution whose activation is shut for every image from 0 to 1, then what `activation` makes of it."""
    convolution = layers.Conv2D(2, 3, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(-100.0))
    model = keras.Sequential([keras.Input((8, 8, 3)), convolution, activation])
    return model, model.layers[1].name


def gradient(features, given, sign=1.0, opening=None):
    """As an ascent takes it: in a graph, where alone redirected gradients are known."""

    def slope(given):
        maps = features(given) if opening is None else features(given, (), Opening(tf.constant(opening)))
        return tf.gradients(sign * tf.reduce_sum(maps), given)[0]

    return tf.function(slope, autograph=False)(given)


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
    model = with_weights(keras.Sequential([keras.Input((8, 8, 3)), layer]))  # of both signs, whatever the initializer
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


def hard_ramp(x):
    """A user's own: flat below -1 and from 3 on."""
    return tf.minimum(tf.maximum(x, -1.0), 3.0)


class OwnReLU(layers.Layer):
    """A user's own layer that is nothing but a rectifier."""

    def call(self, x):
        return tf.where(x > 0.0, x, 0.0)


ACTIVATIONS = [
    lambda: OwnReLU(),
    lambda: layers.PReLU(),
    lambda: layers.ReLU(),
    lambda: layers.ReLU(6.0),
    lambda: layers.ReLU(3.0),
    lambda: layers.ReLU(threshold=0.5),
    lambda: layers.LeakyReLU(0.0),
    lambda: layers.Activation("relu"),
    lambda: layers.Activation("relu6"),
    lambda: layers.Activation("hard_silu"),
    lambda: layers.Activation("hard_sigmoid"),
    lambda: layers.Activation(hard_ramp),
    lambda: layers.Conv2D(2, 1, activation="relu", kernel_initializer="ones"),
    lambda: layers.Conv2D(2, 1, activation="hard_silu", kernel_initializer="ones"),
    lambda: layers.Conv2D(2, 1, activation=hard_ramp, kernel_initializer="ones"),
    lambda: layers.Conv2D(2, 1, activation=layers.ReLU(), kernel_initializer="ones"),
    lambda: layers.TimeDistributed(layers.ReLU()),
    lambda: Operation(ops.relu),
    lambda: Operation(ops.relu6),
    lambda: Operation(ops.hard_silu),
    lambda: Operation(keras.activations.relu),
    lambda: Operation(lambda x: ops.maximum(x, 0.0)),
    lambda: Operation(lambda x: ops.maximum(0.0, x)),
    lambda: Operation(lambda x: ops.clip(x, 0.0, 6.0)),
    lambda: Operation(lambda x: ops.leaky_relu(x, negative_slope=0.0)),
]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_rectifier_is_opened_for_the_images_that_want_it_and_gives_the_same_output(activation):
    model, name = dead(activation())
    features = read_model(model).cut(name)
    given = images(2)
    run = tf.function(lambda given: features(given, (), Opening(tf.constant([True, False]))), autograph=False)
    np.testing.assert_array_equal(features(given), run(given))
    assert np.abs(gradient(features, given)).max() == 0
    first, second = gradient(features, given, opening=[True, False])
    assert np.min(first[2:-2, 2:-2]) > 0
    assert np.abs(second).max() == 0
    assert np.abs(gradient(features, given, -1.0, [True, True])).max() == 0  # down there is nothing to gain
    assert np.abs(gradient(features, given)).max() == 0  # the model's own is as before


@pytest.mark.parametrize("kind", ["relu6", "any other"])
def test_the_gradient_of_an_image_that_has_one_is_left_as_it_is(kind):
    given = tf.constant([[-1.0, 2.0, 7.0], [-1.0, -2.0, 7.0], [-1.0, -2.0, 7.0]])
    upstream = tf.constant([[1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [1.0, -1.0, -1.0]])
    opening = tf.constant([True, True, False])

    @tf.function(autograph=False)
    def run(given):
        if kind == "relu6":
            output = opened_relu(RELU6, opening)(given)
        else:
            output = opened(tf.clip_by_value(given, 0.0, 6.0), given, Flat(0.0, 6.0), opening)
        return output, tf.gradients(output, given, grad_ys=upstream)[0]

    output, slope = run(given)
    # 2 lies in between, so the ordinary gradient. Second image: what opens passes, what shuts does not.
    np.testing.assert_array_equal(output, [[0, 2, 6], [0, 0, 6], [0, 0, 6]])
    np.testing.assert_array_equal(slope, [[0, 1, 0], [1, 0, -1], [0, 0, 0]])


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (keras.activations.relu, RELU),
        (tf.nn.relu6, RELU6),
        (layers.ReLU(), RELU),
        (layers.ReLU(6), RELU6),
        (layers.ReLU(max_value=3.0), Flat(0.0, 3.0)),
        (layers.ReLU(negative_slope=0.1), None),
        (layers.ReLU(threshold=1.0), Flat(1.0, math.inf)),
        (layers.LeakyReLU(0.0), Flat(0.0, math.inf)),
        (layers.Activation("hard_silu"), Flat(-3.0, math.inf)),
        (keras.activations.hard_sigmoid, Flat(-3.0, 3.0)),
        (keras.activations.hard_tanh, Flat(-1.0, 1.0)),
        (hard_ramp, Flat(-1.0, 3.0)),
        (lambda x: tf.square(tf.nn.relu(x)), Flat(0.0, math.inf)),
        # Nothing that a gradient could open, or nothing at all.
        *(
            (keras.activations.get(name), None)
            for name in ("linear", "gelu", "silu", "elu", "selu", "tanh", "sigmoid", "softmax", "softplus", "mish")
        ),
        (tf.round, None),
        (lambda x: tf.zeros_like(x), None),
        (layers.MaxPooling2D(), None),
        (layers.Conv2D(2, 1), None),
        (layers.BatchNormalization(), None),
        (None, None),
    ],
)
def test_it_is_found_out_where_a_function_is_flat(function, where):
    found = flat(function)
    if where is None:
        assert found is None
    else:
        assert found.kind == where.kind
        assert found[:2] == pytest.approx(where[:2], abs=1e-3)
