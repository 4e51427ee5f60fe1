"""What a twin folds and lays out anew, what it leaves alone, and that it touches nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.description.method import CLASSIC
from filterviz_widget.model import read_model
from filterviz_widget.twin import Twin, Weights
from tests.twin.networks import CONVOLUTIONS, SIZE, sequential, with_statistics


def images(batch=2):
    return tf.constant(np.random.default_rng(0).uniform(0, 1, (batch, SIZE, SIZE, 3)), tf.float32)


def operations(function):
    """The types of the TensorFlow operations that a function becomes."""
    graph = tf.function(function, autograph=False).get_concrete_function(images()).graph
    return [operation.type for operation in graph.get_operations()]


def assert_equal(twin, model, layer):
    expected = keras.Model(model.inputs, model.get_layer(layer).output)(images(), training=False)
    np.testing.assert_allclose(twin(images()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False, "epsilon": 0.1}])
def test_convolutions_with_normalization_after_them_are_computed_exactly(kind, options):
    model = sequential(CONVOLUTIONS[kind](), layers.BatchNormalization(name="normalization", **options))
    view = read_model(model)
    for layer in ("conv", "normalization", "relu", "last"):
        assert_equal(Twin(view, layer), model, layer)


def test_a_folded_normalization_leaves_no_operation_and_grouped_convolutions_do_without_xla():
    model = sequential(layers.Conv2D(6, 3, groups=3, name="conv"), layers.BatchNormalization(name="normalization"))
    kinds = operations(Twin(read_model(model), "normalization"))
    assert "DepthwiseConv2dNative" in kinds
    assert not {"Rsqrt", "Mul", "PartitionedCall", "StatefulPartitionedCall"} & set(kinds)


def test_a_convolution_that_is_seen_elsewhere_too_is_not_folded():
    keras.utils.set_random_seed(2)
    image = keras.Input((SIZE, SIZE, 3))
    conv = layers.Conv2D(4, 3, name="conv")(image)
    normalized = layers.BatchNormalization(name="normalization")(conv)
    model = with_statistics(keras.Model(image, layers.Add(name="sum")([conv, normalized])))
    assert_equal(Twin(read_model(model), "sum"), model, "sum")


def test_a_convolution_used_twice_is_folded_where_a_normalization_follows_only():
    keras.utils.set_random_seed(2)
    image = keras.Input((SIZE, SIZE, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    normalization = layers.BatchNormalization(name="normalization")
    other = layers.BatchNormalization(name="other")
    x = layers.ReLU()(normalization(shared(image)))
    x = layers.ReLU(name="second")(shared(x))
    model = with_statistics(keras.Model(image, other(shared(x))))
    view = read_model(model)
    for layer in ("normalization", "second", "other"):
        assert_equal(Twin(view, layer, weights=Weights()), model, layer)


def test_nested_models_are_folded_inside_and_may_be_cut_inside_in_one_of_two_uses():
    keras.utils.set_random_seed(2)
    block = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(3, 3, padding="same", name="conv"),
            layers.BatchNormalization(name="normalization"),
        ],
        name="block",
    )
    image = keras.Input((SIZE, SIZE, 3))
    model = with_statistics(keras.Model(image, block(layers.ReLU()(block(image)))))
    view = read_model(model)
    kinds = operations(Twin(view, "block:1/normalization"))
    assert "Rsqrt" not in kinds
    before = keras.activations.relu(block(images(), training=False))
    conv = block.get_layer("conv")(before)
    np.testing.assert_allclose(Twin(view, "block:1/conv")(images()), conv, rtol=1e-4, atol=1e-5)
    expected = block(before, training=False)
    np.testing.assert_allclose(Twin(view, "block:1/normalization")(images()), expected, rtol=1e-4, atol=1e-5)


class Doubled(layers.Conv2D):
    """A user's own convolution: what it does is not what a Conv2D does."""

    def call(self, inputs):
        assert inputs.dtype == tf.float32, "a layer gets the dtype that it was made for"
        return 2 * super().call(inputs)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_layer_that_is_not_understood_is_called_as_it_is(precision):
    model = sequential(
        layers.Conv2D(4, 3, padding="same"),
        Doubled(6, 3, name="own"),
        layers.LayerNormalization(),
        layers.Lambda(lambda x: x + 1, name="lambda"),
        layers.Conv2D(4, 3, dtype="float64", name="precise"),
    )
    twin = Twin(read_model(model), "last", precision=precision)
    expected = keras.Model(model.inputs, model.outputs)(images(), training=False)
    tolerance = 1e-5 if precision == "float32" else 2e-2
    np.testing.assert_allclose(twin(images()), expected, atol=tolerance * np.abs(expected).max())


