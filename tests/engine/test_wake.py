"""Filters without a gradient: what is tried, what is said, and where none can pass."""

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.ascent import start_images
from filterviz_widget.ascent.parameterization import PARAMETERIZATIONS
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import Engine
from filterviz_widget.engine.compiled import Compiled
from filterviz_widget.model import read_model
from filterviz_widget.model.rectifier import flat
from tests.networks import SIZE, network_with_dead_filters, wanted

DEAD = wanted("dead", 1)


def test_a_filter_dead_behind_its_relu_is_shown_by_its_pre_activation_in_words():
    engine = Engine(read_model(network_with_dead_filters()))
    picture = engine.picture(DEAD)
    assert "dead" in picture.note
    assert "pre-activation" in picture.note
    assert not picture.is_dead
    assert not np.allclose(picture.raw, start_images([0], (SIZE, SIZE, 3))[0])
    assert picture.activations[-1] > picture.activations[0]
    assert engine.picture(replace(DEAD, filter=0)).note == ""


def test_a_filter_that_nothing_wakes_shows_the_start_and_says_so():
    picture = Engine(read_model(network_with_dead_filters("weights"))).picture(DEAD)
    assert "start image" in picture.note
    assert picture.is_dead
    assert np.array_equal(picture.raw, start_images([0], (SIZE, SIZE, 3))[0])
    assert not picture.activations.any()


def test_the_dead_of_a_batch_are_woken_and_their_neighbours_are_as_without_them():
    engine = Engine(read_model(network_with_dead_filters()))
    alive, woken = engine.together([replace(DEAD, filter=0), DEAD])
    assert "pre-activation" in woken.note
    np.testing.assert_allclose(alive.raw, engine.picture(replace(DEAD, filter=0)).raw, atol=1e-5)


CUTS = {
    "rounding": lambda: layers.Lambda(lambda x: tf.round(x * 255.0) / 255.0, name="cut"),
    "a cast": lambda: layers.Lambda(lambda x: tf.cast(tf.cast(x * 255.0, tf.int32), tf.float32) / 255.0, name="cut"),
    "stop_gradient": lambda: layers.Lambda(tf.stop_gradient, name="cut"),
    "an operation": lambda: ops.stop_gradient,
}


