"""What is compiled before it is asked for, and the coarse frame before a slow picture's first."""

import threading
import time
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.description.description import Description
from filterviz_widget.description.method import Method
from filterviz_widget.engine import Frames, frames
from filterviz_widget.engine.compiled import CompiledLayers
from filterviz_widget.model import read_model
from filterviz_widget.session import Session, session
from tests.networks import SIZE, small_network

WANTED = Description("second", 3, 1.0, 20, 0, (SIZE, SIZE), (0.0, 1.0))


def always():
    return True


def never():
    return False


def test_what_was_prepared_needs_no_compiling_and_gives_the_same_bytes():
    made = Frames(read_model(small_network()))
    made.prepare(WANTED, always)
    stream = list(made.stream(WANTED))
    assert "compiling" not in {frame.status for frame in stream}
    (plain,) = Frames(read_model(small_network())).pictures([WANTED])
    assert stream[-1].picture.raw.tobytes() == plain.raw.tobytes()


def test_all_octaves_are_prepared():
    made = Frames(read_model(small_network(size=None), image_size=48))
    wanted = replace(WANTED, image_size=(48, 48), method=Method(octaves=3), iterations=6)
    made.prepare(wanted, always)
    assert "compiling" not in {frame.status for frame in made.stream(wanted)}


def test_work_ahead_that_is_not_wanted_any_more_is_given_up_and_leaves_nothing():
    compiled = CompiledLayers(read_model(small_network()))
    asked = []

    def until_the_second_layer():
        asked.append(1)
        return len(asked) < 3

    assert compiled.ahead(WANTED, WANTED.image_size, until_the_second_layer) is None
    assert compiled.find(WANTED, WANTED.image_size) is None
    assert compiled.compile(WANTED, WANTED.image_size).ascent.trace_count == 1


@pytest.fixture
def slow_to_trace():
    """A model whose second layer waits while it is traced; the events: it waits, and it may go on."""
    entered, go_on = threading.Event(), threading.Event()
    go_on.set()

    def wait(x):
        entered.set()
        assert go_on.wait(10)
        return x

    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, name="first")(image)
    model = keras.Model(image, layers.Conv2D(4, 3, name="second")(layers.Lambda(wait, name="wait")(x)))
    view = read_model(model)
    entered.clear()
    go_on.clear()
    yield view, entered, go_on
    go_on.set()


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    return thread, results


def test_who_asks_for_what_is_coming_waits_for_it_instead_of_beginning_anew(slow_to_trace):
    view, entered, go_on = slow_to_trace
    compiled = CompiledLayers(view)
    wanted = threading.Event()
    wanted.set()
    ahead, made = in_thread(lambda: compiled.ahead(WANTED, WANTED.image_size, wanted.is_set))
    assert entered.wait(10)
    wanted.clear()  # a slider has moved: to just this layer
    asker, got = in_thread(lambda: compiled.compile(WANTED, WANTED.image_size))
    deadline = time.monotonic() + 10
    while not any(coming.is_awaited for coming in compiled._coming.values()) and time.monotonic() < deadline:
        time.sleep(0.01)
    go_on.set()
    ahead.join(10)
    asker.join(10)
    assert made[0] is got[0] is not None
    assert got[0].ascent.trace_count == 1


def test_who_asks_for_another_layer_does_not_wait(slow_to_trace):
    view, entered, go_on = slow_to_trace
    made = Frames(view)
    ahead, _ = in_thread(lambda: made.prepare(WANTED, never_after(entered)))
    assert entered.wait(10)
    (picture,) = made.pictures([replace(WANTED, layer="first")])  # while the other is traced still
    assert not go_on.is_set()
    assert picture.activations[-1] > picture.activations[0]
    go_on.set()
    ahead.join(10)
    assert made._layers.find(WANTED, WANTED.image_size) is None


def never_after(event):
    return lambda: not event.is_set()


def test_a_slow_picture_has_a_coarse_frame_first_and_does_not_depend_on_it(monkeypatch):
    (plain,) = Frames(read_model(small_network(size=None), image_size=SIZE)).pictures([WANTED])
    monkeypatch.setattr(frames, "SLOW", 0.0)
    made = Frames(read_model(small_network(size=None), image_size=SIZE))
    made.prepare(WANTED, always)
    stream = [frame for frame in made.stream(WANTED) if frame.image is not None]
    coarse, *others = stream
    assert (coarse.status, coarse.iteration, coarse.image.shape) == ("running", 0, (SIZE, SIZE, 3))
    assert coarse.is_preview
    assert not any(frame.is_preview for frame in others)
    assert others[-1].picture.raw.tobytes() == plain.raw.tobytes()
    assert np.array_equal(others[-1].picture.activations, plain.activations)


def test_a_quick_picture_has_no_coarse_frame():
    made = Frames(read_model(small_network(size=None), image_size=SIZE))
    made.prepare(WANTED, always)
    assert not any(frame.is_preview for frame in made.stream(WANTED))


def test_a_model_that_cannot_be_had_at_half_the_size_goes_without_a_coarse_frame(monkeypatch):
    monkeypatch.setattr(frames, "SLOW", 0.0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, name="first"),
            layers.Flatten(),
            layers.Dense(5, name="second"),
        ]
    )
    made = Frames(read_model(model))
    for _ in range(2):
        made.prepare(WANTED, always)
    stream = list(made.stream(WANTED))
    assert not any(frame.is_preview for frame in stream)
    assert stream[-1].status == "done"
    assert len(made._layers._failed) == 1


def test_after_a_picture_the_likely_ones_are_compiled_while_nothing_is_asked_for(monkeypatch):
    monkeypatch.setattr(session, "REST", 0.05)
    published = []
    neighbours = {"first": "second", "second": "first"}
    made = Session(
        read_model(small_network()),
        published.append,
        lambda shown: [replace(shown, layer=neighbours[shown.layer], filter=0)],
    )
    made.show(replace(WANTED, iterations=3))
    made.wait(60)
    assert made._ahead.wait(60)
    count = len(published)
    made.show(replace(WANTED, layer="first", iterations=3))
    made.wait(60)
    made.close(10)
    assert "compiling" not in {frame.status for frame in published[count:]}
    assert not made._ahead._thread.is_alive()
