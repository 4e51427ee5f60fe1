"""Layers within layers: each convolution is one entry, by path, and its kernel is what it answers to single pixels."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import filter_kernel
from filterviz_widget.model import read_model
from filterviz_widget.model.impulses import effective_kernel_of
from filterviz_widget.model.kernels import kernel_parts, read_kernel
from tests.model.within import Branches, Doubled, HoldsModel, Lists, LowRank, Standardized, WeightNorm, conv
from tests.networks import with_weights

SIZE = 12
IMAGES = np.random.default_rng(5).uniform(0, 1, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def everything():
    image = keras.Input((SIZE, SIZE, 3))
    x = WeightNorm(layers.Conv2D(4, 3, padding="same", activation="relu"), name="normalized")(conv("stem")(image))
    x = HoldsModel(name="holds")(Lists(name="lists")(Branches(name="branches")(LowRank(name="low_rank")(x))))
    doubled, spectral = Doubled(name="doubled"), layers.SpectralNormalization(conv("within"), name="spectral")
    x = layers.Flatten()(spectral(doubled(doubled(x))))
    x = layers.EinsumDense("ab,bc->ac", 5, name="update")(layers.Dense(6, name="codes")(x))
    model = with_weights(keras.Model(image, x))
    model(IMAGES, training=True)  # the spectral wrapper finds its kernel
    model.get_layer("codes").quantize("int8")
    model.get_layer("update").enable_lora(2)
    model.get_layer("update").lora_kernel_b.assign(np.ones((2, 5)))
    return model, read_model(model)


def test_each_convolution_is_one_entry_by_path(everything):
    _, view = everything
    assert [info.name for info in view.layers if info.kind == "convolution"] == [
        "stem",
        "normalized",
        "low_rank/conv",
        "branches/conv_a",
        "branches/conv_b",
        "branches/conv_c",
        *(f"lists/pair_{row}_{place}" for row in range(2) for place in range(2)),
        "lists/last",
        "holds/model/first",
        "holds/model/second",
        *(f"doubled{use}/conv{again}" for use in ("", ":1") for again in ("", ":1")),
        "spectral",
    ]
    assert [info.name for info in view.layers if info.kind == "units"] == ["codes", "update"]
    assert view.unsupported == ()


def test_what_they_compute_is_what_another_forward_pass_computes(everything):
    model, view = everything
    stem, normalized, low_rank, branches, lists = (
        model.get_layer(name) for name in ("stem", "normalized", "low_rank", "branches", "lists")
    )
    given = branches(low_rank(normalized(stem(IMAGES))))
    (first, second), (third, _) = lists.pairs
    expected = first(given)
    np.testing.assert_allclose(view.cut("lists/pair_0_0")(IMAGES), expected, rtol=1e-3, atol=1e-3)
    for one in (second, third):
        expected = one(keras.ops.leaky_relu(expected, 0.2))
    np.testing.assert_allclose(view.cut("lists/pair_1_0")(IMAGES), expected, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(view.cut("lists")(IMAGES), lists(given), rtol=1e-3, atol=1e-2)


def answers(layer, inputs, size):
    """What a layer answers to a single pixel of each input, without its bias: its kernel turned by 180 degrees."""
    middle, found = size, []
    for channel in range(inputs):
        image = np.zeros((1, 2 * size + 1, 2 * size + 1, inputs), np.float32)
        image[0, middle, middle, channel] = 1
        found.append(np.asarray(layer(image) - layer(0 * image))[0])
    reach = size // 2
    around = slice(middle - reach, middle + reach + 1)
    return np.stack(found, axis=2)[around, around][::-1, ::-1]


@pytest.mark.parametrize("name", ["low_rank", "holds", "spectral", "branches/conv_c", "lists/last", "doubled:1/conv:1"])
def test_a_kernel_is_the_answer_to_single_pixels(everything, name):
    model, view = everything
    layer = view.operation(name)
    size = 1 if name in ("branches/conv_c", "lists/last") else 3
    expected = answers(layer, 4, size)
    for filter in (0, 3):
        shown = filter_kernel(model, name, filter)
        np.testing.assert_allclose(shown.values, expected[..., filter], rtol=1e-3, atol=1e-4)


def test_a_wrapper_that_normalizes_weights_shows_what_it_computes_with(everything):
    model, _ = everything
    wrapper = model.get_layer("normalized")
    v, g = wrapper.v.numpy(), wrapper.g.numpy()
    expected = g * v / np.sqrt((v**2).sum((0, 1, 2)))
    np.testing.assert_allclose(filter_kernel(model, "normalized", 2).values, expected[..., 2], rtol=1e-3, atol=1e-5)
    (part,) = kernel_parts(wrapper)
    assert (part.filters, part.shape) == (4, (3, 3, 4, 4))
    before = wrapper.g.numpy()
    wrapper.g.assign(2 * before)
    np.testing.assert_allclose(read_kernel(part), 2 * expected, rtol=1e-3, atol=1e-5)  # as it is at the moment
    wrapper.g.assign(before)


def test_a_low_rank_update_of_ones_own_is_added(everything):
    model, _ = everything
    layer = model.get_layer("low_rank")
    expected = layer.conv.kernel.numpy() + layer.a.numpy() @ layer.b.numpy()
    np.testing.assert_allclose(read_kernel(kernel_parts(layer)[0]), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["codes", "update"])
def test_units_that_are_quantized_or_updated_show_the_weights_that_they_compute_with(everything, name):
    model, _ = everything
    layer = model.get_layer(name)
    count = layer.input_spec.axes[-1] if name == "codes" else 6
    eye = np.eye(count, dtype=np.float32)
    expected = np.asarray(layer(eye) - layer(0 * eye))
    shown = filter_kernel(model, name, 1).values
    np.testing.assert_allclose(shown.ravel(), expected[:, 1], rtol=2e-2, atol=2e-2 * np.abs(expected).max())


def test_a_convolution_with_a_kernel_of_its_own_making():
    layer = Standardized(4, 3, strides=2, dilation_rate=1, name="own")
    layer.build((None, SIZE, SIZE, 3))
    kernel = layer.kernel.numpy()
    expected = (kernel - kernel.mean()) / kernel.std()
    np.testing.assert_allclose(read_kernel(kernel_parts(layer)[0]), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("layer", [Branches(), Doubled()], ids=["with a rectifier", "with a tangent"])
def test_what_is_not_linear_has_no_kernel(layer):
    layer.build((None, SIZE, SIZE, 4))
    assert effective_kernel_of(layer) is None
    with pytest.raises(ValueError, match="has no kernel that can be shown"):
        kernel_parts(layer)


def test_what_is_another_at_every_position_has_no_kernel():
    class Places(layers.Layer):
        def build(self, shape):
            self.gain = self.add_weight(shape=(1, 1, 64, 1), initializer="random_normal")

        def call(self, x):
            return x * self.gain[:, :, : x.shape[2]]

    layer = Places()
    layer.build((None, SIZE, SIZE, 4))
    assert effective_kernel_of(layer) is None
