"""How much goes to a page that is slow to hear, and what a page that does not answer is told."""

import threading
import time
from collections import deque
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipykernel.kernelbase import Kernel

from filterviz_widget import FilterExplorer
from filterviz_widget.widgets.pace import LONGEST, MOST_AHEAD, MOST_MESSAGES, Pace, weight
from tests.networks import small_network


class Link:
    """A page behind a line of so many bytes a second, in a time of its own."""

    def __init__(self, rate, latency):
        self.rate, self.latency, self.now = rate, latency, 0.0
        self.pace = Pace(lambda: self.now)
        self.arrivals, self.receipts = deque(), deque()
        self._free, self._number = 0.0, 0

    def send(self, size):
        self._number += 1
        _, wanted = self.pace.sent(self._number, size)
        self._free = max(self.now, self._free) + size / self.rate
        self.arrivals.append((self._free + self.latency, self._number))
        if wanted:
            self.receipts.append((self._free + 2 * self.latency, self._number, self._free + self.latency))

    def pass_until(self, when):
        while self.receipts and self.receipts[0][0] <= when:
            self.now, number, at = self.receipts.popleft()
            self.pace.heard("view", number, at)
        self.now = when

    @property
    def behind(self):
        """Seconds that what is sent now waits for what was sent before."""
        return max(0.0, self._free - self.now)


@settings(deadline=None, max_examples=25)
@given(rate=st.integers(50_000, 500_000), latency=st.floats(0.001, 0.4), size=st.integers(500, 200_000))
def test_what_is_on_its_way_to_a_slow_page_does_not_grow(rate, latency, size):
    link = Link(rate, latency)
    most = 0.0
    for frame in range(500):
        link.pass_until(0.05 * frame)
        if not link.pace.must_wait():
            link.send(size)
        if frame > 100:
            most = max(most, link.behind)
    assert most <= (MOST_AHEAD + 2 * size) / rate
    assert link.arrivals[-1][0] <= link.now + most + 2 * latency + (size + MOST_AHEAD) / rate


def test_a_fast_page_is_told_everything():
    link = Link(20e6, 0.005)
    for frame in range(500):
        link.pass_until(0.05 * frame)
        assert not link.pace.must_wait()
        link.send(140_000)
    link.pass_until(26)
    assert link.pace.affordable(range(40)) == list(range(40))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 600), st.integers(50, 200_000)), max_size=60))
def test_also_after_a_rest_and_much_that_was_small(steps):
    link = Link(20e6, 0.005)
    film = ["x" * 25_000] * 40
    for pause, size in steps:
        link.pass_until(link.now + pause)
        assert not link.pace.must_wait()
        link.send(size)
        assert link.pace.affordable(film) == film
        assert link.pace.patience < 2


def test_after_a_rest_a_slow_page_is_one_that_answers():
    link = Link(125_000, 0.2)
    for size in (*[20_000] * 4, 80):
        link.send(size)
        link.pass_until(link.now + 1)
    link.pass_until(60)
    link.send(70_000)
    assert link.pace.must_wait()
    assert link.pace.is_answered


def test_a_link_that_becomes_slow_is_noticed_before_much_is_on_its_way():
    link = Link(20e6, 0.005)
    for frame in range(1000):
        link.pass_until(0.05 * frame)
        link.rate = 20e6 if frame < 100 else 125_000
        if not link.pace.must_wait():
            link.send(30_000)
        assert link.behind <= (MOST_AHEAD + 30_000) / 125_000


def test_who_does_not_answer_is_told_ever_more_rarely_and_waited_for_no_longer_once_it_does():
    link = Link(1e6, 0.01)
    link.receipts = deque(maxlen=0)  # lost
    sent = []
    for step in range(6000):
        link.pass_until(0.05 * step)
        if not link.pace.must_wait():
            link.send(70_000)
            sent.append(link.now)
    gaps = [after - before for before, after in pairwise(sent)]
    assert sorted(gaps) == gaps
    assert max(gaps) <= LONGEST + 0.1
    assert len(sent) < 20
    link.pace.heard("view", len(sent), link.now)
    assert not link.pace.must_wait()


