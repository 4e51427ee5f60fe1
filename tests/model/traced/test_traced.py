"""Networks without a graph of Keras: what is read of them computes what they compute, on their own variables."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from keras import Input, Model, Sequential, layers
from keras.src.backend.common import global_state
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from filterviz_widget import FilterHistory, receptive_field, visualize_filter
from filterviz_widget.engine import engine_of
from filterviz_widget.model import read_model
from filterviz_widget.model.paths import layers_by_path
from tests.networks import with_weights

IMAGES = np.random.default_rng(0).random((2, 16, 16, 3)).astype(np.float32)


class Plain(keras.Model):
    """Keras layers, TensorFlow's functions, a decision that AutoGraph sees, and a kernel of its own."""

    def __init__(self):
        super().__init__(name="plain")
        self.first = layers.Conv2D(4, 3, activation="relu", name="first")
        self.norm = layers.BatchNormalization(name="norm")
        self.second = layers.Conv2D(5, 3, name="second")
        self.kernel = tf.Variable(tf.random.stateless_normal((3, 3, 5, 6), (1, 2)), name="own")

    def parts(self, x):
        x = self.first(x)
        if tf.reduce_mean(x) > 0:
            x = x * 2.0
        first = x
        second = self.second(self.norm(first))
        return self.first(IMAGES), second, tf.nn.conv2d(tf.nn.relu(second), self.kernel, 2, "SAME")

    def call(self, x):
        x = self.first(x)
        if tf.reduce_mean(x) > 0:
            x = x * 2.0
        return tf.nn.conv2d(tf.nn.relu(self.second(self.norm(x))), self.kernel, 2, "SAME")


