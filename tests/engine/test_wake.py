"""Filters without a gradient: what is tried, what is said, and where none can pass."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.ascent import start_images
from filterviz_widget.engine import Engine
from filterviz_widget.model import read_model
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


def test_a_filter_that_answers_to_another_start_is_shown_from_there():
    model = network_with_dead_filters("weights")
    kernel, bias = model.get_weights()
    # An edge over noise of 4 grey levels: exceeded by some starts only, and not by the start of seed 0.
    kernel[..., 1] = np.random.default_rng(2).normal(size=kernel.shape[:3])
    responses = [_strongest(kernel[..., 1], seed) for seed in range(9)]
    best = int(np.argmax(responses))
    assert best != 0
    bias[1] = -(sorted(responses)[-1] + sorted(responses)[-2]) / 2
    model.set_weights([kernel, bias])
    picture = Engine(read_model(model)).picture(DEAD)
    assert f"from seed {best} instead" in picture.note
    assert picture.activations[-1] > 0


def _strongest(kernel, seed):
    image = start_images([seed], (SIZE, SIZE, 3))[0].numpy()
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1))
    return np.einsum("yxcij,ijc->yx", windows, kernel).max()


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


def test_a_filter_that_redirected_gradients_open_is_shown_so_and_its_curve_is_its_own_activation():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.Conv2D(4, 3, activation="relu", name="second"),
        ]
    )
    first, second = model.layers
    first.set_weights([np.abs(first.get_weights()[0]), np.zeros(4)])
    kernel, bias = (np.abs(each) for each in second.get_weights())
    responses = [np.max(tf.nn.conv2d(first(start_images([seed], (SIZE, SIZE, 3))), kernel, 1, "VALID")[..., 3])
                 for seed in range(9)]  # fmt: skip
    bias[3] = -1.05 * max(responses)  # shut at every start, and within reach
    second.set_weights([kernel, bias])
    picture = Engine(read_model(model)).picture(wanted(step_size=5.0))
    assert "let through closed ReLUs" in picture.note
    assert picture.activations[0] == 0
    own = float(np.mean(model(picture.raw[None])[0, :, :, 3]))
    assert picture.activations[-1] == pytest.approx(own, rel=1e-4)
    assert own > 0


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
