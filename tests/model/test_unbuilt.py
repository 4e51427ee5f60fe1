"""What is not built when a model is read stays so and stands in nobody's way, and the view tells when that changes."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.fingerprint import fingerprint
from filterviz_widget.model.keras_private import flat_layers

IMAGES = np.random.default_rng(2).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)


def prelu(**options):
    return layers.PReLU(alpha_initializer=keras.initializers.RandomUniform(0.1, 0.9), **options)


@keras.saving.register_keras_serializable("filterviz-tests")
class Slope(layers.Layer):
    """An activation of one's own, with a weight."""

    def build(self, shape):
        self.slope = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x):
        return x * (self.slope + 1)


class Late(layers.Layer):
    """A block that tells its shape, so that Keras does not trace it. Its convolution has a layer as activation."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(4, 3, activation=prelu(), name="conv")

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        return ops.tanh(self.conv(x))

    def compute_output_shape(self, shape):
        return self.conv.compute_output_shape(shape)


def sequential(*inner):
    return keras.Sequential([keras.Input((8, 8, 3)), *inner], name="mine")


FRESH = {
    "a convolution": (lambda: sequential(layers.Conv2D(4, 3, activation=prelu(), name="c")), "c"),
    "shared axes": (lambda: sequential(layers.Conv2D(4, 3, activation=prelu(shared_axes=[1, 2]), name="c")), "c"),
    "a transposed one": (lambda: sequential(layers.Conv2DTranspose(4, 3, activation=prelu(), name="c")), "c"),
    "units": (lambda: sequential(layers.Flatten(), layers.Dense(4, activation=prelu(), name="c")), "c"),
    "an Activation layer": (lambda: sequential(layers.Conv2D(4, 3), layers.Activation(prelu(), name="c")), "c"),
    "an activation within one": (
        lambda: sequential(layers.Conv2D(4, 3, activation=layers.Activation(prelu()), name="c")),
        "c",
    ),
    "wrapped": (
        lambda: sequential(layers.SpectralNormalization(layers.Conv2D(4, 3, activation=prelu()), name="c")),
        "c",
    ),
    "a layer of one's own": (lambda: sequential(layers.Conv2D(4, 3, activation=Slope(), name="c")), "c"),
    "in a block": (lambda: sequential(Late(name="late")), "late/conv"),
}


def next_number():
    """Of Keras' automatic names."""
    return int(layers.Dense(1).name.removeprefix("dense").removeprefix("_") or 0)


def state(model):
    return (
        [(variable.path, np.asarray(variable).tolist()) for variable in model.variables],
        [(layer.name, layer.built, sorted(vars(layer))) for layer in flat_layers(model)],
    )


