"""What is listed: wrapped convolutions as convolutions, units before their activation, and nothing vanishes."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.opening import Opening
from filterviz_widget.model.saturating import saturating
from tests.model.networks import with_weights
from tests.twin.networks import slope

IMAGES = np.random.default_rng(4).uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)


def sequential(*inner):
    return with_weights(keras.Sequential([keras.Input((8, 8, 3)), *inner], name="mine"))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (layers.Conv2D(4, 3, activation="relu"), "Conv2D"),
        (layers.Conv2DTranspose(4, 3, activation="relu"), "Conv2DTranspose"),
        (layers.SeparableConv2D(4, 3, activation="relu"), "SeparableConv2D"),
        (layers.DepthwiseConv2D(3, activation="relu"), "DepthwiseConv2D"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrapped_convolution_is_listed_and_cut_as_one(layer, name):
    class Own(layers.Wrapper):
        def call(self, x):
            return self.layer(x)

    is_separable = name == "SeparableConv2D"  # Keras' wrapper needs a layer with a kernel
    wrapped = Own(layer, name="w") if is_separable else layers.SpectralNormalization(layer, name="w")
    model = sequential(wrapped)
    view = read_model(model)
    (info,) = view.layers
    assert (info.kind, info.recommended, info.name) == ("convolution", True, "w")
    assert info.class_name == f"{'Own' if is_separable else 'SpectralNormalization'}({name})"
    assert view.unsupported == ()
    np.testing.assert_allclose(view.cut("w")(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-5)
    before = view.pre_activation("w")(IMAGES)
    np.testing.assert_allclose(ops.relu(before), model(IMAGES), rtol=1e-5, atol=1e-5)
    assert np.min(before) < -0.01
    assert layer.activation is keras.activations.relu


def test_a_wrapped_convolution_whose_relu_is_shut_is_opened_like_one_that_is_not():
    shut = layers.Conv2D(2, 3, bias_initializer=keras.initializers.Constant(-100.0), activation="relu")
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.SpectralNormalization(shut, name="w")])
    view, given = read_model(model), tf.constant(IMAGES)
    for opens in (False, True):
        features = functools.partial(view.cut("w"), opening=Opening(tf.constant([opens])))
        assert (np.abs(slope(features, given)).max() > 0) == opens


class OwnSoftmax(layers.Layer):
    def call(self, x):
        return tf.exp(x) / tf.reduce_sum(tf.exp(x), axis=-1, keepdims=True)


def by_hand(x):
    return 1 / (1 + tf.exp(-x))


SPELLINGS = {
    "softmax": "softmax",
    "tf.nn.softmax": tf.nn.softmax,
    "keras.ops.softmax": ops.softmax,
    "Softmax()": layers.Softmax(),
    "Activation('softmax')": layers.Activation("softmax"),
    "a layer of one's own: softmax": OwnSoftmax(),
    "a lambda: softmax": lambda x: tf.nn.softmax(x, axis=-1),
    "a partial: softmax": functools.partial(keras.activations.softmax, axis=-1),
    "with a temperature: softmax": lambda x: tf.nn.softmax(x / 5),
    "sigmoid": "sigmoid",
    "tf.nn.sigmoid": tf.nn.sigmoid,
    "tf.sigmoid": tf.sigmoid,
    "keras.ops.sigmoid": ops.sigmoid,
    "by hand: sigmoid": by_hand,
    "Activation(tf.sigmoid)": layers.Activation(tf.sigmoid),
    "log_softmax": "log_softmax",
    "tf.nn.log_softmax": tf.nn.log_softmax,
    "hard_sigmoid": "hard_sigmoid",
    "sparsemax": "sparsemax",
}


def plain_name(spelling):
    plain = next(name for name in ("softmax", "sigmoid", "sparsemax") if name in spelling.lower())
    return next((f"{kind} {plain}" for kind in ("log", "hard") if f"{kind}_" in spelling), plain)


@pytest.mark.parametrize("is_wrapped", [False, True], ids=["plain", "wrapped"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_units_are_shown_before_a_softmax_or_sigmoid_of_any_spelling(spelling, is_wrapped):
    dense = layers.Dense(4, activation=SPELLINGS[spelling], name="units")
    model = sequential(layers.Flatten(), layers.SpectralNormalization(dense, name="units") if is_wrapped else dense)
    model(IMAGES)
    view = read_model(model)
    (info,) = view.layers
    assert (info.kind, info.note) == ("units", f"before the {plain_name(spelling)}")
    logits = IMAGES.reshape(2, -1) @ dense.kernel.numpy() + dense.bias.numpy()
    np.testing.assert_allclose(view.cut("units")(IMAGES), logits, rtol=1e-4, atol=1e-4)
    assert view.pre_activation("units") is None


@pytest.mark.parametrize(
    "activation",
    [
        *(None, "linear", "relu", "tanh", "softplus", "swish", tf.nn.tanh, tf.identity, lambda x: x / tf.reduce_max(x)),
        *(layers.LeakyReLU(), lambda x: 1 / 0, lambda x: tf.nn.softmax(x)[:, :2], lambda x: tf.nn.softmax(-x)),
    ],
)
def test_other_activations_are_left_as_they_are(activation):
    dense = layers.Dense(4, activation=activation)
    dense.build((None, 5))
    assert saturating(dense) == ""


def test_an_activation_that_is_not_built_is_not_built_by_looking_at_it():
    dense = layers.Dense(4, activation=layers.PReLU(), name="units")
    assert read_model(sequential(layers.Flatten(), dense)).layers[0].note == ""
    assert not dense.activation.built


class Head(layers.Layer):
    """A block that ends with units."""

    def __init__(self, **options):
        super().__init__(**options)
        self.flat, self.dense = layers.Flatten(), layers.Dense(4, activation=tf.nn.softmax, name="dense")

    def build(self, shape):
        self.dense.build((None, int(np.prod(shape[1:]))))

    def call(self, x):
        return self.dense(self.flat(x))


class OwnDense(layers.Layer):
    """Units without a layer of Keras."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 4))

    def call(self, x):
        return tf.matmul(x, self.w)


