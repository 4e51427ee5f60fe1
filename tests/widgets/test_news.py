"""A host that drops what threads send: a page that asks sees everything, and nobody is told what it knows."""

import json
import threading
import time

import keras
import numpy as np
import pytest
from ipykernel.kernelbase import Kernel

from filterviz_widget import FilterExplorer, FilterHistory
from filterviz_widget.widgets.atlas_widget import AtlasWidget
from tests.networks import SIZE, small_network


class Page:
    """What a page knows of a widget, in a host in which only the thread that handles a message can send."""

    def __init__(self, widget, monkeypatch, drops=True):
        self.widget, self.drops = widget, drops
        self.state, self.letters, self.have, self.lost = {}, [], 0, 0
        self._sends = None
        monkeypatch.setattr(
            widget.comm, "kernel", Kernel(), raising=False
        )  # ipywidgets 7 is silent where there is none
        monkeypatch.setattr(widget.comm, "send", self._receive)

    def _receive(self, data=None, metadata=None, buffers=None):
        if self.drops and threading.get_ident() != self._sends:
            self.lost += 1
            return
        json.dumps(data, allow_nan=False)
        if data["method"] == "custom":
            self.letters.append(data["content"])
        elif data["method"] == "update":
            self.state |= data["state"]
            since, number, *_ = data["state"]["told"]
            if since <= self.have:
                self.have = max(self.have, number)

    def message(self, **content):
        self._sends = threading.get_ident()
        if "type" in content:
            self.widget._handle_custom_msg(content, [])
        else:
            self.widget.set_state(content)
        self._sends = None

    def ask(self):
        self.message(type="news", since=self.have)

    def look(self):
        """Asks as the page does, until nothing more is to come; returns the iterations seen on the way."""
        seen = []
        until = time.monotonic() + 60
        while self.state["working"] and time.monotonic() < until:
            time.sleep(0.03)
            self.ask()
            seen.append(self.state.get("iteration"))
        assert not self.state["working"]
        return seen


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture
def explorer(model):
    explorer = FilterExplorer(model, layer="second", panels=["kernel", "sheet"])
    explorer.wait(60)
    yield explorer
    explorer.close()


def test_a_page_that_loses_all_that_threads_send_sees_the_picture_form_and_the_last_one(explorer, monkeypatch):
    page = Page(explorer, monkeypatch)
    page.message(type="hello")
    page.message(filter=5, iterations=3000)
    assert page.state["working"]
    seen = page.look()
    picture = explorer.wait(60)
    assert len(set(seen)) > 3, "it forms on the screen"
    assert page.lost > 3
    assert page.state["shown"]["filter"] == 5
    assert page.state["image"] == explorer.image
    assert np.array_equal(np.float32(page.state["activations"]), picture.activations)
    assert (page.state["status"], page.state["iteration"]) == ("done", 3000)
    assert (page.state["kernel_panel"], page.state["busy"]) == (explorer.kernel_panel, [])
    assert page.state["film"] == explorer.film


def test_the_curve_of_who_missed_a_piece_is_whole_on_the_way(explorer, monkeypatch):
    page = Page(explorer, monkeypatch)
    page.message(type="hello")
    page.message(filter=4, iterations=10_000)
    until = time.monotonic() + 60
    while (page.state["shown"]["filter"], page.state["status"]) != (4, "running") and time.monotonic() < until:
        time.sleep(0.02)
        page.ask()
    assert 0 < page.state["iteration"] < 10_000
    assert len(page.state["activations"]) >= page.state["iteration"]
    assert None not in page.state["activations"]
    page.message(type="cancel")
    page.look()
    assert page.state["status"] == "cancelled"


