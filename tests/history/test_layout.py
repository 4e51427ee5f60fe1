"""Which layer is meant: two of one name, wrapped ones, and what cannot be drawn."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget import FilterHistory
from tests.history.networks import examples, small
from tests.model.within import LowRank, WeightNorm


def nested():
    """A network with "conv" around one with "conv", and their two layers."""
    keras.utils.set_random_seed(0)
    inner = layers.Conv2D(4, 3, activation="elu", name="conv")
    encoder = keras.Sequential([keras.Input((12, 12, 3)), inner], name="encoder")
    outer = layers.Conv2D(5, 3, activation="elu", name="conv")
    model = keras.Sequential(
        [keras.Input((12, 12, 3)), encoder, outer, layers.GlobalAveragePooling2D(), layers.Dense(3, name="classes")]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, outer, inner


def two_images():
    """The same two networks beside one another, each with an image of its own: it cannot be read as pictures."""
    keras.utils.set_random_seed(0)
    inner, outer = layers.Conv2D(4, 3, name="conv"), layers.Conv2D(5, 3, name="conv")
    encoder = keras.Sequential([keras.Input((12, 12, 3)), inner], name="encoder")
    one, two = keras.Input((12, 12, 3), name="one"), keras.Input((12, 12, 3), name="two")
    joined = [layers.GlobalAveragePooling2D()(maps) for maps in (encoder(one), outer(two))]
    model = keras.Model([one, two], layers.Dense(3, name="classes")(layers.Concatenate()(joined)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, outer, inner


def gradients_by_tape(model, x, y):
    """Of the loss as Keras computes it, by the id of the weight."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=False))
    found = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    return {id(weight): gradient.numpy() for weight, gradient in zip(model.trainable_weights, found, strict=True)}


@pytest.mark.parametrize("network", [nested, two_images])
@pytest.mark.parametrize("by", ["path", "layer"])
def test_two_layers_of_one_name_are_two(network, by):
    model, outer, inner = network()
    x, y = examples()
    x = [x, x[::-1]] if network is two_images else x
    named = {"path": ["conv", "encoder/conv"], "layer": [outer, inner]}[by]
    history = FilterHistory(probe=(x, y), layers=named, filters=[0, 4] if network is nested else (), iterations=2)
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    assert (history.error, history.layers) == ("", ("conv", "encoder/conv"))
    expected = gradients_by_tape(model, x, y)
    norms = history.layer_gradient_norms()
    for path, layer in (("conv", outer), ("encoder/conv", inner)):
        for name in (path, layer, history.layers.index(path)):
            np.testing.assert_array_equal(history.kernels(name)[-1], layer.get_weights()[0])
        kernel, bias = (expected[id(weight)] for weight in (layer.kernel, layer.bias))
        np.testing.assert_allclose(history.kernel_gradients(path)[-1], kernel, rtol=1e-4, atol=1e-6)
        assert norms[path][-1] == pytest.approx(np.sqrt((kernel**2).sum() + (bias**2).sum()), rel=1e-4)
    assert list(norms) == ["encoder/conv", "conv", "classes"]
    assert set(history.weights) == {f"{path}/{name}" for path in norms for name in ("kernel", "bias")}


def test_what_the_name_of_one_of_two_layers_means_is_said():
    model, outer, inner = nested()
    x, y = examples()
    history = FilterHistory(layers=["encoder/conv"], filters=())
    model.fit(x, y, callbacks=[history], verbose=0)
    # The end of a path will do where nothing else is called so; the other layer itself is another one.
    np.testing.assert_array_equal(history.kernels("conv")[-1], inner.get_weights()[0])
    np.testing.assert_array_equal(history.kernels(inner)[-1], inner.get_weights()[0])
    with pytest.raises(ValueError, match="No layer 'conv' was recorded"):
        history.kernels(outer)


def test_a_layer_of_the_same_model_loaded_anew_is_known_by_its_path(tmp_path):
    model, (x, y) = small(), examples()
    history = FilterHistory(layers=["second"], filters=())
    model.fit(x, y, callbacks=[history], verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    second = again.get_layer("second")
    np.testing.assert_array_equal(history.kernels(second)[-1], second.get_weights()[0])
    with pytest.raises(ValueError, match="No layer 'first' was recorded"):
        history.kernels(again.get_layer("first"))


def test_a_layer_that_is_used_twice_is_recorded_once_under_its_first_path():
    shared = layers.Conv2D(3, 3, padding="same", activation="elu", name="shared")
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(shared(shared(inputs))))
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = examples()
    history = FilterHistory(probe=(x, y), layers=[shared], filters=[1], iterations=2)
    model.fit(x, y, callbacks=[history], verbose=0)
    assert history.layers == ("shared",)
    assert list(history.layer_gradient_norms()) == ["shared"]


def test_weights_that_share_a_name_or_belong_to_the_model_itself_are_kept_apart():
    class Scaled(keras.Model):
        def __init__(self):
            super().__init__(name="scaled")
            self.conv = layers.Conv2D(4, 3, name="conv")

        def build(self, shape):
            self.one = self.add_weight(shape=(), initializer="ones", name="scale")
            self.two = self.add_weight(shape=(), initializer="ones", name="scale")
            self.conv.build(shape)

        def call(self, x):
            return keras.ops.mean(self.conv(x) * self.one * self.one * self.two, axis=(1, 2))

    model, (x, y) = Scaled(), examples()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = FilterHistory(probe=(x, y), filters=())
    model.fit(x, y, callbacks=[history], verbose=0)
    assert history.weights == ("scale", "scale#2", "conv/kernel", "conv/bias")
    expected = gradients_by_tape(model, x, y)
    np.testing.assert_allclose(history.gradients[-1][0], expected[id(model.one)], rtol=1e-4)
    own = [float(expected[id(weight)]) for weight in (model.one, model.two)]
    assert own[0] == pytest.approx(2 * own[1], rel=0.1)
    assert history.layer_gradient_norms()[""][-1] == pytest.approx(np.hypot(*own), rel=1e-4)