def test_the_slower_of_two_views_counts_until_it_is_gone():
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.sent(1, 100_000)
    now[0] = 1.0
    pace.heard("quick", 1, 1.0)
    pace.heard("slow", 1, 1.0)
    pace.sent(2, 100_000)
    now[0] = 2.0
    pace.heard("quick", 2, 2.0)
    assert pace.must_wait()
    now[0] = 3.5
    pace.heard("quick", 2, 3.5)
    assert pace.must_wait()
    now[0] = 4.5
    assert not pace.must_wait(), "the slow one is asleep"
    pace.sent(3, 100_000)
    assert pace.must_wait()
    now[0] = 5.5
    pace.heard("quick", 3, 5.5)
    assert not pace.must_wait()
    pace.sent(4, 100_000)
    now[0] = 6.5
    pace.heard("slow", 2, 19.0)
    pace.heard("quick", 4, 7.4)
    assert pace.must_wait(), "it is awake again"
    pace.left("slow")
    pace.heard("quick", 4, 7.5)
    assert not pace.must_wait()


def test_what_is_on_its_way_need_not_be_sent_again_unless_it_does_not_come():
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.sent(1, 100_000, may_be_lost=False) == (0, False), "an answer arrives in every host"
    pace.sent(2, 100_000)
    assert not pace.brings(0), "nobody has said that threads are heard"
    now[0] = 1.0
    pace.heard("view", 1, 1.0)
    assert pace.brings(1)
    assert not pace.brings(2), "the page has it"
    now[0] = 10.0
    assert not pace.brings(1)
    assert not pace.is_answered


def test_nothing_has_to_wait_for_an_answer_of_whatever_size():
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.sent(1, 1_000_000, may_be_lost=False)  # the whole state, as a page opens
    assert not pace.must_wait()
    pace.sent(2, 30_000)
    now[0] = 0.2
    pace.heard("view", 2, 0.2)
    assert pace.affordable([*range(40)]) == [*range(40)]
    assert pace._rate == pytest.approx(1_030_000 / 0.2)


def test_a_film_for_a_slow_page_has_fewer_frames_and_the_first_of_them():
    now = [0.0]
    pace = Pace(lambda: now[0])
    for number in range(1, 6):
        pace.sent(number, 50_000)
        now[0] += 0.5
        pace.heard("view", number, now[0])
    film = [[iteration, "x" * 20_000] for iteration in range(1, 41)]
    fewer = pace.affordable(film)
    assert 5 <= len(fewer) <= 12
    assert fewer[0] == film[0]
    assert all(each in film for each in fewer)
    pace.left("view")
    assert pace.affordable(film) == film
    assert pace.affordable([]) == []


def test_what_nobody_confirms_takes_no_memory():
    pace = Pace()
    for number in range(10 * MOST_MESSAGES):
        pace.sent(number, 1)
        pace.heard(f"view {number}", 0, 0.0)
    assert len(pace._way) == MOST_MESSAGES
    assert len(pace._views) == 64
    assert weight({"image": "x" * 1000, "curve": [1.0] * 10, "film": [[1, "y" * 500]]}) == 1000 + 160 + 8 + 500


# The widget


class SlowPage:
    """A page that says what it has heard only when a test lets it.

    `hears` says of each message whether it comes to the page.
    """

    def __init__(self, widget, monkeypatch, hears=lambda: True):
        self.hears = hears
        self.widget, self.state, self.curve, self.wanted, self.messages, self.letters = widget, {}, [], [], 0, 0
        monkeypatch.setattr(widget.comm, "kernel", Kernel(), raising=False)
        monkeypatch.setattr(widget.comm, "send", self._receive)
        self.say(type="hello")

    def _receive(self, data=None, metadata=None, buffers=None):
        self.letters += data["method"] == "custom"
        if data["method"] != "update" or not self.hears():
            return
        state = data["state"]
        self.messages += "image" in state
        self.state |= state
        if "activations" in state:
            self.curve = list(state["activations"])
        if (more := state.get("activations_more")) and "values" in more:
            assert more["start"] <= len(self.curve), "a gap"
            self.curve = [*self.curve[: more["start"]], *more["values"]]
        if state["told"][4]:
            self.wanted.append(state["told"][1])

    def say(self, **content):
        self.widget._handle_custom_msg(content, [])

    def answer(self):
        """Says that it has heard one message more."""
        if self.wanted:
            self.say(type="receipt", view="slow", number=self.wanted.pop(0), at=time.monotonic() * 1000)


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture
def explorer(model):
    explorer = FilterExplorer(model, layer="second", panels=["kernel"], image_size=96)
    explorer.wait(60)
    assert explorer._wishes.wait(60)
    yield explorer
    explorer.close()