def test_letters_that_got_lost_come_with_the_answer(explorer, monkeypatch):
    page = Page(explorer, monkeypatch)
    page.message(type="hello")
    page.message(sheet_of="optimum")
    page.message(type="sheet", pages=[0])
    page.look()
    (sprite,) = [letter for letter in page.letters if letter["type"] == "sprite"]
    assert sprite["source"].startswith("data:image/jpeg")
    assert (sprite["page"], sprite["key"]) == (0, page.state["sheet_panel"]["key"])
    page.ask()
    assert len(page.letters) == 1


def test_who_has_everything_is_told_nothing_but_that(explorer, monkeypatch):
    page = Page(explorer, monkeypatch, drops=False)
    page.message(type="hello")
    page.message(filter=2)
    explorer.wait(60)
    assert explorer._wishes.wait(60)
    assert page.state["image"] == explorer.image
    page.state.clear()
    page.ask()
    assert set(page.state) == {"heard", "working", "told"}
    assert page.letters == []


def test_two_pages_have_each_what_they_missed(explorer, monkeypatch):
    first = Page(explorer, monkeypatch)
    first.message(type="hello")
    first.message(filter=1)
    first.look()
    first.message(filter=3)
    second = Page(explorer, monkeypatch)
    second.message(type="hello")
    second.message(filter=6)
    second.look()
    assert second.state["shown"]["filter"] == 6
    assert first.state["shown"]["filter"] == 1
    monkeypatch.setattr(explorer.comm, "send", first._receive)
    first.ask()
    assert (first.state["shown"]["filter"], first.state["image"]) == (6, explorer.image)


@pytest.mark.parametrize("since", [None, "x", -1, 10**400, [1], 2.5])
def test_an_odd_question_has_an_answer_too(explorer, monkeypatch, since):
    page = Page(explorer, monkeypatch)
    page.message(type="hello")
    heard = page.state["heard"]
    page.message(type="news", since=since)
    assert page.state["heard"] == heard + 1


def test_a_host_that_refuses_is_complained_of_once(explorer, monkeypatch, caplog):
    def refuse(*arguments, **options):
        raise RuntimeError("There is no session on this thread.")

    monkeypatch.setattr(explorer.comm, "kernel", Kernel(), raising=False)
    monkeypatch.setattr(explorer.comm, "send", refuse)
    explorer.iterations = 500
    explorer.wait(60)
    assert caplog.text.count("The page could not be told.") == 1


def test_the_epochs_of_a_training_that_all_get_lost_are_asked_for(monkeypatch):
    x = np.random.default_rng(0).random((8, SIZE, SIZE, 3), np.float32)
    net = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    net.add(keras.layers.Dense(1))
    net.compile("sgd", "mse")
    history = FilterHistory(filters=[0], iterations=2)
    widget = history.widget()
    page = Page(widget, monkeypatch)
    page.message(type="hello")
    page.look()
    page._sends = threading.get_ident()  # the cell that trains

    class Asks(keras.callbacks.Callback):
        seen = ()

        def on_epoch_end(self, epoch, logs=None):
            widget.wait(60)
            page.ask()
            page._sends = threading.get_ident()
            self.seen = (*self.seen, len(page.state["epochs"]))

    asks = Asks()
    net.fit(x, np.zeros((8, 1)), epochs=3, callbacks=[history, asks], verbose=0)
    assert page.state["working"], "said by the training thread"
    page.look()
    assert asks.seen == (2, 3, 4)
    assert page.state["epochs"] == [0, 1, 2, 3]
    assert page.state["shown"]["epoch"] == page.state["epoch"] == 3
    history.close()


def test_an_atlas_that_is_made_is_followed(tmp_path, monkeypatch):
    widget = AtlasWidget(tmp_path, 17, lambda: None)
    widget.tell(0, 0, "making")
    page = Page(widget, monkeypatch)
    page.message(type="hello")
    assert page.state["working"]
    made = threading.Thread(target=lambda: widget.tell(17, 3, "done"))
    made.start()
    made.join()
    assert page.state["made"] == 0
    page.ask()
    assert (page.state["made"], page.state["state"], page.state["working"]) == (17, "done", False)
    widget.close()
