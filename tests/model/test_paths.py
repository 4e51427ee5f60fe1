"""Which layer is meant: by path, by a name that only one has, by itself; and what its weights are called."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model import read_model
from filterviz_widget.model.kernels import layers_with_kernels
from filterviz_widget.model.paths import layer_at, layers_by_path, path_of, weight_names
from tests.model.networks import CASES, Block, conv


def encoder(name="encoder"):
    return keras.Sequential([keras.Input((8, 8, 3)), conv(4, "conv2d"), conv(5, "conv2d_1")], name=name)


def classifier():
    inner = encoder()
    return keras.Sequential([keras.Input((8, 8, 3)), inner, conv(6, "conv2d"), layers.Flatten(name="flat")]), inner


def test_a_path_says_which_of_two_layers_of_one_name():
    model, inner = classifier()
    assert layer_at(model, "conv2d") is model.get_layer("conv2d")
    assert layer_at(model, "encoder/conv2d") is inner.get_layer("conv2d")
    assert layer_at(model, "encoder") is inner
    found = layers_by_path(model)
    for layer in (inner, *inner.layers, *model.layers):
        assert found[path_of(found, layer)] is layer
    assert path_of(found, layers.Flatten()) is None


def test_a_layers_own_name_will_do_where_no_other_has_it_and_is_refused_where_several_do():
    model, inner = classifier()
    assert layer_at(model, "conv2d_1") is inner.get_layer("conv2d_1")
    twice = keras.Sequential([keras.Input((8, 8, 3)), encoder("one"), conv(3, "middle"), encoder("two")], name="mine")
    with pytest.raises(ValueError, match=r"'mine' has 2 layers 'conv2d_1': 'one/conv2d_1', 'two/conv2d_1'\."):
        layer_at(twice, "conv2d_1")
    for wanted, said in (("conv3d", "Did you mean 'conv2d'"), ("xyz", r"It has .*'encoder/conv2d_1'.*'flat'")):
        with pytest.raises(ValueError, match=rf"has no layer '{wanted}'.*{said}"):
            layer_at(model, wanted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_paths_are_those_that_a_view_lists(case):
    case = case()
    found, view = layers_by_path(case.model), read_model(case.model, **case.options)
    for info in view.layers:
        assert type(found[info.name]).__name__ == info.class_name
        assert layer_at(case.model, info.name) is found[info.name]
    assert {id(layer) for layer in found.values()} == {id(layer) for layer in case.model._flatten_layers(False)}
    assert layers_by_path(case.model, view.graph) == found


class Adversarial(keras.Model):
    """Two models as attributes, and no call."""

    def __init__(self):
        super().__init__(name="adversarial")
        self.generator = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2DTranspose(3, 3, name="conv")], name="g")
        self.critics = [encoder("critic_a"), encoder("critic_b")]


class SameNames(keras.Model):
    """Keras refuses two layers of one name side by side in its own models, but not in a subclass."""

    def __init__(self):
        super().__init__(name="same_names")
        self.first, self.second = conv(4, "conv"), conv(5, "conv")

    def call(self, x):
        return self.first(self.second(x))  # not in the order of the attributes


def two_images():
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    shared = encoder()
    both = layers.Concatenate(name="both")([shared(left), shared(right)])
    return keras.Model([left, right], conv(2, "conv2d")(both), name="two_images")


def unbuilt():
    return keras.Sequential([keras.Sequential([conv(4, "conv")], name="inner"), conv(3, "conv")], name="unbuilt")


def test_models_that_cannot_be_read_as_pictures_have_paths_too():
    gan = Adversarial()
    assert {"g", "g/conv", "critic_a/conv2d", "critic_b/conv2d_1"} < set(layers_by_path(gan))
    assert layer_at(gan, "critic_b/conv2d") is gan.critics[1].get_layer("conv2d")
    assert layer_at(gan, "conv") is gan.generator.layers[0]
    with pytest.raises(ValueError, match="2 layers 'conv2d'"):
        layer_at(gan, "conv2d")
    two = two_images()
    assert layer_at(two, "conv2d") is two.layers[-1]
    assert layer_at(two, "encoder/conv2d") is layer_at(two, "encoder:1/conv2d") is two.get_layer("encoder").layers[0]
    fresh = unbuilt()
    assert layer_at(fresh, "conv") is fresh.layers[1]
    assert layer_at(fresh, "inner/conv") is fresh.layers[0].layers[0]
    assert not fresh.built


def test_two_layers_of_one_name_side_by_side_are_told_apart_in_the_order_of_their_calls():
    model = SameNames()
    fresh = layers_by_path(model)
    assert [fresh["conv"], fresh["conv:1"]] == [model.first, model.second]  # what holds them is all that is known
    model(np.zeros((1, 8, 8, 3), np.float32))
    assert [layer_at(model, "conv"), layer_at(model, "conv:1")] == [model.second, model.first]
    view = read_model(model)
    assert [(info.name, info.filters) for info in view.layers] == [("conv", 5), ("conv:1", 4)]


def test_a_wrapper_and_what_it_wraps_are_two_layers_and_one_kernel():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.SpectralNormalization(conv(4, "inner"), name="wrapped"),
            Block(3, name="block"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, name="dense"),
        ]
    )
    found = layers_by_path(model)
    assert layer_at(model, "wrapped/inner") is layer_at(model, "inner") is model.get_layer("wrapped").layer
    assert list(layers_with_kernels(found)) == ["wrapped", "block/conv", "dense"]


def named(model):
    names = weight_names(model)
    assert len(set(names.values())) == len(model.weights)
    return {names[id(weight)]: weight for weight in model.weights}


def test_weights_are_named_by_the_layer_that_holds_them():
    model, inner = classifier()
    names = named(model)
    assert list(names) == [
        f"{layer}/{weight}"
        for layer in ("encoder/conv2d", "encoder/conv2d_1", "conv2d")
        for weight in ("kernel", "bias")
    ]
    assert names["encoder/conv2d/kernel"] is inner.get_layer("conv2d").kernel
    assert names["conv2d/kernel"] is model.get_layer("conv2d").kernel
    assert named(Adversarial())["critic_b/conv2d/bias"].shape == (4,)


def test_weights_of_flat_models_are_named_as_ever():
    image = keras.Input((8, 8, 3))
    x = layers.SpectralNormalization(conv(4, "inner"), name="wrapped")(image)
    x = layers.Reshape((64, 4))(Block(4, name="block")(x))
    x = layers.MultiHeadAttention(2, 3, name="heads")(x, x)
    flat = keras.Model(image, layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")(x))
    expected = {
        *("wrapped/inner/kernel", "wrapped/inner/bias", "wrapped/vector_u", "block/conv/kernel", "block/norm/gamma"),
        *("heads/query/kernel", "heads/attention_output/bias", "both/forward_lstm/lstm_cell/recurrent_kernel"),
    }
    assert expected < set(named(flat))
    sequential = keras.Sequential([keras.Input((8, 8, 3)), conv(4, "first"), layers.BatchNormalization(name="norm")])
    assert list(named(sequential)) == [
        *("first/kernel", "first/bias", "norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance"),
    ]
    # Cut from another model, in whose scope it was built.
    cut = keras.Model(sequential.inputs, layers.Flatten()(sequential.layers[0].output))
    assert [name.removeprefix(f"{sequential.name}/") for name in named(cut)] == ["first/kernel", "first/bias"]


class WithGamma(keras.Model):
    def __init__(self):
        super().__init__(name="mine")
        self.gamma = self.add_weight(shape=(3,), name="gamma")
        self.conv = conv(2, "conv")

    def call(self, x):
        return self.conv(x * self.gamma)


def test_a_models_own_weights_and_weights_of_one_name_have_names():
    model = WithGamma()
    model(np.zeros((1, 8, 8, 3), np.float32))
    assert set(named(model)) == {"gamma", "conv/kernel", "conv/bias"}
    model = SameNames()
    model(np.zeros((1, 8, 8, 3), np.float32))
    names = named(model)
    assert names["conv/kernel"] is model.second.kernel
    assert names["conv:1/kernel"] is model.first.kernel