def test_units_are_found_in_heads_and_in_layers_of_ones_own():
    model = sequential(Head(name="head"))
    view = read_model(model)
    assert [(info.name, info.kind, info.note) for info in view.layers] == [
        ("head/dense", "units", "before the softmax"),
        ("head", "units", ""),
    ]
    np.testing.assert_allclose(tf.nn.softmax(view.cut("head/dense")(IMAGES)), model(IMAGES), rtol=1e-4)
    model = sequential(layers.Flatten(), OwnDense(name="own"), layers.BatchNormalization(name="norm"))
    view = read_model(model)
    assert [(info.name, info.kind, info.filters) for info in view.layers] == [("own", "units", 4)]
    einsum = layers.EinsumDense("ab,bc->ac", 4, bias_axes="c", activation="sigmoid", name="einsum")
    (info,) = read_model(sequential(layers.Flatten(), einsum)).layers
    assert (info.kind, info.note) == ("units", "before the sigmoid")


class TwoOutputs(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(4, 3, name="conv")

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        x = self.conv(x)
        return [x, ops.mean(x, axis=(1, 2))]


def everything():
    """Layers of every kind that a person might look for and that has no picture."""
    image = keras.Input((8, 8, 3))
    x, _ = TwoOutputs(name="two")(image)
    tokens = layers.Dense(6, name="embed")(layers.Reshape((36, 4))(x))
    tokens = layers.LayerNormalization(name="norm")(tokens)
    heads = layers.MultiHeadAttention(2, 3, name="heads")(tokens, tokens)
    rows = layers.Conv1D(2, 3, name="rows")(layers.Dropout(0.1)(tokens))
    cubes = layers.Conv3D(2, 3, name="cubes")(layers.Reshape((6, 6, 4, 1))(x))
    clip = layers.Reshape((4, 3, 3, 4))(x)
    frames = layers.TimeDistributed(layers.Conv2D(2, 2), name="frames")(clip)
    moving = layers.ConvLSTM2D(2, 2, return_sequences=True, name="moving")(clip)
    last = layers.ConvLSTM2D(2, 2, name="last")(clip)
    read = layers.Bidirectional(layers.LSTM(2), name="read")(tokens)
    _, state = layers.GRU(3, return_state=True, name="gru")(tokens)
    return keras.Model(image, [heads, rows, cubes, frames, moving, last, read, state])


def test_no_layer_that_a_person_might_look_for_vanishes_without_a_word():
    view = read_model(everything())
    shown = {info.name: (info.kind, info.shape, info.fold and info.fold.kind) for info in view.layers}
    assert shown == {
        "two/conv": ("convolution", (6, 6, 4), None),
        "embed": ("other", (6, 6, 6), "tokens"),
        "norm": ("other", (6, 6, 6), "tokens"),
        "heads": ("other", (6, 6, 6), "tokens"),
        "rows": ("convolution", (1, 34, 2), "signal"),
        "cubes": ("convolution", (16, 2, 2), "slices"),
        "frames": ("convolution", (8, 2, 2), "slices"),
        "moving": ("convolution", (8, 2, 2), "slices"),
        "last": ("convolution", (2, 2, 2), None),
    }
    assert dict(view.unsupported) == {
        "two": "TwoOutputs has 2 outputs; only layers with one can be shown.",
        "gru": "GRU has 2 outputs; only layers with one can be shown.",
    }
    with pytest.raises(ValueError, match=r"The layer 'gru' cannot be shown: GRU has 2 outputs"):
        view.cut("gru")


def test_a_model_of_layers_without_a_picture_says_of_some_why():
    image = keras.Input((8, 8, 3))
    x = layers.Reshape((48, 4))(image)  # places and channels mixed up
    for number in range(5):
        x = layers.Dense(4, name=f"dense_{number}")(x)
    with pytest.raises(ValueError, match=r"'dense_0': Dense gives .* 'dense_2': Dense gives [^']* And 2 more\."):
        read_model(keras.Model(image, x))
