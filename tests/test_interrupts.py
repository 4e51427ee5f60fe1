"""Whatever is interrupted, and wherever: nothing is held, the next picture comes, and nothing stays."""

import gc
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz_widget import FilterExplorer, FilterHistory, visualize_filter
from filterviz_widget.engine.registry import engine_of
from filterviz_widget.history.archive import Archive
from filterviz_widget.interrupts import WHOLE, Whole, WholeLock, check
from filterviz_widget.model.load import load
from filterviz_widget.store.atomic import written_whole
from tests.interrupted import held_locks, interrupted_at
from tests.networks import small_network


@pytest.fixture(autouse=True, scope="module")
def _pythons_own_handler():
    """Also where the shell has set SIGINT aside, as it does for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    signal.raise_signal(signal.SIGINT)


def test_what_comes_within_waits_for_the_end():
    done = []

    def work():
        with WHOLE, WHOLE:
            press()
            done.append(1)
        done.append(2)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    check()  # that one is over


def test_or_for_a_place_where_the_work_can_be_left():
    done = []

    def work():
        with WHOLE:
            press()
            done.append(1)
            check()
            done.append(2)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]


def test_who_insists_is_obeyed_at_once(monkeypatch):
    monkeypatch.setattr("filterviz_widget.interrupts.INSISTS", 0.01)
    done = []

    def work():
        with WHOLE:
            press()
            press()
            time.sleep(0.02)
            done.append(1)
            press()
            done.append(2)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]
    with pytest.raises(KeyboardInterrupt):  # and the next one is as usual
        work()


@pytest.mark.parametrize("presses", [0, 1])
def test_one_that_comes_as_it_begins_or_ends_leaves_nothing_behind(presses):
    def work():
        with whole:
            for _ in range(presses):
                press()

    step, taken = 0, 0
    while taken >= step:
        whole, step = Whole(), step + 1
        taken, error = interrupted_at(step, work, ("filterviz_widget/interrupts.py",), "opcode")
        assert bool(error) == (taken >= step or presses > 0)
        with pytest.raises(KeyboardInterrupt):  # the next one is as usual
            press()
        with whole:  # and the one before is over
            pass
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert step > 100


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_process_that_takes_no_interruptions_stays_so(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with WHOLE:
            assert signal.getsignal(signal.SIGINT) is handler
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_that_was_there_is_called():
    """Such as asyncio's, which cancels the task first. In a process of its own: Playwright has a loop in this one."""
    program = """
import asyncio, signal
from filterviz_widget.interrupts import WHOLE
signal.signal(signal.SIGINT, signal.default_int_handler)

async def work():
    with WHOLE:
        signal.raise_signal(signal.SIGINT)
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("cancelled")
        raise

try:
    asyncio.run(work())
except KeyboardInterrupt:
    print("interrupted")
"""
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["cancelled", "interrupted"]


def test_a_handler_that_somebody_sets_within_stays():
    heard = []
    before = signal.getsignal(signal.SIGINT)
    try:
        with WHOLE:
            signal.signal(signal.SIGINT, lambda *_: heard.append(1))
        press()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1]


class _Pressing:
    """Is interrupted as it goes."""

    def __del__(self):
        press()


def _model(monkeypatch):
    model = small_network()
    engine_of(model).at_its_end = _Pressing()
    return model


def _archive(monkeypatch):
    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda *given, **named: (press(), remove(*given, **named)))
    return Archive.temporary()


@pytest.mark.parametrize("make", [_model, _archive])
def test_one_that_comes_as_python_frees_something_comes_again_after_it(make, monkeypatch, tmp_path):
    """Python drops what is raised in a weak reference's callback, and tells `sys.unraisablehook` alone."""
    dropped = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.collect()
    gc.freeze()  # what others left takes seconds, with callbacks of theirs, in which it would be dropped all the same
    held = [make(monkeypatch)]

    def go():
        held.clear()
        gc.collect()
        time.sleep(10)

    try:
        with pytest.raises(KeyboardInterrupt):
            go()
    finally:
        gc.unfreeze()
    assert not dropped
    assert not list(tmp_path.iterdir())


