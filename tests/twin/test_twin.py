"""What a twin folds and lays out anew, what it leaves alone, and that it touches nothing."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.description.method import CLASSIC
from filterviz_widget.model import read_model
from filterviz_widget.model.opening import Opening
from filterviz_widget.twin import Twin, Weights
from tests.twin.networks import CONVOLUTIONS, SIZE, images, operations, sequential, slope, twin_of, with_statistics


def assert_equal(twin, model, layer):
    expected = keras.Model(model.inputs, model.get_layer(layer).output)(images(), training=False)
    np.testing.assert_allclose(twin(images()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False, "epsilon": 0.1}])
def test_convolutions_with_normalization_after_them_are_computed_exactly(kind, options):
    model = sequential(CONVOLUTIONS[kind](), layers.BatchNormalization(name="normalization", **options))
    view = read_model(model)
    for layer in ("conv", "normalization", "relu", "last"):
        assert_equal(twin_of(view, layer), model, layer)


def test_a_folded_normalization_leaves_no_operation_and_grouped_convolutions_do_without_xla():
    model = sequential(layers.Conv2D(6, 3, groups=3, name="conv"), layers.BatchNormalization(name="normalization"))
    kinds = operations(twin_of(read_model(model), "normalization"))
    assert "DepthwiseConv2dNative" in kinds
    assert not {"Rsqrt", "Mul", "PartitionedCall", "StatefulPartitionedCall"} & set(kinds)


def test_a_convolution_that_is_seen_elsewhere_too_is_not_folded():
    keras.utils.set_random_seed(2)
    image = keras.Input((SIZE, SIZE, 3))
    conv = layers.Conv2D(4, 3, name="conv")(image)
    normalized = layers.BatchNormalization(name="normalization")(conv)
    model = with_statistics(keras.Model(image, layers.Add(name="sum")([conv, normalized])))
    assert_equal(twin_of(read_model(model), "sum"), model, "sum")


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
        assert_equal(twin_of(view, layer), model, layer)


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
    kinds = operations(twin_of(view, "block:1/normalization"))
    assert "Rsqrt" not in kinds
    before = keras.activations.relu(block(images(), training=False))
    conv = block.get_layer("conv")(before)
    np.testing.assert_allclose(twin_of(view, "block:1/conv")(images()), conv, rtol=1e-4, atol=1e-5)
    expected = block(before, training=False)
    np.testing.assert_allclose(twin_of(view, "block:1/normalization")(images()), expected, rtol=1e-4, atol=1e-5)


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
    twin = twin_of(read_model(model), "last", precision=precision)
    expected = keras.Model(model.inputs, model.outputs)(images(), training=False)
    tolerance = 1e-5 if precision == "float32" else 2e-2
    np.testing.assert_allclose(twin(images()), expected, atol=tolerance * np.abs(expected).max())


def test_new_weights_show_without_a_retrace():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    twin, weights = Twin(read_model(model), "last"), Weights()
    traces = []

    @tf.function(autograph=False)
    def features(images, weights):
        traces.append(1)
        return twin(images, weights)

    features(images(), weights.take(twin.sources).tensors)
    model.compile("sgd", "mse")
    model.fit(images(), tf.zeros(model.output_shape[1:])[tf.newaxis].numpy().repeat(2, 0), verbose=0)
    with_statistics(model, seed=9)
    expected = model(images(), training=False)
    made = features(images(), weights.take(twin.sources).tensors)
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)
    assert len(traces) == 1


class Counting(layers.Layer):
    """A layer of one's own, with a weight and an activation that is a layer."""

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")

    def call(self, x):
        return x * self.gamma


def test_what_is_called_as_it_is_sees_the_given_weights_and_not_those_of_the_moment():
    alpha = keras.initializers.Constant(0.25)
    model = sequential(
        layers.Conv2D(6, 3, activation=layers.PReLU(alpha_initializer=alpha, shared_axes=[1, 2]), name="conv"),
        Counting(name="own"),
        layers.DepthwiseConv2D(3, dtype="mixed_float16", name="half"),
        layers.LayerNormalization(axis=1, name="odd"),
    )
    model(images())
    twin, weights = Twin(read_model(model), "last"), Weights()
    before, expected = weights.take(twin.sources).tensors, model(images(), training=False)
    model.set_weights([3 * weight + 1 for weight in model.get_weights()])
    np.testing.assert_allclose(twin(images(), before), expected, rtol=1e-3, atol=1e-4)
    graph = tf.function(twin, autograph=False).get_concrete_function(images(), before).graph
    assert graph.variables == ()
    after = model(images(), training=False)
    assert np.abs(after - expected).max() > 1
    np.testing.assert_allclose(twin(images(), weights.take(twin.sources).tensors), after, rtol=1e-3, atol=1e-4)


def test_the_model_and_keras_settings_are_as_they_were():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    model.compile("adam", "mse")
    before = [weight.copy() for weight in model.get_weights()]
    config, policy = model.get_config(), keras.config.dtype_policy().name
    twin = twin_of(read_model(model), "last", precision="bfloat16")
    climbed(twin, 8)
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))
    assert model.get_config() == config
    assert (keras.config.dtype_policy().name, keras.config.floatx()) == (policy, "float32")
    assert all(layer.compute_dtype == "float32" for layer in model.layers)
    losses = model.fit(images(), np.zeros((2, *model.output_shape[1:])), verbose=0).history["loss"]
    assert model(images()).dtype == tf.float32
    assert np.isfinite(losses).all()


def test_the_pre_activation_and_redirected_gradients_are_the_models_too():
    model = sequential(
        layers.Conv2D(6, 3, name="conv"),
        layers.BatchNormalization(name="normalization"),
        layers.Conv2D(4, 3, activation="relu", name="relued"),
        layers.BatchNormalization(),
    )
    view = read_model(model)
    before = twin_of(view, "relued", "pre-activation")(images())
    np.testing.assert_allclose(before, view.pre_activation("relued")(images()), rtol=1e-4, atol=1e-5)
    assert np.min(before) < 0
    images_to_open = tf.constant([True, False])
    for part in ("output", "opened"):
        twin = functools.partial(twin_of(view, "last", part), opening=images_to_open)
        cut = functools.partial(view.cut("last"), opening=Opening(images_to_open, part == "opened"))
        np.testing.assert_allclose(slope(twin), slope(cut), rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="has no pre-activation"):
        twin_of(view, "last", "pre-activation")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_reduced_precision_is_close_and_leaves_image_and_activation_in_float32(precision, kind):
    model = sequential(CONVOLUTIONS[kind](), layers.BatchNormalization(), layers.MaxPooling2D(name="pool"))
    view = read_model(model)
    twin = twin_of(view, "last", precision=precision)
    assert twin(images()).dtype == slope(twin).dtype == tf.float32
    start = images().numpy()
    change, expected = (climbed(each, 5) - start for each in (twin, twin_of(view, "last")))
    assert np.corrcoef(change.ravel(), expected.ravel())[0, 1] > 0.99
    activations = [float(tf.reduce_mean(view.cut("last")(start + each)[..., 0])) for each in (change, expected)]
    assert activations[0] == pytest.approx(activations[1], rel=0.01)


def climbed(features, iterations):
    ascent = Ascent(features, (SIZE, SIZE, 3))
    filters = features(images()).shape[-1]
    state = ascent.start([0, 1], images())
    return ascent.advance(state, one_hot([0, 0], filters), Numbers.of(CLASSIC, 1.0), iterations).images.numpy()
