"""What is opened goes: by close(), or when nobody has it any more; and nothing that happens stops the next picture."""

import gc
import sys
import threading
import weakref

import ipywidgets
import numpy as np
import pytest
import tensorflow as tf
from ipykernel.kernelbase import Kernel
from tensorflow.python.framework import ops

from filterviz_widget import FilterExplorer
from filterviz_widget.session.worker import THREAD_NAME
from filterviz_widget.widgets import live_widget
from filterviz_widget.widgets.live_widget import WIDGETS
from tests.networks import SIZE, small_network
from tests.widgets.collect import alive, collect


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


class Custom(tf.keras.layers.Layer):
    """A user's layer with a custom gradient, which TensorFlow registers once more for every trace."""

    def call(self, x):
        @tf.custom_gradient
        def passed(x):
            return x * 2.0, lambda upstream: upstream

        return passed(x)


def test_models_come_and_go_and_leave_no_graph_behind():
    def one():
        known = set(ops.gradient_registry._registry)
        image = tf.keras.Input((SIZE, SIZE, 3))
        x = tf.keras.layers.MaxPooling2D(2)(Custom()(tf.keras.layers.Conv2D(4, 3, activation="silu")(image)))
        model = tf.keras.Model(image, tf.keras.layers.Conv2D(4, 3, activation="gelu", name="last")(x))
        for name in set(ops.gradient_registry._registry) - known:  # what Keras left when it built the model
            del ops.gradient_registry._registry[name]
        explorer = FilterExplorer(model, layer="last", iterations=2)
        explorer.wait(60)
        for method in ("robust", "natural"):
            explorer.method = method
            explorer.iterations = 2
            explorer.wait(60)
        explorer.close()
        return weakref.ref(model)

    one()
    before = alive()
    gone = [one() for _ in range(3)]
    after = alive()
    assert [model() for model in gone[:-1]] == [None] * 2
    assert all(after[name] <= before[name] for name in before), (before, after)


def test_an_explorer_that_a_page_shows_is_held_until_the_page_lets_it_go():
    explorer = FilterExplorer(small_network(), iterations=2)
    explorer.wait(60)
    explorer._repr_mimebundle_()  # display(FilterExplorer(model)): no variable holds it
    for kind in ("hello", "hello", "bye"):  # two views, and one of them is removed
        explorer._handle_custom_msg({"type": kind}, [])
    seen, model_id = weakref.ref(explorer), explorer.model_id
    del explorer
    collect()
    assert seen() is not None
    seen()._handle_custom_msg({"type": "bye"}, [])
    collect()
    assert seen() is not None, "a notebook that is closed may be opened again"
    for _ in range(4):  # but not without end
        other = FilterExplorer(small_network(), iterations=2)
        for kind in ("hello", "bye"):
            other._handle_custom_msg({"type": kind}, [])
        del other
    collect()
    assert seen() is None
    assert model_id not in WIDGETS
    live_widget._left.clear()


def test_a_dropped_explorer_stops_its_run():
    explorer = FilterExplorer(small_network(), layer="second", iterations=10_000)
    running = threading.Event()
    explorer.observe(lambda change: running.set(), "iteration")
    assert running.wait(60)
    working = threads()
    assert working
    del explorer
    collect()
    for thread in working:
        thread.join(10)
        assert not thread.is_alive()


def test_python_may_drop_an_explorer_anywhere_whoever_holds_the_lock():
    """A thread that is new may collect what is dropped while who starts it holds the lock and waits until it runs."""
    explorer = FilterExplorer(small_network())
    explorer.wait(60)
    seen = weakref.ref(explorer)
    del explorer
    with live_widget.LOCK:
        other = threading.Thread(target=gc.collect)
        other.start()
        other.join(10)
        assert not other.is_alive()
    collect()
    assert seen() is None


def test_a_widget_closes_the_layout_that_was_made_for_it_and_no_other():
    collect()
    before = set(WIDGETS)
    own, layout = FilterExplorer(small_network()), ipywidgets.Layout(width="50%")
    given = FilterExplorer(small_network(), layout=layout)
    own.close()
    given.close()
    assert set(WIDGETS) == before | {layout.model_id}
    layout.close()


# What happens in observers and hosts


@pytest.mark.parametrize("failure", [KeyError("oh"), SystemExit(2), RecursionError()], ids=lambda error: repr(error))
@pytest.mark.parametrize("trait", ["image", "status", "iteration", "shown"])
def test_whatever_an_observer_raises_the_next_picture_comes(failure, trait):
    explorer = FilterExplorer(small_network(), iterations=3)
    explorer.wait(60)

    def observer(change):
        raise failure

    explorer.observe(observer, trait)
    explorer.filter = 3
    assert explorer.wait(60).description.filter == 3
    assert f"observer of '{trait}' raised {type(failure).__name__}" in explorer.error
    explorer.unobserve(observer, trait)
    explorer.filter = 4
    assert explorer.wait(60).description.filter == 4
    assert (explorer.status, explorer.error) == ("done", "")
    explorer.close()


