"""The history's widget: it fills in while fit runs, trusts nothing of the page, and never disturbs training."""

import base64
import dataclasses
import io
import json
import threading

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from filterviz_widget import FilterHistory
from filterviz_widget.history.shown import MOST_INPUTS, WEIGHT, marks, shown
from filterviz_widget.session.worker import THREAD_NAME
from tests.history.networks import examples, small


def recorded(epochs=2, model=None, **options):
    model = model or small()
    history = FilterHistory(
        **{"probe": examples(), "filters": range(3), "iterations": 2, "input_range": (0, 1)} | options
    )
    widget = history.widget()
    model.fit(*examples(), epochs=epochs, callbacks=[history], verbose=0)
    assert widget.wait(30)
    return history, widget


@pytest.fixture(scope="module")
def pair():
    history, widget = recorded()
    yield history, widget
    history.close()


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


def test_it_shows_every_record_with_the_layers_the_logs_and_the_norms(pair):
    history, widget = pair
    assert widget.epochs == [0, 1, 2]
    assert [entry["name"] for entry in widget.layers] == ["first", "second"]
    assert widget.logs["loss"][0] is None, "nothing was logged before training"
    assert widget.logs["loss"][1:] == pytest.approx([log["loss"] for log in history.logs[1:]])
    np.testing.assert_allclose(widget.norms["second"], history.layer_gradient_norms()["second"])
    assert "10 examples" in widget.note
    json.dumps(widget.get_state(), allow_nan=False)


def test_it_fills_in_while_fit_runs():
    model, seen = small(), []
    history = FilterHistory(probe=examples(), filters=range(2), iterations=2, input_range=(0, 1))
    widget = history.widget()
    assert "Nothing recorded yet" in (widget.wait(30) and widget.note)

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            widget.wait(30)
            seen.append(len(widget.epochs))

    model.fit(*examples(), epochs=3, callbacks=[history, Look()], verbose=0)
    history.close()
    assert seen == [2, 3, 4]


def test_the_filter_that_is_asked_for_is_shown(pair):
    history, widget = pair
    widget.set_state({"epoch": 2, "layer": "second", "filter": 1})
    assert widget.wait(30)
    assert (widget.shown["epoch"], widget.shown["layer"], widget.shown["filter"]) == (2, "second", 1)
    expected = shown(history.records[2], history.layout[1], 1, True)
    assert widget.shown["picture"] == expected.picture
    assert widget.shown["kernel_limit"] == pytest.approx(np.abs(history.kernels("second")[2]).max())
    assert widget.shown["gradient_limit"] == pytest.approx(np.abs(history.kernel_gradients("second")[2]).max())


def test_the_history_in_a_cell_is_one_widget_however_often():
    history, widget = recorded(epochs=1)
    bundle = history._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert history.widget() is widget
    assert threads() == []
    history.close()
    assert widget.closed
    assert "closed" in history._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="closed"):
        history.widget()


def test_a_loaded_history_shows_what_was_saved(pair, tmp_path):
    history, widget = pair
    history.save(tmp_path / "run.npz")
    loaded = FilterHistory.load(tmp_path / "run.npz")
    view = loaded.widget()
    assert view.wait(30)
    widget.set_state({"epoch": 0, "layer": "first", "filter": 0})
    assert widget.wait(30)
    assert view.shown == widget.shown
    assert view.norms == widget.norms
    loaded.close()


def test_training_with_the_widget_gives_the_same_weights_to_the_last_bit():
    def train(with_widget):
        keras.utils.set_random_seed(1)
        model = small()
        if with_widget:
            history, _ = recorded(model=model)
            history.close()
        else:
            model.fit(*examples(), epochs=2, verbose=0)
        return [weight.tobytes() for weight in model.get_weights()]

    assert train(True) == train(False)


def test_a_frozen_layer_is_said_to_be_frozen():
    model = small()
    model.get_layer("first").trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    history, widget = recorded(epochs=1, model=model)
    widget.set_state({"layer": "first", "filter": 0})
    assert widget.wait(30)
    assert widget.shown["gradient_words"] == "frozen: no gradient"
    assert widget.shown["gradient"] == ""
    assert "first" not in widget.norms
    history.close()


class Norms:
    """What `marks` reads of a history."""

    def __init__(self, norms):
        self._norms = {name: np.array(row, float) for name, row in norms.items()}
        self.weights = tuple(f"{name}/kernel" for name in norms)
        self.has_gradient = np.ones((1, len(norms)), bool)
        self.layout, self.records = (), []

    def layer_gradient_norms(self):
        return self._norms


def test_dead_and_exploding_layers_are_marked():
    usual = {"a": [1.0], "b": [2.0], "c": [3.0]}
    found = marks(Norms({**usual, "dead": [0.0], "exploding": [500.0], "broken": [np.nan], "infinite": [np.inf]}))
    assert {name: words[0] for name, words in found.items() if words[0]} == {
        "dead": "dead",
        "exploding": "exploding",
        "broken": "exploding",
        "infinite": "exploding",
    }