def test_the_kernel_of_a_wrapped_convolution_is_recorded_once():
    wrapped = layers.SpectralNormalization(layers.Conv2D(4, 3, name="inside"), name="wrapper")
    model = keras.Sequential([keras.Input((12, 12, 3)), wrapped, layers.GlobalAveragePooling2D(), layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = examples()
    history = FilterHistory(probe=(x, y), filters=[1], iterations=2)
    model.fit(x, y, callbacks=[history], verbose=0)
    assert history.layers == ("wrapper",)
    np.testing.assert_array_equal(history.kernels("wrapper")[-1], wrapped.layer.kernel.numpy())
    assert history.pictures("wrapper").shape[:2] == (2, 1)


def test_a_layer_beside_the_image_is_recorded_without_pictures_and_that_is_said():
    image, table = keras.Input((12, 12, 3), name="image"), keras.Input((5,), name="table")
    maps = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(image))
    joined = layers.Concatenate()([maps, layers.Dense(6, name="beside")(table)])
    model = keras.Model([image, table], layers.Dense(3)(joined))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = examples()
    data = {"image": x, "table": np.ones((10, 5), np.float32)}
    history = FilterHistory(probe=(data, y), layers=["conv", "beside"], filters=[0, 3], iterations=2)
    with pytest.warns(RuntimeWarning, match="no pictures of some layers. 'beside': its output does not depend"):
        model.fit(data, y, callbacks=[history], verbose=0)
    assert (history.filters("conv"), history.filters("beside")) == ((0, 3), ())
    assert history.kernels("beside").shape == (2, 1, 1, 5, 6)
    assert history.pictures("conv").shape[:2] == (2, 2)
    with pytest.raises(ValueError, match=r"No pictures of the layer 'beside' were recorded\. 'beside': its"):
        history.pictures("beside")


def test_all_convolutions_are_also_those_of_another_image():
    model, outer, inner = two_images()
    x, y = examples()
    history = FilterHistory(filters=[0], input="two", iterations=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit([x, x], y, callbacks=[history], verbose=0)
    assert set(history.layers) == {"conv", "encoder/conv"}
    assert (history.filters("conv"), history.filters("encoder/conv")) == ((0,), ())
    np.testing.assert_array_equal(history.kernels("encoder/conv")[-1], inner.get_weights()[0])
    np.testing.assert_array_equal(history.kernels("conv")[-1], outer.get_weights()[0])


def test_the_kernel_that_is_recorded_is_the_one_that_the_layer_computes_with():
    model, (x, y) = small(compiled=False), examples()
    layer = model.get_layer("classes")
    layer.enable_lora(2)
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    history = FilterHistory(probe=(x, y), layers=["classes"], filters=())
    model.fit(x, y, epochs=2, callbacks=[history], verbose=0)
    kernels = history.kernels("classes")
    update = layer.lora_kernel_a.numpy() @ layer.lora_kernel_b.numpy()
    assert np.abs(update).max() > 0
    np.testing.assert_allclose(kernels[-1, 0, 0], layer._kernel.numpy() + update, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(kernels[0, 0, 0], layer._kernel.numpy())


def test_filters_that_some_convolutions_lack_are_left_out_of_those():
    model, (x, y) = small(), examples()
    history = FilterHistory(filters=[4], iterations=2)
    model.fit(x, y, callbacks=[history], verbose=0)
    assert history.error == ""
    assert (history.filters("first"), history.filters("second")) == ((), (4,))
    strict = FilterHistory(filters=[5], iterations=2, strict=True)
    with pytest.raises(ValueError, match="'second' has 5 filters, from 0; none of \\[5\\]"):
        model.fit(x, y, callbacks=[strict], verbose=0)


def test_the_kernel_of_a_wrapper_of_ones_own_is_recorded_as_it_computes():
    image = keras.Input((8, 8, 4))
    x = LowRank(name="low_rank")(WeightNorm(layers.Conv2D(4, 3, padding="same"), name="normalized")(image))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(x))
    model.compile("sgd", "mse")
    history = FilterHistory(layers=["normalized", "low_rank", "low_rank/conv"], filters=[])
    data = np.random.default_rng(1).normal(size=(4, 8, 8, 4)).astype(np.float32)
    model.fit(data, np.ones((4, 4)), epochs=1, verbose=0, callbacks=[history])
    wrapper, updated = model.get_layer("normalized"), model.get_layer("low_rank")
    v, g = wrapper.v.numpy(), wrapper.g.numpy()
    expected = g * v / np.sqrt((v**2).sum((0, 1, 2)))
    np.testing.assert_allclose(history.kernels("normalized")[-1], expected, rtol=1e-3, atol=1e-5)
    base = updated.conv.kernel.numpy()
    np.testing.assert_allclose(history.kernels("low_rank/conv")[-1], base, rtol=1e-6)
    whole = base + updated.a.numpy() @ updated.b.numpy()
    np.testing.assert_allclose(history.kernels("low_rank")[-1], whole, rtol=1e-3, atol=1e-5)
    assert len(history.kernels("normalized")) == 2  # before training, and after the epoch
