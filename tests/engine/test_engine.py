"""From descriptions to frames: chunks, octaves, what is kept, and what belongs to which weights."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import Engine
from filterviz_widget.engine.octaves import octaves
from filterviz_widget.model import read_model
from tests.networks import SIZE, overflowing, small_network, wanted, with_weights

WANTED = wanted()


@pytest.fixture(scope="module")
def engine():
    return Engine(read_model(small_network()))


def statuses(engine, description):
    return [frame.status for frame in engine.stream(description)]


def test_a_stream_ends_with_the_finished_picture_and_its_whole_curve(engine):
    *_, frame = engine.stream(WANTED)
    assert (frame.status, frame.iteration, frame.description) == ("done", 20, WANTED)
    assert frame.picture.description == WANTED
    assert len(frame.activations) == 21
    assert frame.activations[-1] > frame.activations[0]
    assert frame.image.shape == (SIZE, SIZE, 3)


def test_each_frame_brings_what_came_to_the_curve_and_the_last_one_all_of_it(engine):
    frames = list(engine.stream(replace(WANTED, iterations=2000, filter=4)))
    running = [frame for frame in frames if frame.status == "running" and frame.iteration]
    assert len(running) > 3
    curve = []
    for frame in running:
        curve += frame.activations
        assert len(curve) == frame.iteration
    assert list(frames[-1].activations[: len(curve)]) == curve


def test_how_the_run_was_cut_into_chunks_leaves_no_trace_in_the_bytes(engine):
    whole = engine.picture(WANTED)
    other = Engine(read_model(small_network()))
    other.picture(replace(WANTED, filter=1))  # from now on its chunks are larger: the time per iteration is known
    assert other.picture(WANTED).raw.tobytes() == whole.raw.tobytes()


def test_a_picture_seen_before_comes_at_once_until_it_is_forgotten(engine):
    engine.picture(WANTED)
    assert statuses(engine, WANTED) == ["done"]
    engine.forget(WANTED)
    assert statuses(engine, WANTED)[0] == "running"


def test_a_layer_is_compiled_once_for_all_its_filters_and_numbers():
    engine = Engine(read_model(small_network()))
    robust = PRESETS["robust"].method
    seen = []
    for filter in range(3):
        for method in (Method(), robust, robust.replaced(jitter=2.0), Method(sign=-1)):
            seen += statuses(engine, replace(WANTED, filter=filter, iterations=3, method=method))
    assert seen.count("compiling") == 2  # one for the plain ascent, one for the robust method


# Weights


@pytest.mark.parametrize("change", ["set_weights", "assign", "load_weights", "fit", "optimizer"])
def test_no_picture_is_older_than_the_weights_and_going_back_draws_it_with_the_new_ones(change, tmp_path):
    model = small_network()
    engine = Engine(read_model(model))
    before = engine.picture(WANTED)
    engine.picture(replace(WANTED, filter=1))
    if change == "set_weights":
        with_weights(model, seed=6)
    elif change == "assign":
        model.get_layer("first").kernel.assign_add(np.full(model.get_layer("first").kernel.shape, 0.1, np.float32))
    elif change == "load_weights":
        with_weights(other := small_network(), seed=6).save_weights(tmp_path / "other.weights.h5")
        assert other is not model
        model.load_weights(tmp_path / "other.weights.h5")
    elif change == "fit":
        model.compile("sgd", "mse")
        model.fit(np.ones((2, SIZE, SIZE, 3)), np.ones((2, 3)), verbose=0)
    else:
        optimizer = keras.optimizers.Adam(0.1)
        optimizer.apply([np.ones(each.shape, np.float32) for each in model.trainable_weights], model.trainable_weights)
    after = engine.picture(WANTED)
    assert after.raw.tobytes() != before.raw.tobytes()
    fresh = Engine(read_model(model)).picture(WANTED)
    assert after.raw.tobytes() == fresh.raw.tobytes()
    assert after.activations.tobytes() == fresh.activations.tobytes()
    cut = keras.Model(model.inputs, model.get_layer("second").output)
    assert after.activations[-1] == pytest.approx(float(np.mean(cut(after.raw[None])[0, :, :, 3])), rel=1e-4)
    assert statuses(engine, WANTED) == ["done"]


def test_a_change_behind_the_layer_is_none_to_it():
    model = small_network()
    engine = Engine(read_model(model))
    engine.picture(WANTED)
    model.get_layer("units").kernel.assign_add(np.ones((8, 3), np.float32))
    assert statuses(engine, WANTED) == ["done"]


def test_a_run_sees_the_weights_of_its_beginning_to_its_end_also_in_layers_that_are_not_understood():
    class Own(layers.Layer):
        def build(self, shape):
            self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")

        def call(self, x):
            return x * self.gamma

    def build():
        keras.utils.set_random_seed(3)
        return keras.Sequential(
            [keras.Input((SIZE, SIZE, 3)), Own(name="own"), layers.Conv2D(4, 3, activation="elu", name="second")]
        )

    long = replace(WANTED, iterations=4000)
    expected = Engine(read_model(build())).picture(long)
    model = build()
    frames = Engine(read_model(model)).stream(long)
    steps = 0
    for frame in frames:  # a training step after each chunk
        if frame.status == "running" and frame.iteration:
            model.set_weights([weight * 1.01 for weight in model.get_weights()])
            steps += 1
    assert steps > 1
    assert frame.picture.raw.tobytes() == expected.raw.tobytes()


# Octaves


def test_octaves_grow_to_the_picture_and_most_steps_are_taken_at_its_own_size():
    assert octaves((224, 224), 1, 20) == [((224, 224), 20)]
    assert octaves((224, 224), 2, 30) == [((112, 112), 10), ((224, 224), 20)]
    assert octaves((224, 224), 3, 70) == [((56, 56), 10), ((112, 112), 20), ((224, 224), 40)]
    assert octaves((40, 96), 3, 20) == [((40, 96), 20)], "a size below 32 pixels shows nothing"
    assert octaves((96, 96), 3, 1) == [((96, 96), 1)]
    for iterations in range(1, 40):
        for count in range(1, 7):
            listed = octaves((512, 640), count, iterations)
            assert sum(taken for _, taken in listed) == iterations
            assert listed[-1][0] == (512, 640)


def test_with_octaves_every_frame_has_the_size_of_the_picture():
    engine = Engine(read_model(small_network(size=None), image_size=72))
    frames = list(engine.stream(wanted(size=72, method=Method(octaves=3), iterations=30)))
    assert {frame.image.shape for frame in frames if frame.image is not None} == {(72, 72, 3)}
    assert frames[-1].activations[-1] > frames[-1].activations[0]
    assert len(frames[-1].activations) == 31


def test_from_one_octave_to_the_next_the_run_goes_on_and_so_does_its_curve():
    engine = Engine(read_model(small_network(size=None), image_size=72))
    *frames, last = engine.stream(wanted(size=72, method=Method(octaves=2), iterations=30))
    told = 0
    for frame in frames:
        told += len(frame.activations)
        assert frame.iteration == told
    assert "compiling" in {frame.status for frame in frames if frame.iteration}, (
        "the second size is compiled on the way"
    )
    assert told <= 30
    assert [value for frame in frames for value in frame.activations] == last.activations[:told]


def behind_a_flatten():
    """Units that take images of one size only, and a convolution behind them."""
    keras.utils.set_random_seed(4)
    return keras.Sequential(
        [
            keras.Input((72, 72, 3)),
            layers.Conv2D(3, 5, strides=6, activation="elu", name="second"),
            layers.Flatten(),
            layers.Dense(16, name="units"),
            layers.Reshape((4, 4, 1)),
            layers.Conv2D(5, 3, name="late"),
        ]
    )


def test_octaves_have_no_effect_on_units_as_is_said():
    engine = Engine(read_model(behind_a_flatten()))
    with_octaves, without = (
        engine.picture(wanted("units", 2, size=72, method=Method(octaves=count))) for count in (3, 1)
    )
    assert with_octaves.raw.tobytes() == without.raw.tobytes()


@pytest.mark.parametrize("size", [96, 72])
def test_a_layer_that_half_the_image_is_too_small_for_is_drawn_at_its_own_size_by_every_method(size):
    image = keras.Input((size, size, 3))
    x = layers.AveragePooling2D(size // 3)(image)
    model = keras.Model(image, layers.Conv2D(4, 3, name="late")(layers.Conv2D(4, 1)(x)))
    engine = Engine(read_model(model))
    for method in PRESETS:
        picture = engine.picture(engine.describe("late", 1, method=method, iterations=6))
        assert picture.note == ""
        assert picture.activations[-1] > picture.activations[0]


def test_a_size_that_fails_for_one_picture_leaves_the_next_as_it_is():
    keras.utils.set_random_seed(1)
    image = keras.Input((160, 160, 3))
    # Fits into what 80 pixels give, not into what 40 do.
    x = layers.Conv2D(4, 15, name="late")(layers.Conv2D(4, 3, strides=4, padding="same")(image))
    engine = Engine(read_model(keras.Model(image, x)))
    two, three = (wanted("late", 1, size=160, method=Method(octaves=count), iterations=7) for count in (2, 3))
    before = engine.picture(two)
    engine.picture(three)
    engine.forget(two)
    assert engine.picture(two).raw.tobytes() == before.raw.tobytes()


def test_a_layer_that_fails_only_when_it_runs_is_drawn_at_its_own_size():
    image = keras.Input((64, 64, 3))
    x = keras.ops.take(layers.Conv2D(4, 3, padding="same")(image), np.arange(0, 64, 2), axis=1)
    engine = Engine(read_model(keras.Model(image, layers.Conv2D(4, 2, padding="same", name="late")(x))))
    pictures = [engine.picture(wanted("late", 1, size=64, method=Method(octaves=count))) for count in (1, 2)]
    assert pictures[0].raw.tobytes() == pictures[1].raw.tobytes()


def test_a_convolution_that_takes_one_size_only_is_drawn_at_that_and_says_so():
    engine = Engine(read_model(behind_a_flatten()))
    with_octaves, without = (
        engine.picture(wanted("late", 2, size=72, method=Method(octaves=count))) for count in (3, 1)
    )
    assert with_octaves.raw.tobytes() == without.raw.tobytes()
    assert "there are fewer octaves" in with_octaves.note
    assert without.note == ""


# Batches


def test_the_pictures_of_a_batch_are_those_of_singles(engine):
    batch = [replace(WANTED, filter=filter, seed=filter) for filter in range(4)]
    for description, picture in zip(batch, engine.together(batch), strict=True):
        assert picture.description == description
        np.testing.assert_allclose(picture.raw, engine.picture(description).raw, atol=1e-5)


def test_facets_are_the_pictures_of_one_description(engine):
    several = replace(WANTED, facets=3, method=Method(diversity=2.0))
    pictures = engine.facets(several)
    assert [picture.facet for picture in pictures] == [0, 1, 2]
    assert {picture.description for picture in pictures} == {several}
    assert engine.facets(several)[1] is pictures[1]
    assert len({picture.raw.tobytes() for picture in pictures}) == 3


# What is not finite


def test_a_gradient_that_is_not_finite_ends_the_run_with_the_iteration_in_words():
    with pytest.raises(FloatingPointError, match="filter 3 is NaN or infinite at iteration 1"):
        Engine(read_model(overflowing(3, np.nan))).picture(WANTED)


def test_one_filter_that_is_not_finite_leaves_the_others_of_its_batch_alone():
    engine, clean = Engine(read_model(overflowing(3))), Engine(read_model(overflowing(3, 0.1)))
    batch = [replace(WANTED, filter=filter) for filter in (2, 3, 4)]
    pictures = engine.together(batch)
    assert "filter 3 is NaN or infinite at iteration 1" in pictures[1].error
    for place in (0, 2):
        assert pictures[place].error == ""
        np.testing.assert_allclose(pictures[place].raw, clean.picture(batch[place]).raw, atol=1e-5)