def settled(page, explorer):
    picture = explorer.wait(60)
    assert explorer._wishes.wait(60)
    until = time.monotonic() + 60
    while (explorer._waiting or page.wanted) and time.monotonic() < until:
        page.answer()
        time.sleep(0.01)
    return picture


def test_a_slow_page_misses_frames_and_sees_the_last_one_with_its_whole_curve(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    frames, held = [], []
    explorer.observe(lambda change: frames.append(change.new), "iteration")
    explorer.iterations = 800
    until = time.monotonic() + 60
    while explorer._session.is_busy and time.monotonic() < until:
        time.sleep(0.2)
        held.append(bool(explorer._waiting))
        page.answer()
    picture = settled(page, explorer)
    assert any(held)
    assert 3 < page.messages < 0.8 * len(frames)
    assert page.state["image"] == explorer.image
    assert (page.state["status"], page.state["iteration"]) == ("done", 800)
    assert np.array_equal(np.float32(page.curve), picture.activations)
    assert page.state["film"] == explorer.film


def test_a_page_that_never_answers_is_told_the_last_one_all_the_same(explorer, monkeypatch):
    page, frames = SlowPage(explorer, monkeypatch), []
    explorer.observe(lambda change: frames.append(change.new), "image")
    explorer.filter, explorer.iterations = 1, 600
    explorer.wait(60)
    assert page.messages - 1 < len(frames)
    assert (page.state["image"], page.state["status"]) == (explorer.image, "done")


def test_where_what_threads_send_is_dropped_every_picture_comes_with_the_first_question(explorer, monkeypatch):
    """As Colab and subshells that ended do: receipts of answers must not be taken for word of the others."""
    main = threading.current_thread()
    page = SlowPage(explorer, monkeypatch, hears=lambda: threading.current_thread() is main)
    for filter in (1, 2, 3, 4, 5):
        have = page.state["told"][1]
        explorer._handle_msg({"content": {"data": {"method": "update", "state": {"filter": filter}}}})
        explorer.wait(60)
        while page.wanted:
            page.answer()
        page.say(type="news", since=have)
        assert page.state["shown"]["filter"] == filter
        assert page.state["image"] == explorer.image
        while page.wanted:
            page.answer()


def test_panels_and_film_that_had_to_wait_do_not_come_with_the_next_picture(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    seen, together = set(), []
    receive = page._receive

    def receive_and_look(data=None, metadata=None, buffers=None):
        names = data.get("state", {}).keys()
        seen.update(names)
        together.append("image" in names and names & explorer.LATER)
        receive(data, metadata, buffers)

    monkeypatch.setattr(explorer.comm, "send", receive_and_look)
    monkeypatch.setattr(explorer._pace, "must_wait", lambda: True)
    explorer.filter, explorer.iterations = 3, 200
    explorer.wait(60)
    assert explorer._wishes.wait(60)
    assert explorer._waiting & explorer.LATER
    monkeypatch.setattr(explorer._pace, "must_wait", lambda: False)
    explorer.filter = 4
    settled(page, explorer)
    assert {"image", "film"} <= seen
    assert not any(together)


def test_a_process_without_another_thread_to_look_later_sends_at_once(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)

    def no_more_threads(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(explorer._pace, "must_wait", lambda: True)
    monkeypatch.setattr(threading.Timer, "start", no_more_threads)
    explorer.filter, explorer.iterations = 2, 200
    explorer.wait(60)
    assert explorer._timer is None
    assert (page.state["image"], page.state["status"]) == (explorer.image, "done")


def test_where_no_page_shows_it_everything_is_told(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="bye", view="slow")
    before, frames = page.messages, []
    explorer.observe(lambda change: frames.append(change.new), "image")
    explorer.filter, explorer.iterations = 2, 400
    explorer.wait(60)
    assert page.messages - before == len(frames)


def test_what_waits_for_a_page_that_has_fallen_asleep_is_sent_after_a_while(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    explorer.filter, explorer.iterations = 4, 400
    explorer.wait(60)
    until = time.monotonic() + 60
    while explorer._waiting and time.monotonic() < until:
        time.sleep(0.05)
    assert (page.state["image"], page.state["status"]) == (explorer.image, "done")


def test_a_question_about_what_is_on_its_way_is_answered_without_it(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    before = page.state["told"][1]
    explorer.iterations = 10_000
    until = time.monotonic() + 60
    while not explorer._waiting and time.monotonic() < until:
        time.sleep(0.005)
    images = page.messages
    page.say(type="news", since=before)
    assert page.messages == images
    assert page.state["told"][:2] == [before, before]
    assert page.state["working"]
    explorer._pace._views.clear()  # nothing has come
    page.say(type="news", since=before)
    assert page.messages == images + 1


@pytest.mark.parametrize("way", ["content", "buffers"])
def test_a_letter_is_on_its_way_as_long_as_its_bytes_take(explorer, monkeypatch, way):
    page, now = SlowPage(explorer, monkeypatch), [0.0]
    explorer._pace = Pace(lambda: now[0])
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    explorer._pace._taken.append((50_000, 1.0))
    content = {"type": "sprite", "source": "x" * 150_000 if way == "content" else ""}
    explorer.send(content, [b"x" * 150_000] if way == "buffers" else [])
    _, number, _, takes, asks = page.state["told"]
    assert takes == pytest.approx(3000, rel=0.01)
    assert asks
    for seconds, letters in ((6.5, 1), (7.5, 2)):  # by then it is lost
        now[0] = seconds
        page.say(type="news", since=number - 1)
        assert page.letters == letters


def test_where_the_link_is_slow_the_picture_comes_before_the_panels_and_the_film(explorer, monkeypatch):
    page, order = SlowPage(explorer, monkeypatch), []
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    monkeypatch.setattr(explorer._pace, "must_wait", lambda: True)
    explorer.filter, explorer.iterations = 5, 300
    explorer.wait(60)
    assert explorer._wishes.wait(60)
    assert {"image", "film"} <= explorer._waiting
    monkeypatch.setattr(explorer, "_send", lambda msg, buffers=None: order.append(set(msg["state"])))
    monkeypatch.setattr(explorer._pace, "must_wait", lambda: bool(order))
    explorer._go_on()
    (first,) = order
    assert {"image", "status", "activations"} <= first
    assert not first & explorer.LATER


def test_a_run_that_is_stopped_is_told_with_the_frame_that_waited(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    explorer.iterations = 10_000
    until = time.monotonic() + 60
    while not explorer._waiting and time.monotonic() < until:
        time.sleep(0.01)
    explorer.cancel()
    while explorer._session.is_busy and time.monotonic() < until:
        time.sleep(0.01)
    while explorer._waiting and time.monotonic() < until:
        page.answer()
        time.sleep(0.01)
    names = ("image", "status", "iteration", "shown")
    assert {name: page.state[name] for name in names} == {name: getattr(explorer, name) for name in names}
    assert page.state["status"] == "cancelled"
    assert page.curve == explorer.activations


@pytest.mark.parametrize(
    "receipt",
    [
        {},
        {"view": 1, "number": 1, "at": 0},
        {"view": "x" * 100, "number": 1, "at": 0},
        {"view": "x", "number": 10**400, "at": 10**400},
        {"view": "x", "number": True, "at": 0},
        {"view": "x", "number": -5, "at": float("nan")},
        {"view": [], "number": {}, "at": None},
    ],
)
def test_an_odd_receipt_is_no_question_and_harms_nobody(explorer, monkeypatch, caplog, receipt):
    page = SlowPage(explorer, monkeypatch)
    heard = explorer.heard
    page.say(type="receipt", **receipt)
    explorer.filter = 3
    settled(page, explorer)
    assert explorer.heard == heard
    assert page.state["image"] == explorer.image
    assert caplog.text == ""


def test_a_closed_widget_waits_for_nothing(explorer, monkeypatch):
    page = SlowPage(explorer, monkeypatch)
    page.say(type="receipt", view="slow", number=page.state["told"][1], at=0)
    explorer.iterations = 10_000
    until = time.monotonic() + 60
    while explorer._timer is None and time.monotonic() < until:
        time.sleep(0.01)
    timer = explorer._timer
    assert timer is not None
    explorer.close()
    timer.join(10)
    assert not timer.is_alive()
    assert explorer._timer is None
