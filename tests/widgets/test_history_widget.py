"""The history's widget: it fills in while fit runs, trusts nothing of the page, and never disturbs training."""

import base64
import dataclasses
import io
import json
import tempfile
import threading
import weakref

import ipywidgets
import keras
import numpy as np
import pytest
import traitlets
from PIL import Image

from filterviz_widget import FilterHistory
from filterviz_widget.history.shown import MOST_INPUTS, WEIGHT, shown
from filterviz_widget.session.worker import THREAD_NAME
from filterviz_widget.widgets import history_widget, live_widget
from filterviz_widget.widgets.history_widget import HistoryWidget
from filterviz_widget.widgets.live_widget import LOCK, WIDGETS
from tests.history.networks import examples, small
from tests.widgets.collect import collect


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
    assert data["text/plain"] == repr(widget) == "FilterHistory of 'small': 2 records, epochs 0 to 1"
    assert threads() == []
    history.close()
    assert widget.closed
    assert repr(widget) == "FilterHistory (closed)"
    assert "closed" in history._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="closed"):
        history.widget()


def test_a_loaded_history_shows_what_was_saved(pair, tmp_path):
    history, widget = pair
    history.save(tmp_path / "run.h5")
    loaded = FilterHistory.load(tmp_path / "run.h5")
    view = loaded.widget()
    assert view.wait(30)
    assert view.epoch == 0, "what is over is looked at from its beginning"
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
    history.save(tmp_path / "run.h5")
    assert FilterHistory.load(tmp_path / "run.h5").layout == history.layout
    words = [shown(history.records[0], layer, 0, True).kernel_words for layer in history.layout]
    assert words == ["3 x 3: in colour and red, above green and blue", "3 x 3, 4 inputs"]


def test_a_gradient_of_zeros_is_said_to_be_all_zero(pair):
    history, _ = pair
    record, layer = history.records[0], history.layout[1]
    assert "all zero" not in shown(record, layer, 0, True).gradient_words
    nothing = dataclasses.replace(record, gradients=tuple(np.zeros_like(one) for one in record.gradients))
    assert shown(nothing, layer, 0, True).gradient_words == "3 x 3, 4 inputs; all zero"


def test_every_message_of_the_page_is_heard_and_one_that_changes_nothing_draws_nothing(pair):
    _, widget = pair
    widget.set_state({"epoch": 1})
    assert widget.wait(30)
    heard, drawn = widget.heard, []
    widget.observe(lambda change: drawn.append(change.new), "status")
    for message in ({"epoch": 1}, {"epoch": 99}, {"layer": "none"}, {}, 3):
        widget.set_state(message)
    assert widget.heard == heard + 5
    assert widget.wait(30)
    # 99 becomes the last one, which is another than before.
    assert (drawn, widget.epoch) == (["drawing", "ready"], 2)
    widget.unobserve_all("status")


def test_several_settings_of_one_message_are_drawn_once(pair):
    _, widget = pair
    widget.set_state({"epoch": 0, "layer": "first", "filter": 0})
    assert widget.wait(30)
    drawn = []
    widget.observe(lambda change: drawn.append(change.new["layer"]), "shown")
    with LOCK:  # so that the thread cannot be quicker than the message
        widget.set_state({"epoch": 2, "layer": "second", "filter": 1})
    assert widget.wait(30)
    assert drawn == ["second"]
    widget.unobserve_all("shown")


