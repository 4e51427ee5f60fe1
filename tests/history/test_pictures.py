"""The pictures of a history: the engine's own, with the weights of the moment."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterExplorer, FilterHistory, visualize_filter
from filterviz_widget.engine import engine_of
from filterviz_widget.history.pictures import draw
from filterviz_widget.history.shown import shown
from tests.history.networks import small
from tests.networks import linear_network, network_with_dead_filters

CHOSEN = {"method": "classic", "iterations": 3, "step_size": 1.0, "seed": 0}


@pytest.mark.parametrize("method", ["classic", "robust", "natural"])
def test_they_are_those_of_every_other_door_to_the_byte(method):
    model = small()
    how = CHOSEN | {"method": method, "seed": 4}
    drawn = draw(engine_of(model), {"second": [1, 3]}, **how)["second"]
    for place, filter in enumerate((1, 3)):
        picture = visualize_filter(model, "second", filter, **how)
        assert drawn.pictures[place].tobytes() == picture.image.tobytes()
        assert drawn.activations[place] == picture.activations[-1]


READINGS = {
    "preprocess": {"preprocess": "caffe"},
    "a function": {"preprocess": lambda images: images * 2 - 1, "input_range": (0, 1)},
    "size and channels": {"image_size": (16, 14), "input_range": (-1, 1), "channels": (2, 0, 1)},
    "axes and precision": {"jitter": 3, "l2": 0.5, "sign": -1, "precision": "bfloat16", "seed": 5},
}


@pytest.mark.parametrize(
    ("reading", "method"),
    [
        ("preprocess", "robust"),
        ("preprocess", "natural"),
        ("a function", "classic"),
        ("size and channels", "natural"),
        ("axes and precision", "classic"),
    ],
)
def test_a_history_is_told_all_that_the_explorer_is_and_draws_the_same_to_the_byte(reading, method):
    inputs = keras.Input((None, None, 3))
    maps = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))
    model.compile("sgd", "mse")
    how = {"image_size": (12, 12)} | READINGS[reading] | {"method": method, "iterations": 3}
    history = FilterHistory(layers=["conv"], filters=[0, 2], **how)
    model.fit(np.zeros((2, 12, 12, 3)), np.zeros((2, 2)), epochs=1, callbacks=[history], verbose=0)
    assert history.error == ""
    for column, filter in enumerate((0, 2)):
        explorer = FilterExplorer(model, layer="conv", filter=filter, **how)
        shown, drawn = explorer.wait(60), visualize_filter(model, "conv", filter, **how)
        explorer.close()
        assert history.pictures("conv")[-1, column].tobytes() == shown.image.tobytes() == drawn.image.tobytes()
        assert history.activations("conv")[-1, column] == shown.activations[-1]
        assert history.notes("conv")[-1][column] == shown.note


def test_what_the_other_inputs_are_held_at_matters():
    image, gate = keras.Input((12, 12, 3), name="image"), keras.Input((4,), name="gate")
    maps = layers.Conv2D(4, 3, name="conv")(image)
    gated = layers.Multiply(name="gated")([maps, layers.Reshape((1, 1, 4))(gate)])
    model = keras.Model([image, gate], layers.GlobalAveragePooling2D()(gated))
    model.compile("sgd", "mse")
    data = {"image": np.zeros((2, 12, 12, 3)), "gate": np.ones((2, 4))}
    how = {"input": "image", "other_inputs": {"gate": np.array([1.0, 0.0, 2.0, 0.5])}, "iterations": 2}
    history = FilterHistory(layers=["gated"], filters=[0, 1], **how)
    model.fit(data, np.zeros((2, 4)), epochs=1, callbacks=[history], verbose=0)
    assert history.dead("gated")[-1].tolist() == [False, True]
    expected = visualize_filter(model, "gated", 0, **how)
    assert history.pictures("gated")[-1, 0].tobytes() == expected.image.tobytes()


def test_new_weights_give_other_pictures_and_nothing_is_compiled_again():
    model = small()
    engine = engine_of(model)
    seen = [draw(engine, {"first": [0, 1, 2], "second": [4]}, **CHOSEN)]
    model.set_weights([weight * 1.5 + 0.1 for weight in model.get_weights()])
    seen.append(draw(engine, {"first": [0, 1, 2], "second": [4]}, **CHOSEN))
    assert (seen[0]["first"].pictures != seen[1]["first"].pictures).any()
    assert {made.ascent.trace_count for made in engine._layers._kept.values()} == {1}
    assert len(engine._layers._kept) == 2


def test_a_linear_filter_climbs_by_the_length_of_its_gradient():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    engine = engine_of(model := linear_network(kernel))
    one, two = (draw(engine, {"linear": [1]}, **CHOSEN | {"iterations": count})["linear"] for count in (1, 2))
    # The gradient of the mean of a linear map is the same everywhere: each step adds step * |g|^2 / rms(g).
    size = model.input_shape[1]
    gradient = np.zeros((size, size, 3))
    places = size - 2
    for row in range(3):
        for column in range(3):
            gradient[row : row + places, column : column + places] += kernel[row, column, :, 1] / places**2
    rms = np.sqrt((gradient**2).mean())
    rise = (gradient**2).sum() / rms / 255
    assert two.activations[0] - one.activations[0] == pytest.approx(rise, rel=1e-3)


def test_notes_are_kept_per_record_and_said_below_the_picture():
    for cause, is_dead in (("weights", True), ("bias", False)):
        model = network_with_dead_filters(cause)
        model.compile("sgd", "mse")
        size = model.input_shape[1:]
        history = FilterHistory(layers=["dead"], filters=[0, 1], iterations=2)
        model.fit(np.zeros((2, *size)), np.zeros((2, *model.output_shape[1:])), callbacks=[history], verbose=0)
        assert [notes[0] for notes in history.notes("dead")] == ["", ""]
        note = visualize_filter(model, "dead", 1, iterations=2).note
        assert note
        assert history.notes("dead")[-1][1] == note
        record, layer = history.records[-1], history.layout[0]
        words = shown(record, layer, 1, False).picture_words
        assert words == (note if is_dead else f"activation {record.activations['dead'][1]:.3g}. {note}")
        assert shown(record, layer, 0, False).picture_words == f"activation {record.activations['dead'][0]:.3g}"


def test_a_dead_filter_is_marked_and_one_that_was_woken_says_how():
    for cause, dead in (("weights", True), ("bias", False)):
        model = network_with_dead_filters(cause)
        drawn = draw(engine_of(model), {"dead": [0, 1]}, **CHOSEN)["dead"]
        assert drawn.dead.tolist() == [False, dead]
        assert drawn.notes[0] == ""
        assert "dead" in drawn.notes[1]