def test_a_kernel_of_many_inputs_is_shown_in_part_and_says_so(pair):
    history, _ = pair
    record, layer = history.records[0], history.layout[0]
    many = np.random.default_rng(0).normal(size=(3, 3, 200, 4)).astype(np.float32)
    wide = type(record)(**{**vars(record), "kernels": {"first": (many,)}})
    of_many = layer._replace(sees_colours=False)
    assert shown(wide, of_many, 0, False).kernel_words == f"3 x 3, {MOST_INPUTS} of 200 inputs"


@pytest.mark.parametrize(
    ("inputs", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (8, 4, 2), (32, 8, 4), (64, 8, 8), (7, 3, 3)]
)
def test_the_tiles_of_a_kernel_fill_their_rows_where_they_can(pair, inputs, columns, rows):
    history, _ = pair
    layer = history.layout[0]._replace(sees_colours=False)
    kernel = np.ones((3, 3, inputs, 4), np.float32)
    url = shown(dataclasses.replace(history.records[0], kernels={"first": (kernel,)}), layer, 0, False).kernel
    size = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size
    assert size == (columns * (3 * WEIGHT + 1) - 1, rows * (3 * WEIGHT + 1) - 1)


def test_only_the_first_layer_sees_colours_and_is_shown_in_colour_too(pair, tmp_path):
    history, _ = pair
    assert [layer.sees_colours for layer in history.layout] == [True, False]
    history.save(tmp_path / "run.npz")
    assert FilterHistory.load(tmp_path / "run.npz").layout == history.layout
    words = [shown(history.records[0], layer, 0, True).kernel_words for layer in history.layout]
    assert words == ["3 x 3: in colour and red, above green and blue", "3 x 3, 4 inputs"]


def test_a_gradient_of_zeros_is_said_to_be_all_zero(pair):
    history, _ = pair
    record, layer = history.records[0], history.layout[1]
    assert "all zero" not in shown(record, layer, 0, True).gradient_words
    nothing = dataclasses.replace(record, gradients=tuple(np.zeros_like(one) for one in record.gradients))
    assert shown(nothing, layer, 0, True).gradient_words == "3 x 3, 4 inputs; all zero"


def test_a_layer_is_dead_whose_every_drawn_filter_is(pair):
    history, _ = pair
    norms = history.layer_gradient_norms()
    record = history.records[0]

    dying = Norms({name: row[:2] for name, row in norms.items()})
    dying.layout = history.layout[:1]
    dying.records = [
        dataclasses.replace(record, dead={"first": np.array(dead)}) for dead in ([True, False], [True, True])
    ]
    dying.has_gradient = np.ones((2, len(norms)), bool)
    assert marks(dying)["first"] == ["", "dead"]
    assert marks(dying)["second"] == ["", ""]


def test_every_message_of_the_page_is_answered_even_one_that_changes_nothing(pair):
    _, widget = pair
    widget.set_state({"epoch": 1})
    assert widget.wait(30)
    seen = []
    widget.observe(lambda change: seen.append(change.new), "status")
    widget.set_state({"epoch": 1})
    assert widget.wait(30)
    widget.unobserve_all("status")
    assert seen == ["drawing", "ready"]


def test_without_pictures_every_kernel_can_be_looked_at():
    history, widget = recorded(epochs=1, filters=())
    assert [entry["filters"] for entry in widget.layers] == [[0, 1, 2, 3], [0, 1, 2, 3, 4]]
    widget.set_state({"layer": "second", "filter": 4})
    assert widget.wait(30)
    assert (widget.shown["filter"], widget.shown["picture"]) == (4, "")
    assert widget.shown["kernel"]
    history.close()


def test_without_a_probe_there_is_no_gradient_and_the_widget_says_so():
    history, widget = recorded(epochs=1, probe=None)
    assert (widget.error, widget.norms) == ("", {})
    assert widget.shown["gradient_words"] == "no probe was given"
    assert "No probe was given" in widget.note
    history.close()


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries({}, optional={"epoch": anything, "layer": anything, "filter": anything, "shown": anything})
    | anything
)
def test_no_message_of_the_page_raises_or_leaves_an_invalid_state(pair, message):
    _, widget = pair
    widget.set_state(message)
    assert 0 <= widget.epoch < 3
    assert widget.layer in ("", "first", "second")
    assert widget.filter in (0, 1, 2)
    assert isinstance(widget.error, str)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"epoch": 9}, "epoch must be a whole number from 0 to 2, got 9; 2 is used."),
        ({"layer": "third"}, "There is no recorded layer 'third'; there are first, second."),
        ({"layer": "first", "filter": 7}, "filter must be one of [0, 1, 2], got 7."),
    ],
)
def test_what_is_wrong_is_said_in_words(pair, message, words):
    _, widget = pair
    widget.set_state(message)
    assert words in widget.error