def test_who_looks_at_the_newest_record_goes_on_to_see_the_newest_and_each_is_drawn_once():
    model, seen = small(), []
    history = FilterHistory(probe=examples(), filters=[0], iterations=2)
    widget = history.widget()
    assert widget.wait(30)
    drawn, moved = [], []
    widget.observe(lambda change: drawn.append(change.new["epoch"]), "shown")
    widget.observe(lambda change: moved.append(change.new), "epoch")

    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            assert widget.wait(30)
            seen.append((widget.epoch, widget.shown["epoch"], len(widget.epochs)))

        on_epoch_end = on_epoch_begin

    model.fit(*examples(), epochs=3, callbacks=[history, Look()], verbose=0)
    assert list(dict.fromkeys(seen)) == [(0, 0, 1), (1, 1, 2), (2, 2, 3), (3, 3, 4)]
    assert (drawn, moved) == ([0, 1, 2, 3], [1, 2, 3])
    # Who looks at another stays there, until the newest is chosen again.
    widget.epoch = 1
    model.fit(*examples(), epochs=1, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert (widget.epoch, widget.shown["epoch"], len(widget.epochs)) == (1, 1, 5)
    widget.set_state({"epoch": 4})
    model.fit(*examples(), epochs=2, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert (widget.epoch, widget.shown["epoch"], len(widget.epochs)) == (6, 6, 7)
    history.close()


def test_records_that_came_before_the_first_drawing_are_followed_too(monkeypatch):
    history = FilterHistory(probe=None, filters=())
    begun, original = threading.Event(), HistoryWidget._draw

    def late(self, job, is_wanted):
        begun.wait(30)
        original(self, job, is_wanted)

    monkeypatch.setattr(HistoryWidget, "_draw", late)
    widget = history.widget()
    small().fit(*examples(), epochs=2, callbacks=[history], verbose=0)
    begun.set()
    assert widget.wait(30)
    assert (widget.epoch, widget.shown["epoch"]) == (2, 2)
    history.close()


def test_a_record_is_looked_at_once_however_often_is_drawn(monkeypatch):
    added, original = [], history_widget.Overview.add
    monkeypatch.setattr(
        history_widget.Overview, "add", lambda self, one: added.append(one.epoch) or original(self, one)
    )
    history, widget = recorded(epochs=4, filters=())
    for epoch in (0, 3, 1):
        widget.epoch = epoch
        assert widget.wait(30)
    assert added == [0, 1, 2, 3, 4]
    history.close()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("epoch", 3, "epoch must be a whole number from 0 to 2, got 3."),
        ("epoch", -1, "epoch must be a whole number from 0 to 2, got -1."),
        ("epoch", True, "epoch must be a whole number from 0 to 2, got True."),
        ("epoch", "1", "epoch must be a whole number from 0 to 2, got '1'."),
        ("layer", "third", "There is no recorded layer 'third'; there are first, second."),
        ("layer", 1, "There is no recorded layer 1; there are first, second."),
        ("filter", 3, "filter must be one of [0, 1, 2], got 3."),
        ("filter", None, "filter must be one of [0, 1, 2], got None."),
    ],
)
def test_what_python_assigns_is_checked(pair, name, value, words):
    _, widget = pair
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError) as caught:
        setattr(widget, name, value)
    assert str(caught.value) == words
    assert getattr(widget, name) == before


def test_what_python_assigns_is_shown():
    history, _ = recorded(filters=[1, 4])
    widget = HistoryWidget(history)
    # At once, before anything is drawn.
    widget.epoch, widget.layer = 2, "second"
    widget.filter = 4
    assert widget.wait(30)
    assert [widget.shown[name] for name in ("epoch", "layer", "filter")] == [2, "second", 4]
    widget.layer = "first"
    assert (widget.filter, widget.wait(30)) == (1, True), "the first layer has no filter 4"
    assert [widget.shown[name] for name in ("epoch", "layer", "filter")] == [2, "first", 1]
    with widget.hold_trait_notifications():
        widget.layer, widget.epoch = "second", 0
        widget.filter = 4
    assert widget.wait(30)
    assert [widget.shown[name] for name in ("epoch", "layer", "filter")] == [0, "second", 4]
    widget.close()
    history.close()


def test_before_the_first_record_there_is_nothing_to_choose():
    history = FilterHistory()
    widget = history.widget()
    for name, value in (("epoch", 1), ("layer", "first"), ("filter", 3)):
        with pytest.raises(traitlets.TraitError, match="nothing is recorded yet"):
            setattr(widget, name, value)
        widget.set_state({name: value})
        assert "nothing is recorded yet" in widget.error
    widget.epoch, widget.layer, widget.filter = 0, "", 0
    widget.set_state({"epoch": 0, "layer": "", "filter": 0})
    assert widget.error == ""
    history.close()


def test_what_could_not_be_recorded_is_told_and_taken_back():
    model, (x, y) = small(compiled=False), examples()
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = FilterHistory(layers=["third"], filters=())
    widget = history.widget()
    with pytest.warns(RuntimeWarning, match="stopped recording"):
        model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert widget.error.startswith("Not all was recorded; training went on. ValueError: The model 'small' has no layer")
    history._wanted_layers = ["first"]
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert (widget.error, widget.epochs) == ("", [1, 2])
    history.close()


def test_why_there_is_no_gradient_is_said_in_its_place():
    x, y = examples()
    with pytest.warns(RuntimeWarning, match="could not record all"):
        history, widget = recorded(epochs=1, probe=(x[:, :5, :5], y), filters=())
    assert widget.shown["gradient_words"].startswith("no gradient: The gradients on the probe could not be computed.")
    assert "could not be computed" in widget.error
    assert widget.marks == {}
    history.close()


