"""What is compiled before it is asked for, and the coarse frame before a slow picture's first."""

import threading
from dataclasses import replace

import keras
import pytest
from keras import layers

from filterviz_widget.description.method import Method
from filterviz_widget.engine import Abandoned, Engine
from filterviz_widget.engine.compiled import CompiledLayers
from filterviz_widget.model import read_model
from filterviz_widget.session import Session, session
from filterviz_widget.twin import Measured, Weights
from tests.networks import SIZE, small_network, wanted

WANTED = wanted()


def always():
    pass


def compiled_layers(view):
    return CompiledLayers(view, Weights(), Measured())


def test_what_was_prepared_needs_no_compiling_and_gives_the_same_bytes():
    engine = Engine(read_model(small_network()))
    engine.prepare(WANTED, always)
    frames = list(engine.stream(WANTED))
    assert "compiling" not in {frame.status for frame in frames}
    plain = Engine(read_model(small_network())).picture(WANTED)
    assert frames[-1].picture.raw.tobytes() == plain.raw.tobytes()


def test_all_octaves_are_prepared():
    engine = Engine(read_model(small_network(size=None), image_size=72))
    large = wanted(size=72, method=Method(octaves=3), iterations=6)
    engine.prepare(large, always)
    assert "compiling" not in {frame.status for frame in engine.stream(large)}


def giving_up_after(count):
    asked = []

    def check():
        asked.append(1)
        if len(asked) > count:
            raise Abandoned

    return check


@pytest.mark.parametrize("way", ["compile", "ahead"])
def test_work_that_is_not_wanted_any_more_is_given_up_and_leaves_nothing(way):
    compiled = compiled_layers(read_model(small_network()))
    with pytest.raises(Abandoned):
        getattr(compiled, way)(WANTED, WANTED.image_size, check=giving_up_after(2))
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

    def run():
        try:
            results.append(function())
        except Abandoned:
            results.append(None)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def giving_up_once(event):
    def check():
        if event.is_set():
            raise Abandoned

    return check


def test_who_asks_for_what_is_coming_waits_for_it_instead_of_beginning_anew(slow_to_trace):
    view, entered, go_on = slow_to_trace
    compiled = compiled_layers(view)
    moved, waits = threading.Event(), threading.Event()
    ahead, made = in_thread(lambda: compiled.ahead(WANTED, WANTED.image_size, giving_up_once(moved)))
    assert entered.wait(10)
    asker, got = in_thread(lambda: compiled.compile(WANTED, WANTED.image_size, check=waits.set))
    assert waits.wait(10)
    moved.set()  # a slider has moved: to just this layer
    go_on.set()
    ahead.join(10)
    asker.join(10)
    assert got[0] is compiled.find(WANTED, WANTED.image_size) is not None
    assert got[0].ascent.trace_count == 1
    assert made == [None], "what nobody wants ahead any more is not warmed up"


def test_who_asks_for_another_layer_does_not_wait(slow_to_trace):
    view, entered, go_on = slow_to_trace
    engine = Engine(view)
    ahead, _ = in_thread(lambda: engine.prepare(WANTED, giving_up_once(entered)))
    assert entered.wait(10)
    picture = engine.picture(replace(WANTED, layer="first"))  # while the other is traced still
    assert not go_on.is_set()
    assert picture.activations[-1] > picture.activations[0]
    go_on.set()
    ahead.join(10)
    assert engine._layers.find(WANTED, WANTED.image_size) is None


def test_a_layer_that_is_compiled_is_dropped_when_another_one_is_asked_for(slow_to_trace):
    view, entered, go_on = slow_to_trace
    engine, published = Engine(view), []
    made = Session(lambda: engine, lambda frame: published.append(frame) or True)
    made.show(WANTED)
    assert entered.wait(10)
    made.show(replace(WANTED, layer="first", filter=1))
    go_on.set()
    assert made.wait(60).description.layer == "first"
    made.close(10)
    assert engine._layers.find(WANTED, WANTED.image_size) is None, "its trace ended at the next layer"
    assert {frame.description.layer for frame in published if frame.image is not None} == {"first"}


def test_after_a_picture_the_likely_ones_are_compiled_while_nothing_is_asked_for(monkeypatch):
    monkeypatch.setattr(session, "REST", 0.05)
    published = []
    neighbours = {"first": "second", "second": "first"}
    engine = Engine(read_model(small_network()))
    made = Session(
        lambda: engine,
        lambda frame: published.append(frame) or True,
        likely=lambda shown: [replace(shown, layer=neighbours[shown.layer], filter=0)],
    )
    made.show(replace(WANTED, iterations=3))
    made.wait(60)
    assert made._ahead.wait(60)
    count = len(published)
    made.show(replace(WANTED, layer="first", iterations=3))
    made.wait(60)
    made.close(10)
    assert "compiling" not in {frame.status for frame in published[count:]}