def test_a_host_that_refuses_to_send_does_not_stop_the_pictures(monkeypatch):
    explorer = FilterExplorer(small_network(), iterations=3)
    explorer.wait(60)

    def refuse(*arguments, **options):
        raise RuntimeError("No current session context: Shiny does so")

    monkeypatch.setattr(explorer.comm, "send", refuse)
    explorer.set_state({"filter": 2})
    assert explorer.wait(60).description.filter == 2
    monkeypatch.undo()
    explorer.set_state({"filter": 3})
    assert explorer.wait(60).description.filter == 3
    assert explorer.shown["filter"] == 3
    explorer.close()


def test_settings_may_be_held_together_and_changed_in_any_order():
    explorer = FilterExplorer(small_network(), layer="second", filter=7, direction={7: 1.0}, iterations=2)
    with explorer.hold_trait_notifications():
        explorer.layer = "first"
        explorer.filter = 2
        explorer.options = {"jitter": 2}
    picture = explorer.wait(60)
    assert (picture.description.layer, picture.description.filter) == ("first", 2)
    assert picture.description.method.direction == ()
    assert picture.description.method.jitter == 2
    explorer.close()


def test_a_direction_of_filters_that_the_next_layer_does_not_have_is_dropped_with_the_layer():
    explorer = FilterExplorer(small_network(), layer="second", filter=7, direction={7: 1.0, 2: 0.5}, iterations=2)
    explorer.layer = "first"
    assert explorer.wait(60).description.method.direction == ((2, 0.5),)
    explorer.filter = 1
    explorer.layer = "second"
    assert explorer.wait(60).description.layer == "second"
    explorer.close()


# Answers


@pytest.fixture(scope="module")
def shared():
    explorer = FilterExplorer(small_network(), iterations=2)
    yield explorer
    explorer.close()


def test_every_message_is_answered_also_one_that_changes_nothing(shared):
    for send in (
        lambda: shared.set_state({"all_layers": False}),
        lambda: shared.set_state({"filter": shared.filter}),
        lambda: shared.set_state({}),
        lambda: shared._handle_custom_msg({"type": "run"}, []),
        lambda: shared._handle_custom_msg({"type": "nonsense"}, []),
        lambda: shared._handle_custom_msg(None, []),
    ):
        heard = shared.heard
        send()
        assert shared.heard == heard + 1


def test_who_says_hello_is_told_the_whole_state(shared, monkeypatch):
    shared.wait(60)
    sent = []
    monkeypatch.setattr(shared, "_send", lambda data, buffers=None: sent.append(data))
    shared._handle_custom_msg({"type": "hello"}, [])
    told = {name for message in sent for name in message["state"]}
    assert {"layers", "image", "shown", "activations", "axes", "status", "heard"} <= told
    assert not any(name.startswith("_") for name in told)


def test_the_curve_travels_once_and_is_whole_for_who_looks_at_it(monkeypatch):
    explorer = FilterExplorer(small_network(), layer="second", iterations=2)
    explorer.wait(60)
    sent, whole = [], []
    explorer.observe(lambda change: whole.append(len(change.new)), "activations")
    monkeypatch.setattr(explorer, "_send", lambda data, buffers=None: sent.append(data["state"]))
    monkeypatch.setattr(explorer.comm, "kernel", Kernel(), raising=False)  # ipywidgets 7 is silent where there is none
    explorer.iterations = 3000
    picture = explorer.wait(60)
    monkeypatch.undo()
    more = [state["activations_more"] for state in sent if state.get("activations_more")]
    assert len(more) > 3
    curve = []
    for each in more:
        assert each["start"] == len(curve)
        curve += each["values"]
    np.testing.assert_array_equal(np.float32(curve), picture.activations[: len(curve)])
    assert [len(state["activations"]) for state in sent if "activations" in state] == [0, 3001]
    assert whole == sorted(whole), "in Python it grows"
    assert len(whole) > 3
    explorer.close()


def test_the_settings_return_at_once_also_while_a_picture_is_drawn(shared):
    before = sys.getswitchinterval()
    shared.set_state({"filter": 1, "iterations": 10_000})
    shared.set_state({"filter": 2, "iterations": 2})
    assert shared.wait(60).description.filter == 2
    assert sys.getswitchinterval() == before


def test_a_name_says_what_it_is(shared):
    shared.wait(60)
    assert repr(shared) == "FilterExplorer: first, filter 2, classic, done"
    closed = FilterExplorer(small_network())
    closed.close()
    assert repr(closed) == "FilterExplorer (closed)"