@pytest.mark.parametrize("raises", [ValueError("no"), SystemExit(3)])
def test_an_observer_that_raises_ends_neither_the_drawing_nor_the_training(raises):
    history = FilterHistory(probe=None, filters=[0], iterations=2)
    widget = history.widget()

    def broken(change):
        raise raises

    widget.observe(broken, ["shown", "epoch", "epochs"])
    small().fit(*examples(), epochs=2, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert (widget.epochs, widget.shown["epoch"], widget.status) == ([0, 1, 2], 2, "ready")
    assert type(raises).__name__ in widget.error
    widget.unobserve_all("shown")
    history.close()


def test_an_observer_that_chooses_something_else_gets_it():
    history = FilterHistory(probe=None, filters=[0, 1], iterations=2)
    widget = history.widget()
    widget.observe(lambda change: setattr(widget, "layer", "second"), "epoch")
    small().fit(*examples(), epochs=1, callbacks=[history], verbose=0)
    assert widget.wait(30)
    assert [widget.shown[name] for name in ("epoch", "layer")] == [1, "second"]
    history.close()


def test_an_observer_cannot_wait_for_what_waits_for_it():
    history, widget = recorded(epochs=1, filters=())
    answers = []

    def wait(change):
        try:
            widget.wait(30)
        except RuntimeError as error:
            answers.append(str(error))

    widget.observe(wait, "shown")
    widget.epoch = 0
    widget.unobserve_all("shown")
    assert widget.wait(30)
    assert all("observe `status`" in answer for answer in answers)
    history.close()


def test_an_observer_may_close_the_history():
    history = FilterHistory(probe=None, filters=())
    widget = history.widget()
    widget.observe(lambda change: history.close(), "shown")
    small().fit(*examples(), epochs=1, callbacks=[history], verbose=0)
    assert widget.closed
    assert threads() == []


def open_widgets():
    collect()
    return [one for one in WIDGETS.values() if isinstance(one, ipywidgets.Layout | HistoryWidget)]


def test_what_nobody_holds_leaves_no_thread_no_layout_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(open_widgets())
    history, widget = recorded(epochs=1, max_bytes=0)
    history._repr_mimebundle_()
    widget._handle_custom_msg({"type": "hello"}, [])
    assert len(list(tmp_path.iterdir())) == 1
    gone = weakref.ref(widget), weakref.ref(history), weakref.ref(history.model)
    del history
    assert len(open_widgets()) == before + 2, "the page shows it"
    assert widget.shown["epoch"] == 1
    widget._handle_custom_msg({"type": "bye"}, [])
    live_widget._left.clear()  # where the last few are held that a page left
    del widget
    keras.backend.clear_session()
    collect()
    assert [one() for one in gone] == [None, None, None]
    assert len(open_widgets()) == before
    assert list(tmp_path.iterdir()) == []
    assert threads() == []


def test_a_widget_that_nobody_holds_goes_although_the_history_stays():
    history, shown_first = recorded(epochs=1, filters=())
    other = HistoryWidget(history)
    assert other.wait(30)
    gone, before = weakref.ref(other), len(open_widgets())
    del other
    assert len(open_widgets()) == before - 2
    assert gone() is None
    assert history.widget() is shown_first
    history.close()


def test_close_leaves_nothing_open_either():
    before = len(open_widgets())
    history, widget = recorded(epochs=1, filters=())
    history.close()
    assert widget.closed
    assert len(open_widgets()) == before
    assert threads() == []
    assert widget.wait(1)


def test_training_never_waits_for_an_observer():
    history = FilterHistory(probe=None, filters=())
    widget = history.widget()
    assert widget.wait(30)
    entered, go_on = threading.Event(), threading.Event()
    in_time = []

    def slow(change):
        entered.set()
        in_time.append(go_on.wait(30))

    widget.observe(slow, "shown")
    small().fit(*examples(), epochs=3, callbacks=[history], verbose=0)
    assert entered.wait(30)
    assert history.epochs == (0, 1, 2, 3)
    go_on.set()
    assert widget.wait(30)
    assert all(in_time), "fit was over before the observer was"
    assert widget.epochs == [0, 1, 2, 3]
    history.close()


def test_epochs_that_are_shorter_than_a_drawing_are_shown_while_they_come(monkeypatch):
    shown_at, original = [], history_widget.shown
    go_on = threading.Semaphore(0)

    def slow(*arguments):
        go_on.acquire(timeout=30)
        return original(*arguments)

    monkeypatch.setattr(history_widget, "shown", slow)
    history = FilterHistory(probe=None, filters=())
    widget = history.widget()
    told = threading.Event()

    class Quick(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            told.clear()
            go_on.release()  # a drawing ends after the next one was asked for
            assert told.wait(30)
            shown_at.append(len(widget.epochs))

    widget.observe(lambda change: told.set(), "shown")
    small().fit(*examples(), epochs=4, callbacks=[history, Quick()], verbose=0)
    for _ in range(20):
        go_on.release()
    assert widget.wait(30)
    assert shown_at[-1] >= 3
    history.close()


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
