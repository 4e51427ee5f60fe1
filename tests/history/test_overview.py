"""What is shown of all records together grows by the new one, and is what the records say."""

import math

import numpy as np

from filterviz_widget.history import overview as overview_module
from filterviz_widget.history.layout import Part, RecordedLayer
from filterviz_widget.history.overview import DEAD, EXPLODING, Overview
from filterviz_widget.history.record import Record


def record(epoch, norms, logs=None, dead=None):
    """A record with norms by weight and what is dead by layer."""
    return Record(
        epoch=epoch,
        logs={"record_seconds": 0.1} | (logs or {}),
        weights=tuple(norms),
        norms=np.array(list(norms.values()), float),
        gradients=(),
        kernels={},
        pictures={},
        activations={},
        dead={name: np.array(values, bool) for name, values in (dead or {}).items()},
    )


def overview(*records, layout=()):
    made = Overview(layout)
    for each in records:
        made.add(each)
    return made.state()


def test_logs_have_an_entry_for_each_record_and_none_where_there_is_no_number():
    state = overview(
        record(0, {}),
        record(1, {}, {"loss": 1.5}),
        record(3, {}, {"loss": math.nan, "accuracy": 0.5}),
        record(4, {}, {"accuracy": math.inf}),
    )
    assert state["epochs"] == [0, 1, 3, 4]
    assert state["logs"] == {"loss": [None, 1.5, None, None], "accuracy": [None, None, 0.5, None]}


def test_the_norm_of_a_layer_is_that_of_all_its_gradients_by_its_whole_path():
    state = overview(record(0, {"a/kernel": 3.0, "a/bias": 4.0, "encoder/a/kernel": 5.0, "a/kernel#2": 12.0}))
    assert state["norms"] == {"a": [13.0], "encoder/a": [5.0]}


def test_dead_and_exploding_layers_are_marked():
    usual = {"a/k": 1.0, "b/k": 2.0, "c/k": 3.0}  # the median of all that are usual numbers and not zero is 2 or 2.5
    more = {"dead/k": 0.0, "nearly/k": DEAD, "big/k": 2.6 * EXPLODING, "large/k": 1.9 * EXPLODING}
    state = overview(record(0, usual | more | {"broken/k": math.nan, "infinite/k": math.inf}))
    assert {name: words[0] for name, words in state["marks"].items() if words[0]} == {
        "dead": "dead",
        "nearly": "dead",
        "big": "exploding",
        "broken": "exploding",
        "infinite": "exploding",
    }


def test_a_frozen_layer_is_marked_before_and_after():
    state = overview(
        record(0, {"a/k": 1.0}),
        record(1, {"a/k": 1.0, "b/k": 1.0}),
        record(2, {"b/k": 1.0}),
        record(3, {}),
    )
    assert state["marks"] == {"a": ["", "", "frozen", ""], "b": ["frozen", "", "", ""]}
    assert state["norms"] == {"a": [1.0, 1.0, None, None], "b": [None, 1.0, 1.0, None]}


def test_a_layer_is_dead_whose_every_drawn_filter_is():
    part = Part("kernel", "convolution", "net/a/kernel", (3, 3, 3, 2))
    layout = (RecordedLayer("net/a", (0, 1), (part,)), RecordedLayer("pool", (0, 1), ()))
    state = overview(
        record(0, {"net/a/kernel": 1.0}, dead={"net/a": [True, False], "pool": [False, False]}),
        record(1, {"net/a/kernel": 1.0}, dead={"net/a": [True, True], "pool": [True, True]}),
        record(2, {}, dead={"net/a": [True, True], "pool": [False, True]}),
        layout=layout,
    )
    assert state["marks"] == {"net/a": ["", "dead", "dead"], "pool": ["", "dead", ""]}


def test_what_was_handed_out_stays_as_it_is():
    made = Overview()
    made.add(record(0, {"a/k": 1.0}, {"loss": 1.0}))
    before = made.state()
    made.add(record(1, {"a/k": 2.0}, {"loss": 2.0}))
    assert before == {"epochs": [0], "logs": {"loss": [1.0]}, "norms": {"a": [1.0]}, "marks": {"a": [""]}}


def test_a_record_is_looked_at_once_however_many_there_are(monkeypatch):
    looked, original = [], overview_module.layer_norms
    monkeypatch.setattr(overview_module, "layer_norms", lambda one: looked.append(one.epoch) or original(one))
    made = Overview()
    for epoch in range(50):
        made.add(record(epoch, {"a/k": 1.0}))
        made.state()
    assert looked == list(range(50))