def test_new_weights_show_after_a_refresh_without_a_retrace():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    twin = Twin(read_model(model), "last")
    traces = []

    @tf.function(autograph=False)
    def features(images):
        traces.append(1)
        return twin(images)

    features(images())
    model.compile("sgd", "mse")
    model.fit(images(), tf.zeros(model.output_shape[1:])[tf.newaxis].numpy().repeat(2, 0), verbose=0)
    with_statistics(model, seed=9)
    twin.refresh()
    expected = model(images(), training=False)
    np.testing.assert_allclose(features(images()), expected, rtol=1e-4, atol=1e-5)
    assert len(traces) == 1


def test_the_model_and_keras_settings_are_as_they_were():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    model.compile("adam", "mse")
    before = [weight.copy() for weight in model.get_weights()]
    config, policy = model.get_config(), keras.config.dtype_policy().name
    twin = Twin(read_model(model), "last", precision="bfloat16")
    climbed(twin, 8)
    twin.refresh()
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))
    assert model.get_config() == config
    assert (keras.config.dtype_policy().name, keras.config.floatx()) == (policy, "float32")
    assert all(layer.compute_dtype == "float32" for layer in model.layers)
    losses = model.fit(images(), np.zeros((2, *model.output_shape[1:])), verbose=0).history["loss"]
    assert model(images()).dtype == tf.float32
    assert np.isfinite(losses).all()


def test_prepared_weights_are_held_once_for_all_layers_of_a_model():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    view, weights = read_model(model), Weights()
    for layer in ("normalization", "relu", "last"):
        Twin(view, layer, weights=weights)
    assert len(weights._held) == 2  # the folded convolution and the last


def test_only_weights_whose_sources_have_changed_are_computed_anew():
    layer = layers.Dense(3)
    layer.build((None, 4))
    computed = []

    def compute():
        computed.append(1)
        return (2 * tf.convert_to_tensor(layer.kernel),)

    weights = Weights()
    (held,) = weights.hold("key", "float32", layer.weights, compute)
    weights.refresh(["key"])
    assert len(computed) == 1
    for change in (
        lambda: layer.kernel.assign(layer.kernel * 3),
        lambda: layer.kernel.assign_add(tf.ones((4, 3))),  # in place, as optimizers do
        lambda: layer.set_weights([weight + 1 for weight in layer.get_weights()]),
        lambda: keras.optimizers.Adam(0.1).apply([tf.ones((4, 3)), tf.ones(3)], layer.trainable_variables),
    ):
        change()
        weights.refresh(["key"])
        np.testing.assert_array_equal(held, 2 * layer.kernel.numpy())
        count = len(computed)
        weights.refresh(["key"])
        assert len(computed) == count, "nothing had changed"
    assert len(computed) == 5


def test_the_pre_activation_and_redirected_gradients_are_the_models_too():
    model = sequential(
        layers.Conv2D(6, 3, name="conv"),
        layers.BatchNormalization(name="normalization"),
        layers.Conv2D(4, 3, activation="relu", name="relued"),
        layers.BatchNormalization(),
    )
    view = read_model(model)
    before = Twin(view, "relued", "pre-activation")(images())
    np.testing.assert_allclose(before, view.pre_activation("relued")(images()), rtol=1e-4, atol=1e-5)
    assert np.min(before) < 0
    twin, cut = Twin(view, "last", "redirected"), view.cut("last", relu="redirected")
    np.testing.assert_allclose(slope(twin), slope(cut), rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="has no pre-activation"):
        Twin(view, "last", "pre-activation")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_reduced_precision_is_close_and_leaves_image_and_activation_in_float32(precision, kind):
    model = sequential(CONVOLUTIONS[kind](), layers.BatchNormalization(), layers.MaxPooling2D(name="pool"))
    view = read_model(model)
    twin = Twin(view, "last", precision=precision)
    assert twin(images()).dtype == slope(twin).dtype == tf.float32
    start = images().numpy()
    change, expected = (climbed(each, 5) - start for each in (twin, Twin(view, "last")))
    assert np.corrcoef(change.ravel(), expected.ravel())[0, 1] > 0.99
    activations = [float(tf.reduce_mean(view.cut("last")(start + each)[..., 0])) for each in (change, expected)]
    assert activations[0] == pytest.approx(activations[1], rel=0.01)


def slope(features):
    image = images()
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = tf.reduce_mean(features(image)[..., 0])
    return tape.gradient(value, image)


def climbed(features, iterations):
    ascent = Ascent(features, (SIZE, SIZE, 3))
    filters = features(images()).shape[-1]
    state = ascent.start([0, 1], images())
    return ascent.advance(state, one_hot([0, 0], filters), Numbers.of(CLASSIC, 1.0), iterations).images.numpy()