def test_who_waits_for_a_lock_can_be_interrupted_and_does_not_get_it():
    lock, taken, go_on = WholeLock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            taken.set()
            go_on.wait(10)

    def wait():
        threading.Timer(0.1, press_main).start()
        with lock:
            pass

    def press_main():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(10)
    with pytest.raises(KeyboardInterrupt):
        wait()
    go_on.set()
    holder.join()
    with lock:
        assert lock.is_mine()
    assert not lock.is_mine()


class Cells:
    """What is done in a notebook, cell after cell, each interrupted somewhere."""

    def __init__(self):
        self.model = small_network()
        self.right = [visualize_filter(self.model, "second", filter, iterations=2).image for filter in range(8)]
        self.folder, self.path = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp()) / "model.keras"
        self.model.save(self.path)
        self.count, self.kept, self.history = 0, [], FilterHistory()
        self.open()
        self.trained = small_network()
        self.trained.compile("sgd", "mse")
        self.rows = np.zeros((4, 20, 20, 3), np.float32), np.zeros((4, 3), np.float32)

    def open(self):
        self.explorer = FilterExplorer(self.model, layer="second", iterations=2)

    def move(self):
        self.count += 1
        self.explorer.filter = self.count % 6

    def turn(self):
        self.explorer.layer = "first" if self.explorer.layer == "second" else "second"
        self.explorer.options = {"jitter": 0}

    def wait(self):
        self.move()
        self.explorer.wait(60)

    def close(self):
        self.explorer.close()

    def save(self):
        self.explorer.save(self.folder / "picture.png")

    def load(self):
        load(self.path)

    def draw(self):
        self.count += 1
        visualize_filter(self.model, "second", 0, seed=self.count, iterations=2)

    def record(self):
        self.history = FilterHistory(self.rows, layers=["first"], filters=1, iterations=1, max_bytes=1000)
        self.history.set_model(self.trained)
        self.history.on_train_begin()
        self.history.on_epoch_begin(0)
        self.history.on_epoch_end(0)
        self.history.save(self.folder / "history.h5")
        self.history.close()

    def interrupt(self, name, step):
        steps, came = interrupted_at(step, getattr(self, name))
        self.kept = [came, *self.kept[:1]]  # as a notebook keeps the last ones
        return steps

    def check(self):
        """The next picture comes and is right, and nothing is held or left, here or in Keras."""
        assert (WHOLE._depth, WHOLE._came_at) == (0, None)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        layer = keras.layers.Dense(1)
        layer.build((None, 2))
        assert layer.kernel.numpy().shape == (2, 1)
        self.history.close()
        filter = self.count % 8
        if self.explorer._session is None:
            self.open()
        with self.explorer._at_once():
            self.explorer.layer, self.explorer.filter = "second", filter
        assert not self.explorer._holding
        assert np.array_equal(self.explorer.wait(60).image, self.right[filter])
        assert {path.name for path in self.folder.iterdir()} <= {"picture.png", "history.h5"}
        assert not list(Path(tempfile.gettempdir()).glob("filter-history-*"))


NAMES = ("move", "turn", "wait", "close", "open", "save", "load", "draw", "record")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    made = Cells()
    steps = {}
    for name in NAMES:
        made.interrupt(name, 0)  # now everything is compiled
        steps[name] = made.interrupt(name, 0)
        made.check()
    yield made, steps
    made.explorer.close()
    tempfile.tempdir = before


@settings(max_examples=80, deadline=None, derandomize=True)
@given(name=st.sampled_from(NAMES), where=st.floats(0, 1))
def test_wherever_something_is_interrupted_the_next_picture_comes_and_nothing_stays(cells, name, where):
    cells, steps = cells
    cells.interrupt(name, 1 + int(where * steps[name]))
    cells.check()


def test_after_all_of_that_no_lock_is_held(cells):
    assert held_locks() == []


def test_a_file_that_was_being_written_is_gone_although_the_traceback_is_kept(tmp_path):
    def write():
        with written_whole(tmp_path / "a") as file:
            file.write(b"half")

    steps, _ = interrupted_at(0, write)
    kept = [interrupted_at(step, write)[1] for step in range(1, steps + 1)]
    assert any(kept)
    assert {path.name for path in tmp_path.iterdir()} <= {"a"}
