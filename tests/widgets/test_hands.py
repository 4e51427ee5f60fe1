"""Hands that reach in at odd moments: signals' handlers, held notifications, removed observers, forks, late pages."""

import copy
import gc
import os
import pickle
import sys
import threading
import weakref

import pytest

from filterviz_widget import FilterExplorer
from filterviz_widget.session import worker
from tests.networks import small_network
from tests.widgets.page import Page


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture
def explorer(model):
    explorer = FilterExplorer(model, layer="second", iterations=3)
    explorer.wait(60)
    yield explorer
    explorer.close()


def at_step(step, work, other, among):
    """Does the work, and at its n-th line in some files another thing, as a signal's handler would; counts lines."""
    taken = 0

    def trace(frame, event, argument):
        nonlocal taken
        if not frame.f_code.co_filename.endswith(among):
            return None
        if event == "line":
            taken += 1
            if taken == step:
                other()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return taken


def test_a_signals_handler_may_move_a_control_in_the_midst_of_another_move(explorer):
    def move():
        explorer.seed = step

    def handle():
        explorer.filter = step % 6

    step, taken = 0, 1
    while step <= taken:
        step += 1
        taken = at_step(step, move, handle, ("session/wishes.py", "session/worker.py"))
    assert step > 20
    assert explorer.wait(60).description == explorer._now().settled(explorer._wanted())


def test_who_holds_notifications_is_not_disturbed_by_a_page_or_another_who_does(explorer):
    page, errors, is_over = Page(explorer), [], threading.Event()

    def say():
        number = 0
        while not is_over.is_set():
            number += 1
            errors.extend(page.message({"method": "update", "state": {"filter": number % 6}}).wrong)

    def hold(number):
        try:
            for each in range(100):
                with explorer.hold_trait_notifications():
                    explorer.seed = each
                    explorer.iterations = 1 + (each + number) % 3
        except Exception as error:
            errors.append(repr(error))

    sayer = threading.Thread(target=say)
    holders = [threading.Thread(target=hold, args=(number,)) for number in range(3)]
    for thread in (sayer, *holders):
        thread.start()
    for thread in holders:
        thread.join()
    is_over.set()
    sayer.join()
    assert errors == []
    assert explorer.wait(60).description == explorer._now().settled(explorer._wanted())


def test_who_waits_while_notifications_are_held_is_told_that_nothing_can_come(explorer):
    with explorer.hold_trait_notifications():
        explorer.filter = 4
        with pytest.raises(RuntimeError, match="or while notifications are held"):
            explorer.wait()
    assert explorer.wait(60).description.filter == 4


def test_who_removes_all_observers_removes_those_of_others(explorer):
    seen = []
    explorer.observe(seen.append, "filter")
    explorer.observe(seen.append)
    explorer.unobserve_all()
    explorer.filter = 5
    assert explorer.wait(60).description.filter == 5
    explorer.unobserve_all("layer")
    explorer.layer = "first"
    assert explorer.wait(60).description.layer == "first"
    assert seen == []


@pytest.mark.parametrize("raised", [SystemExit(1), ZeroDivisionError()])
def test_an_observers_exit_is_no_exit_of_the_host(explorer, raised):
    def fail(_):
        raise raised

    page = Page(explorer)
    explorer.observe(fail, "filter")
    assert page.message({"method": "update", "state": {"filter": 2}}).wrong == []
    assert f"filter was set, but an observer raised {type(raised).__name__}" in explorer.error
    explorer.unobserve(fail, "filter")
    explorer.on_msg(lambda *_: fail(None))
    assert page.message({"method": "custom", "content": {"type": "x"}}).wrong == []


def test_what_a_page_says_after_the_end_holds_nobody(model):
    explorer = FilterExplorer(model)
    page = Page(explorer)
    explorer.close()
    for kind in ("hello", "bye", "news"):
        page.message({"method": "custom", "content": {"type": kind}})
    gone = weakref.ref(explorer)
    del explorer, page
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_process_that_was_forked_waits_for_no_thread_of_its_parent(explorer):
    explorer.iterations = 10_000
    assert worker._working
    if not (child := os.fork()):
        os._exit(len(worker._working))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_widget_cannot_be_pickled_or_copied_and_says_so(explorer):
    with pytest.raises(TypeError, match="A FilterExplorer cannot be pickled: make another one of the model"):
        pickle.dumps(explorer)
    for use in (copy.copy, copy.deepcopy):
        # From ipywidgets 8 on in its own words.
        with pytest.raises((NotImplementedError, TypeError), match=r"cannot be (copied|pickled)"):
            use(explorer)