def nearly_closed(activation, method="classic"):
    """A network whose filter 3 of `second` is shut at the start by a little: what opens it is within reach."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, activation=activation, name="first"),
            layers.Conv2D(4, 3, activation=activation, name="second"),
        ]
    )
    first, second = model.layers
    first.set_weights([np.abs(first.get_weights()[0]), np.zeros(4)])
    kernel, bias = (np.abs(each) for each in second.get_weights())
    parameters = PARAMETERIZATIONS[PRESETS[method].method.parameterization]((SIZE, SIZE, 3), (0.0, 1.0))
    given = first(parameters.decode(parameters.start([0])))
    low = flat(keras.activations.get(activation)).low
    bias[3] = low - 1.02 * np.max(tf.nn.conv2d(given, kernel, 1, "VALID")[..., 3])
    second.set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("activation", ["relu", "relu6", "hard_sigmoid"])
@pytest.mark.parametrize("method", ["classic", "robust", "natural"])
def test_a_closed_filter_is_opened_and_its_picture_and_curve_are_its_own(activation, method):
    model = nearly_closed(activation, method)
    engine = Engine(read_model(model))
    steps = {"classic": 5.0, "robust": 2.0, "natural": 20.0}
    described = engine.describe(
        "second", 3, method=method, step_size=steps[method], iterations=40, jitter=0, scale=0, rotation=0
    )
    picture = engine.picture(described)
    assert re.fullmatch(r"Opened with redirected gradients in the first (\d+ iterations|iteration)\.", picture.note)
    assert not picture.is_dead
    own = float(np.mean(model(picture.raw[None])[0, :, :, 3]))
    assert picture.activations[-1] == pytest.approx(own, rel=1e-4)
    said = re.search(r"\d+", picture.note)
    count = int(said[0]) if said else 1
    floor = float(keras.activations.get(activation)(-1e3))
    # As long as it was closed, and not longer.
    assert (picture.activations[:count] == floor).all()
    assert (picture.activations[count:] > floor).all()
    assert picture.activations[-1] > picture.activations[count]


def test_a_filter_behind_a_layer_that_is_closed_altogether_is_opened_too():
    model = nearly_closed("relu")
    first, second = model.layers
    kernel, _ = first.get_weights()
    # Shut by a little at every place of the start image; of `second`, filter 3 takes what there is.
    responses = tf.nn.conv2d(start_images([0], (SIZE, SIZE, 3)), kernel, 1, "VALID")
    first.set_weights([kernel, -1.02 * np.max(responses, axis=(0, 1, 2))])
    second.set_weights([second.get_weights()[0], np.zeros(4)])
    picture = Engine(read_model(model)).picture(wanted(step_size=5.0, iterations=40))
    assert picture.note.startswith("Opened with redirected gradients in the first ")
    own = float(np.mean(model(picture.raw[None])[0, :, :, 3]))
    assert picture.activations[-1] == pytest.approx(own, rel=1e-4)
    assert own > 0


@pytest.mark.parametrize("count", [1, 3, 50])
def test_what_is_done_about_a_closed_filter_does_not_depend_on_how_the_run_is_cut_into_chunks(monkeypatch, count):
    """Random moves: in some iterations not even redirected gradients reach the image."""
    model = nearly_closed("relu")
    first = model.layers[0]
    first.set_weights([first.get_weights()[0], np.full(4, -0.8)])
    described = [
        Engine(read_model(model)).describe("second", filter, method="robust", seed=seed, iterations=40)
        for filter in range(4)
        for seed in range(2)
    ]
    expected = [Engine(read_model(model)).picture(each) for each in described]
    monkeypatch.setattr(Compiled, "count", lambda self, budget: count)
    engine = Engine(read_model(model))
    assert any(picture.note for picture in expected)
    for each, picture in zip(described, expected, strict=True):
        again = engine.picture(each)
        assert (again.note, again.raw.tobytes()) == (picture.note, picture.raw.tobytes())


def test_in_a_batch_only_what_is_closed_is_opened():
    engine = Engine(read_model(nearly_closed("relu")))
    batch = [wanted(filter=filter, step_size=5.0, iterations=40) for filter in (0, 3)]
    together, alone = engine.together(batch), [engine.picture(each) for each in batch]
    assert [picture.note for picture in together] == [picture.note for picture in alone]
    assert together[0].note == ""
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.raw, other.raw, atol=1e-4)


@pytest.mark.parametrize("after", [layers.ReLU, layers.MaxPooling2D])
def test_a_rectifier_behind_a_rectifier_hides_nothing(after):
    model = nearly_closed("relu")
    model = keras.Model(model.inputs, after(name="after")(model.layers[-1].output))
    picture = Engine(read_model(model)).picture(wanted("after", step_size=5.0, iterations=40))
    assert picture.note.startswith("Opened with redirected gradients")
    assert picture.activations[-1] > 0


def test_of_several_facets_none_is_said_to_be_opened_that_stayed_closed():
    engine = Engine(read_model(network_with_dead_filters("weights")))
    for picture in engine.facets(replace(DEAD, facets=2)):
        assert "stayed closed" in picture.note
        assert not picture.activations.any()


def test_what_inhibits_a_closed_filter_is_sought_before_its_activation():
    engine = Engine(read_model(nearly_closed("relu")))
    picture = engine.picture(wanted(filter=3, step_size=5.0, method=Method(sign=-1)))
    assert "pre-activation" in picture.note
    assert "let through" not in picture.note
    assert picture.activations[-1] < picture.activations[0]


@pytest.mark.parametrize("kind", CUTS)
def test_where_no_gradient_can_pass_the_caption_names_what_stops_it_and_calls_nobody_dead(kind):
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(3, 3, name="before")(image)
    x = CUTS[kind]()(x)
    model = keras.Model(image, layers.Conv2D(4, 3, activation="elu", name="second")(x))
    note = Engine(read_model(model)).picture(wanted()).note
    stopper = "stop_gradient" if kind == "an operation" else "cut"
    assert note.startswith("No gradient comes from the layer second to the image. Behind '")
    assert note.split("'")[1].startswith(stopper)
    assert "dead" not in note


def test_a_straight_through_estimator_is_no_obstacle():
    class Straight(layers.Layer):
        def call(self, x):
            return x + ops.stop_gradient(ops.round(x * 64) / 64 - x)

    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, activation="elu", name="second")(Straight()(image))
    picture = Engine(read_model(keras.Model(image, x))).picture(wanted())
    assert picture.note == ""
    assert picture.activations[-1] > picture.activations[0]