def weighed(model):
    """Random weights; above zero what is one number for each filter, such as a variance."""
    with_weights(model)
    model.set_weights([np.abs(each) + 0.1 if each.ndim == 1 else each for each in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def plain():
    model = Plain()
    model(IMAGES)
    weighed(model)
    model.second.bias.assign(tf.fill((5,), 2.0))  # no filter is closed
    return model


def features(view, layer, images=IMAGES):
    return view.cut(layer)(tf.constant(images)).numpy()


def test_every_layer_gives_what_the_models_own_code_gives_with_the_weights_of_the_moment(plain):
    view = read_model(plain, input_range=(0, 1))
    assert [(info.name, info.class_name, info.shape) for info in view.layers if info.recommended] == [
        ("first", "Conv2D", (14, 14, 4)),
        ("second", "Conv2D", (12, 12, 5)),
        ("kernel", "Conv2D", (6, 6, 6)),
    ]
    assert np.isfinite(plain(IMAGES)).all()
    for _ in range(2):
        for name, wanted in zip(("first", "second", "kernel"), plain.parts(IMAGES), strict=True):
            np.testing.assert_allclose(features(view, name), wanted, rtol=1e-5, atol=1e-5)
        plain.kernel.assign(plain.kernel * -0.5)
        plain.second.bias.assign_add(tf.ones(5))


def test_the_gradient_is_that_of_the_models_own_code(plain):
    view = read_model(plain, input_range=(0, 1))
    images = tf.constant(IMAGES)

    def gradient(function):
        with tf.GradientTape() as tape:
            tape.watch(images)
            mean = tf.reduce_mean(function(images)[..., 1])
        return tape.gradient(mean, images)

    cut = tf.function(lambda: gradient(view.cut("kernel")), autograph=False)
    np.testing.assert_allclose(cut(), gradient(plain), rtol=1e-4, atol=1e-7)


def test_autograph_sees_decisions_also_where_somebody_runs_functions_eagerly(plain):
    tf.config.run_functions_eagerly(True)
    try:
        view = read_model(plain, input_range=(0, 0.9))
    finally:
        tf.config.run_functions_eagerly(False)
    np.testing.assert_allclose(features(view, "kernel"), plain(IMAGES), rtol=1e-5, atol=1e-5)


def test_an_ascent_climbs_what_the_model_computes_and_the_model_is_as_before(plain):
    before = [variable.numpy() for variable in [*plain.variables, plain.kernel]]
    counters = dict(global_state.get_global_attribute("object_name_uids"))
    attributes = {id(layer): set(vars(layer)) for layer in plain._flatten_layers()}
    picture = visualize_filter(plain, "kernel", 2, iterations=5, input_range=(0, 1), precision="float32")
    after = tf.reduce_mean(plain(picture.raw[None])[..., 2])
    assert picture.activations[-1] == pytest.approx(float(after), rel=1e-4)
    assert picture.activations[-1] > picture.activations[0]
    for then, now in zip(before, [*plain.variables, plain.kernel], strict=True):
        np.testing.assert_array_equal(then, now.numpy())
    assert counters == global_state.get_global_attribute("object_name_uids")
    assert attributes == {id(layer): set(vars(layer)) for layer in plain._flatten_layers()}
    assert all(not layer._inbound_nodes for layer in plain._flatten_layers(include_self=False))


def test_it_says_by_which_way_the_model_was_read(plain):
    note = read_model(plain).note
    assert note.startswith(
        "traced by TensorFlow, as it is a subclass of keras.Model whose input shape Keras does not know"
    )
    functional = Sequential([Input((8, 8, 3)), layers.Conv2D(2, 3)])
    assert read_model(functional).note == ""


def test_the_layers_of_the_model_are_found_by_the_names_that_they_are_shown_by(plain):
    view = read_model(plain)
    found = layers_by_path(plain, view.graph)
    assert {path: id(layer) for path, layer in found.items()} == {
        "first": id(plain.first),
        "norm": id(plain.norm),
        "second": id(plain.second),
    }


def test_training_of_such_a_model_is_recorded_with_pictures():
    class Trained(keras.Model):
        def __init__(self):
            super().__init__(name="trained")
            self.one, self.two = layers.Conv2D(3, 3, name="one"), layers.Conv2D(2, 3, name="two")

        def call(self, x):
            return tf.reduce_mean(tf.nn.relu(self.two(tf.nn.relu(self.one(x)))), [1, 2])

    model = Trained()
    model.compile("sgd", "mse")
    history = FilterHistory(probe=(IMAGES, np.ones((2, 2), np.float32)), iterations=2)
    model.fit(IMAGES, np.ones((2, 2), np.float32), epochs=1, verbose=0, callbacks=[history])
    assert history.layers == ("one", "two")
    assert history.pictures("two").shape == (2, 2, 16, 16, 3)
    np.testing.assert_array_equal(history.kernels("one")[-1], model.one.kernel.numpy())
    assert history.error == ""


class Block(tf.Module):
    def __init__(self, seed):
        super().__init__()
        self.weights = tf.Variable(tf.random.stateless_normal((3, 3, 3, 3), (seed, 0)))

    @tf.function
    def __call__(self, x):
        return tf.nn.relu(tf.nn.conv2d(x, self.weights, 1, "SAME"))


class Net(tf.Module):
    def __init__(self):
        super().__init__(name="net")
        self.blocks = [Block(1), Block(2)]
        self.bias = tf.Variable([0.1, 0.2, -0.1])

    def __call__(self, image, scale=None):
        x = self.blocks[0](image)
        return tf.nn.bias_add(self.blocks[1](x), self.bias)


def test_a_module_is_read_with_its_blocks_names_and_functions_in_it_opened():
    net = Net()
    view = read_model(net, input_shape=(16, 16, 3))
    assert [info.name for info in view.layers if info.recommended] == ["blocks/0", "blocks/1"]
    np.testing.assert_allclose(features(view, "blocks/0"), net.blocks[0](IMAGES), rtol=1e-5, atol=1e-6)
    net.blocks[1].weights.assign(net.blocks[1].weights * 2)
    np.testing.assert_allclose(features(view, "blocks/1"), net.blocks[1](net.blocks[0](IMAGES)), rtol=1e-5, atol=1e-6)
    picture = visualize_filter(net, "blocks/1", 0, input_shape=(16, 16, 3), iterations=2, precision="float32")
    wanted = tf.reduce_mean(net.blocks[1](net.blocks[0](picture.raw[None]))[..., 0])
    assert picture.activations[-1] == pytest.approx(float(wanted), rel=1e-4)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model = Sequential(
        [
            Input((16, 16, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.SeparableConv2D(6, 3, name="separable"),
            layers.Conv2DTranspose(5, 3, strides=2, name="up"),
            layers.Flatten(),
            layers.Dense(5, activation="softmax", name="classes"),
        ]
    )
    folder = tmp_path_factory.mktemp("saved") / "model"
    weighed(model).export(folder, verbose=False)
    return model, folder


def given(exported, how):
    model, folder = exported
    if how == "folder":
        return folder
    if how == "file":
        return folder / "saved_model.pb"
    if how == "loaded":
        return tf.saved_model.load(folder)
    if how == "layer":
        return layers.TFSMLayer(folder, call_endpoint="serve")
    function = tf.function(lambda x: model(x, training=False))
    if how == "function":
        return function
    concrete = function.get_concrete_function(tf.TensorSpec((1, 16, 16, 3), tf.float32))
    if how == "concrete":
        return concrete
    frozen = folder.parent / "frozen.pb"
    frozen.write_bytes(convert_variables_to_constants_v2(concrete).graph.as_graph_def().SerializeToString())
    return frozen


@pytest.mark.parametrize("how", ["folder", "file", "loaded", "layer", "function", "concrete", "frozen"])
def test_a_graph_that_tensorflow_saved_is_read_layer_by_layer(exported, how):
    view = read_model(given(exported, how), **({"input_shape": (16, 16, 3)} if how == "function" else {}))
    own = exported[0]
    found = [info for info in view.layers if info.class_name in ("Conv2D", "Conv2DTranspose", "Dense")]
    assert [info.class_name for info in found] == ["Conv2D", "Conv2D", "Conv2DTranspose", "Dense"]
    assert view.note
    for info, name in zip(found, ("conv", "separable", "up"), strict=False):
        assert info.name.startswith(name)
        wanted = Model(own.inputs, own.get_layer(name).output)(IMAGES)
        np.testing.assert_allclose(features(view, info.name), wanted, rtol=1e-4, atol=1e-5)
    logits = features(view, found[-1].name)
    np.testing.assert_allclose(tf.nn.softmax(logits), own(IMAGES), rtol=1e-4, atol=1e-6)


def test_a_saved_layer_in_a_functional_model_is_opened(exported):
    image = Input((16, 16, 3))
    saved = layers.TFSMLayer(exported[1], call_endpoint="serve", name="saved")
    view = read_model(Model(image, layers.Dense(2, name="end")(saved(image))))
    (conv,) = [info.name for info in view.layers if info.name.startswith("saved/conv")]
    wanted = Model(exported[0].inputs, exported[0].get_layer("conv").output)(IMAGES)
    np.testing.assert_allclose(features(view, conv), wanted, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def second():
    image = tf_keras.Input((16, 16, 3))
    x = tf_keras.layers.Conv2D(4, 3, name="a")(image)
    x = tf_keras.layers.BatchNormalization(name="norm", beta_initializer="ones")(x)
    x = tf.nn.relu(x) * 2.0  # what Keras 3 cannot read from a file
    return tf_keras.Model(image, tf_keras.layers.DepthwiseConv2D(3, padding="same", name="b")(x))


def test_operations_that_keep_places_apart_are_known_to(second):
    field = receptive_field(second, "b")
    assert (field.size, field.stride, field.unknown) == ((5, 5), (1, 1), ())


@pytest.mark.parametrize("how", ["model", "file"])
def test_a_model_of_keras_2_is_read_with_the_names_of_its_layers(second, how, tmp_path):
    model = second
    if how == "file":
        second.save(tmp_path / "second.h5")
        model = tmp_path / "second.h5"
    view = read_model(model)
    assert [info.name for info in view.layers if info.class_name != "ReLU"] == ["a", "norm", "b"]
    for name in ("a", "norm", "b"):
        wanted = tf_keras.Model(second.inputs, second.get_layer(name).output)(IMAGES)
        np.testing.assert_allclose(features(view, name), wanted, rtol=1e-4, atol=1e-5)


def test_a_file_of_keras_2_with_code_in_it_is_refused_and_the_code_not_run(tmp_path, monkeypatch):
    image = tf_keras.Input((16, 16, 3))
    x = tf_keras.layers.Lambda(lambda x: __import__("os").environ.update(RAN="yes") or x, name="mine")(image)
    tf_keras.Model(image, tf.nn.relu(x)).save(tmp_path / "code.h5")
    monkeypatch.setenv("RAN", "")
    with pytest.raises(ValueError, match=r"is of Keras 2 and holds code .the Lambda 'mine'., which is not run"):
        read_model(tmp_path / "code.h5")
    assert os.environ["RAN"] == ""


class Trained(tf.Module):
    """With a function of its own, in which TensorFlow has a custom gradient."""

    def __init__(self):
        super().__init__(name="trained")
        self.kernel = tf.Variable(tf.random.stateless_normal((3, 3, 3, 2), (5, 5)))

    @tf.function
    def __call__(self, x):
        return tf.nn.silu(tf.nn.conv2d(x, self.kernel, 1, "SAME"))


def test_a_network_that_was_looked_at_is_trained_as_before_and_looked_at_again():
    module = Trained()

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(module(IMAGES) ** 2)
        return tape.gradient(loss, module.kernel).numpy()

    def picture(size):
        found = visualize_filter(module, "kernel", 1, input_shape=(size, size, 3), iterations=2, precision="float32")
        return found.activations

    before = picture(16)
    gradient = step()
    again = picture(12)
    np.testing.assert_array_equal(step(), gradient)
    np.testing.assert_array_equal(picture(16), before)
    assert again[-1] > again[0]


def test_shapes_by_name_find_the_same_engine_again(plain):
    shapes = {"x": (16, 16, 3)}
    assert engine_of(plain, input_shape=shapes) is engine_of(plain, input_shape=dict(shapes))


def test_decisions_on_numbers_are_for_one_image_at_a_time(plain):
    assert engine_of(plain).most_together("kernel") == 1


class Late(keras.Model):
    def __init__(self):
        super().__init__(name="late")
        self.blocks = [layers.Conv2D(3, 3, name="one"), Sequential([layers.Conv2D(2, 3, name="inner")], name="two")]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def test_a_model_that_was_never_called_is_looked_at_as_a_copy_and_gets_no_weights():
    model = Late()
    with pytest.raises(ValueError, match=r"'late' is not built.*input_shape=\(height, width, channels\)"):
        read_model(model)
    view = read_model(model, input_shape=(12, 12, 3))
    assert [(info.name, info.shape) for info in view.layers] == [("one", (10, 10, 3)), ("two/inner", (8, 8, 2))]
    assert view.note == "a copy with new weights, since the model was never called"
    assert not model.built
    assert not any(layer.built for layer in model._flatten_layers(include_self=False))
    assert model.variables == []
    model(IMAGES)  # and it can be built as if nothing had been
    assert features(read_model(model), "one").shape == (2, 14, 14, 3)


def test_what_a_network_takes_and_is_unknown_is_asked_for():
    with pytest.raises(ValueError, match=r"Nothing says what 'net' takes. Call it once .*input_shape=\(height, width"):
        read_model(Net())


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    (tmp_path / "nonsense.pb").write_bytes(b"hello")
    with pytest.raises(ValueError, match=r"nonsense.pb' is no GraphDef of TensorFlow"):
        read_model(tmp_path / "nonsense.pb")
