"""Models of every kind: each layer gives what it gives by another way, and has a gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.model import read_model
from tests.model.networks import CASES, Case, conv

pytestmark = pytest.mark.usefixtures("quick_to_start")


def images(shape, count=2):
    return np.random.default_rng(3).uniform(0, 1, (count, *shape)).astype(np.float32)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def case(request) -> Case:
    return request.param()


@pytest.fixture(scope="module")
def view(case):
    return read_model(case.model, **case.options)


def test_the_image_has_the_size_and_channels_of_the_input_or_those_wanted(case, view):
    assert view.image_shape == case.shape


def test_a_cut_gives_what_the_layer_gives_by_another_way(case, view):
    given = images(case.shape)
    for name, expected in case.expected.items():
        wanted = np.asarray(expected(given), np.float64)
        found = view.cut(name)(given)
        half = "16" in f"{found.dtype.name} {case.model.compute_dtype}"
        tolerance = {"rtol": 0.05, "atol": 0.05} if half else {"rtol": 1e-4, "atol": 1e-4}
        np.testing.assert_allclose(np.asarray(found, np.float64), wanted, **tolerance, err_msg=name)
        assert np.std(wanted) > 0, f"{name} would fit anything"


def test_a_cut_has_the_listed_shape_and_a_gradient_at_the_image(case, view):
    for name in case.expected:
        given = tf.constant(images(case.shape))
        features = view.cut(name)

        @tf.function
        def gradient(given, features=features):
            with tf.GradientTape() as tape:
                tape.watch(given)
                output = features(given)
            return output, tape.gradient(output, given)

        output, slope = gradient(given)
        listed = view.layer(name).shape
        assert [a for a, b in zip(output.shape[1:], listed, strict=True) if b not in (None, a)] == []
        assert listed[-1] == view.layer(name).filters
        assert slope is not None
        assert np.abs(slope).max() > 0
        assert np.isfinite(slope).all()


def test_layers_are_listed_in_the_models_order_with_their_kinds():
    image = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization(name="norm")(conv(name="conv")(image))
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    view = read_model(keras.Model(image, keras.layers.Dense(2, activation="softmax", name="classes")(x)))
    assert tuple(info[:7] for info in view.layers) == (
        ("conv", 4, (8, 8, 4), "convolution", "Conv2D", True, ""),
        ("norm", 4, (8, 8, 4), "other", "BatchNormalization", False, ""),
        ("classes", 2, (2,), "units", "Dense", False, "before the softmax"),
    )


def test_a_layer_that_does_not_depend_on_the_image_is_not_listed():
    image, vector = keras.Input((8, 8, 3), name="image"), keras.Input((4,), name="vector")
    model = keras.Model([image, vector], [conv()(image), keras.layers.Dense(3, name="side")(vector)])
    assert [info.name for info in read_model(model).layers] == ["conv"]


def test_one_dimensional_and_three_dimensional_convolutions_behind_images_are_listed_with_their_maps():
    image = keras.Input((8, 8, 3))
    x = conv()(image)
    rows = keras.layers.Conv1D(2, 3, name="rows")(keras.layers.Reshape((64, 4))(x))
    cubes = keras.layers.Conv3D(2, 3, name="cubes")(keras.layers.Reshape((8, 8, 4, 1))(x))
    model = keras.Model(image, [rows, cubes])
    view, given = read_model(model), images((8, 8, 3))
    assert {info.name: info.shape for info in view.layers} == {
        "conv": (8, 8, 4),
        "rows": (1, 62, 2),
        "cubes": (36, 2, 2),
    }
    rows, cubes = (np.asarray(each) for each in model(given))
    np.testing.assert_allclose(view.cut("rows")(given)[:, 0], rows, atol=1e-6)
    np.testing.assert_allclose(view.cut("cubes")(given), cubes.reshape(len(given), 36, 2, 2), atol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["text", "path"])
def test_a_file_is_read_like_the_model_that_was_saved_in_it(tmp_path, suffix, kind):
    model = keras.Sequential([keras.Input((8, 8, 3)), conv(activation="relu")])
    path = tmp_path / f"model{suffix}"
    model.save(path)
    given = images((8, 8, 3))
    np.testing.assert_allclose(read_model(kind(path)).cut("conv")(given), model(given), atol=1e-6)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), conv(), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"could not be loaded.*custom_objects"):
        read_model(tmp_path / "model.keras")


def test_new_weights_show_at_once_in_a_function_that_is_already_traced():
    model = keras.Sequential([keras.Input((8, 8, 3)), conv(use_bias=False)])
    features = tf.function(read_model(model).cut("conv"))
    before = features(images((8, 8, 3))).numpy()
    model.set_weights([3 * weight for weight in model.get_weights()])
    np.testing.assert_allclose(features(images((8, 8, 3))), 3 * before, rtol=1e-4, atol=1e-5)


def test_an_image_that_the_layer_cannot_take_is_refused_when_traced():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), conv(), keras.layers.Flatten(), keras.layers.Dense(2, name="units")]
    )
    view = read_model(model, image_size=(10, 20))
    with pytest.raises(
        ValueError, match=r"'units' cannot be computed from an image of 10 x 20 pixels.*8 x 8: try that"
    ):
        tf.function(view.cut("units")).get_concrete_function(tf.TensorSpec((None, 10, 20, 3)))
    assert view.cut("conv")(images((10, 20, 3))).shape == (2, 10, 20, 4)


def test_a_layer_that_computes_fewer_filters_than_keras_promises_is_named():
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(8, 3, activation="glu", name="halved")])
    with pytest.raises(ValueError, match="Keras says that 'halved' has 8 filters, and it computes 4"):
        read_model(model).cut("halved")(np.zeros((1, 16, 16, 3), np.float32))