@pytest.mark.parametrize("kind", FRESH)
def test_an_activation_that_is_not_built_is_stood_in_for_by_its_initial_values(kind):
    make, name = FRESH[kind]
    keras.utils.set_random_seed(3)
    model = make()
    number = next_number()
    before, generators = state(model), (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    view = read_model(model)
    shown = np.asarray(tf.function(view.cut(name))(IMAGES))
    assert state(model) == before
    assert (random.getstate(), np.random.get_state()[1].tolist()) == generators  # noqa: NPY002
    assert next_number() == number + 1
    made_of = fingerprint(model)
    expected = model(IMAGES)  # builds it now
    # A block ends with tanh, its convolution before.
    np.testing.assert_allclose(np.tanh(shown) if "/" in name else shown, expected, rtol=1e-4, atol=1e-5)
    assert fingerprint(model) != made_of, "it must be read anew"
    assert len(model.variables) == len(before[0]) + 1
    model.variables[-1].assign(model.variables[-1] + 2.0)
    again = np.asarray(read_model(model).cut(name)(IMAGES))
    np.testing.assert_allclose(np.tanh(again) if "/" in name else again, model(IMAGES), rtol=1e-4, atol=1e-5)
    assert np.abs(again - shown).max() > 0.1


def test_a_fresh_model_trains_after_it_was_looked_at_as_it_would_have_without():
    def trained(look):
        keras.utils.set_random_seed(4)
        model = sequential(layers.Conv2D(4, 3, activation=prelu(), name="c"), layers.Flatten(), layers.Dense(1))
        model.compile(keras.optimizers.SGD(0.1), "mse")
        if look:
            view = read_model(model)
            tf.function(view.cut("c"))(IMAGES)
            assert view.pre_activation("c") is not None
        model.fit(IMAGES, np.ones((2, 1)), epochs=2, shuffle=False, verbose=0)
        return model.get_weights()

    for one, other in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(one, other)


class WithSpareLayers(keras.Model):
    """Holds a head for training, a leftover with weights and one without, and a whole unused branch."""

    def __init__(self):
        super().__init__(name="mine")
        self.conv = layers.Conv2D(4, 3, name="conv")
        self.head, self.leftover, self.idle = layers.Dense(2), layers.Conv2D(1, 3), layers.ReLU()
        self.branch = keras.Sequential([layers.Conv2D(2, 3)])

    def call(self, x, training=False):
        x = self.conv(x)
        return (x, self.head(x)) if training else x


def test_layers_that_inference_does_not_reach_need_not_be_built_and_stay_so():
    model = WithSpareLayers()
    model(IMAGES)
    before = state(model)
    view = read_model(model)
    np.testing.assert_allclose(tf.function(view.cut("conv"))(IMAGES), model(IMAGES), atol=1e-6)
    assert state(model) == before
    assert not model.head.built
    assert [info.name for info in view.layers] == ["conv"]
    made_of = fingerprint(model)
    model(IMAGES)
    assert fingerprint(model) == made_of
    model(IMAGES, training=True)
    assert fingerprint(model) != made_of


class Plain(layers.Layer):
    def call(self, x):
        return ops.relu(x)


class MarkedAsBuilt(keras.Model):
    """Says that it is built, and was never called."""

    def __init__(self, inner):
        super().__init__(name="mine")
        self.inner, self.plain = inner, Plain(name="plain")

    def build(self, shape):
        pass

    def call(self, x):
        return self.inner(self.plain(x))


@pytest.mark.parametrize(
    ("inner", "named"),
    [
        (lambda: layers.Conv2D(2, 3, name="conv"), "conv"),
        (lambda: Late(name="late"), "late"),
        (lambda: keras.Sequential([layers.Conv2D(2, 3, name="deep")], name="branch"), "branch"),
    ],
)
def test_a_layer_that_is_reached_and_not_built_is_named_and_not_built(inner, named):
    model = MarkedAsBuilt(inner())
    model.build((None, 8, 8, 3))
    before = state(model)
    with pytest.raises(
        ValueError, match=rf"Its layer '{named}' is not built: call the model on a batch of images first"
    ):
        read_model(model)
    assert state(model) == before
    model(IMAGES)
    assert read_model(model).layers


class BuiltByItsCall(layers.Layer):
    """Tells its shape, and makes its inner layer's weights only when it is called on numbers."""

    def __init__(self, **options):
        super().__init__(**options)
        self.mix = layers.Dense(4, name="mix")

    def build(self, shape):
        pass

    def call(self, x):
        return self.mix(x)

    def compute_output_shape(self, shape):
        return shape


def test_a_part_that_is_built_by_the_first_call_only_is_named_when_it_is_reached():
    model = sequential(
        layers.Conv2D(4, 3, name="before"), BuiltByItsCall(name="late"), layers.Conv2D(4, 3, name="after")
    )
    before, made_of = state(model), fingerprint(model)
    view = read_model(model)
    assert view.cut("before")(IMAGES).shape == (2, 6, 6, 4)
    for features in (view.cut("after"), tf.function(view.cut("after"))):
        with pytest.raises(ValueError, match=r"'mix' is not built.*Call the model once on a batch of images"):
            features(IMAGES)
    assert state(model) == before
    expected = model(IMAGES)
    assert fingerprint(model) != made_of
    np.testing.assert_allclose(read_model(model).cut("after")(IMAGES), expected, atol=1e-5)
