"""What is wished for beside the picture: whose turn it is, what is dropped, what goes on, and what is kept."""

import subprocess
import sys
import threading
import time

import pytest

from filterviz_widget.session import Outcome, Wish, Wishes


class Board:
    """Who publishes, and whether the picture needs the processor."""

    def __init__(self):
        self.told, self.turns, self.listens = [], {"painted", "done"}, True
        self.wishes = Wishes(lambda: "engine", self.publish, lambda turn: turn in self.turns)

    def publish(self, name, wish, outcome):
        self.told.append((name, wish.about.get("of"), outcome))
        return self.listens

    def answers(self):
        return [(name, outcome.answer) for name, _, outcome in self.told if outcome.progress is None]


@pytest.fixture
def board():
    board = Board()
    yield board
    board.wishes.close(10)


def quick(answer, key=None):
    return Wish(key or answer, lambda *_: answer, is_at_hand=lambda _: True, about={"of": answer})


def slow(answer, begun=None, go_on=None, turn="painted", key=None):
    def find(engine, check, told):
        if begun is not None:
            begun.set()
        while go_on is not None and not go_on.is_set():
            check()
            time.sleep(0.002)
        check()
        return answer

    return Wish(key or answer, find, turn=turn, about={"of": answer})


def test_wishes_are_fulfilled_in_their_order_and_each_once(board):
    both = {"first": slow("a"), "second": slow("b")}
    board.wishes.wish(both)
    assert board.wishes.wait(10)
    board.wishes.wish(both)
    assert board.wishes.wait(10)
    assert board.answers() == [("first", "a"), ("second", "b")]
    board.wishes.wish(both, anew=True)
    assert board.wishes.wait(10)
    assert len(board.answers()) == 4


def test_what_is_at_hand_waits_for_nobody(board):
    board.turns = set()
    board.wishes.wish({"slow": slow("a"), "quick": quick("b")})
    until = time.monotonic() + 10
    while not board.answers() and time.monotonic() < until:
        time.sleep(0.005)
    assert board.answers() == [("quick", "b")]
    board.turns = {"painted"}
    assert board.wishes.wait(10)
    assert board.answers() == [("quick", "b"), ("slow", "a")]


def test_a_later_turn_waits_until_the_picture_is_finished(board):
    board.turns = {"painted"}
    board.wishes.wish({"ascent": slow("a", turn="done"), "map": slow("b")})
    until = time.monotonic() + 10
    while not board.answers() and time.monotonic() < until:
        time.sleep(0.005)
    assert board.answers() == [("map", "b")]
    assert not board.wishes.wait(0.05)
    board.turns = {"painted", "done"}
    assert board.wishes.wait(10)
    assert board.answers() == [("map", "b"), ("ascent", "a")]


def test_the_newest_wish_of_a_name_wins_and_the_old_one_is_given_up(board):
    begun, go_on = threading.Event(), threading.Event()
    board.wishes.wish({"map": slow("old", begun, go_on)})
    assert begun.wait(10)
    board.wishes.wish({"map": slow("new")})
    assert board.wishes.wait(10)
    assert board.answers() == [("map", "new")]


def test_a_pass_that_is_still_wished_for_goes_on_while_others_change(board):
    begun, go_on, count = threading.Event(), threading.Event(), []

    def passed(engine, check, told):
        count.append(1)
        begun.set()
        while not go_on.is_set():
            check()
            time.sleep(0.002)
        return "pass"

    long = Wish("layer", passed)
    board.wishes.wish({"strongest": long, "map": quick("0")})
    assert begun.wait(10)
    for number in range(1, 20):
        board.wishes.wish({"strongest": Wish("layer", passed), "map": quick(str(number))})
    go_on.set()
    assert board.wishes.wait(10)
    assert len(count) == 1
    assert ("strongest", "pass") in board.answers()
    assert [answer for name, answer in board.answers() if name == "map"][-1] == "19"


def test_a_pass_rests_while_the_picture_needs_the_processor(board):
    steps, begun = [], threading.Event()

    def passed(engine, check, told):
        for step in range(400):
            steps.append(step)
            begun.set()
            check()
            time.sleep(0.002)

    board.wishes.wish({"strongest": Wish("layer", passed)})
    assert begun.wait(10)
    board.turns = set()
    time.sleep(0.05)
    at = len(steps)
    time.sleep(0.1)
    assert len(steps) <= at + 1
    board.turns = {"painted"}
    assert board.wishes.wait(10)
    assert len(steps) == 400


def test_an_error_is_told_and_not_tried_again_until_something_changes(board):
    tries = []

    def broken(*_):
        tries.append(1)
        raise ValueError("no such thing")

    for _ in range(3):
        board.wishes.wish({"map": Wish("a", broken)})
        assert board.wishes.wait(10)
    assert [str(outcome.error) for *_, outcome in board.told] == ["no such thing"]
    board.wishes.wish({"map": Wish("b", broken)})
    assert board.wishes.wait(10)
    assert len(tries) == 2


def test_other_weights_make_the_same_wish_a_new_one(board):
    version = [1]
    wish = Wish("a", lambda *_: version[0], version=lambda _: version[0])
    board.wishes.wish({"map": wish})
    assert board.wishes.wait(10)
    version[0] = 2
    board.wishes.wish({"map": wish})
    assert board.wishes.wait(10)
    assert board.answers() == [("map", 1), ("map", 2)]


def test_what_is_no_longer_wished_for_is_forgotten_and_found_again(board):
    board.wishes.wish({"map": slow("a")})
    assert board.wishes.wait(10)
    board.wishes.wish({})
    board.wishes.wish({"map": slow("a")})
    assert board.wishes.wait(10)
    assert board.answers() == [("map", "a")] * 2


def test_progress_is_told_with_the_wish_that_it_belongs_to(board):
    board.wishes.wish({"strongest": Wish("a", lambda engine, check, told: told(7), about={"of": "a"})})
    assert board.wishes.wait(10)
    assert board.told[0] == ("strongest", "a", Outcome(progress=7))


def test_nothing_is_told_after_close_and_nobody_works_for_who_does_not_listen(board):
    begun, go_on = threading.Event(), threading.Event()
    board.wishes.wish({"map": slow("a", begun, go_on)})
    assert begun.wait(10)
    board.wishes.close(10)
    assert board.told == []
    other = Board()
    other.listens = False
    other.wishes.wish({"one": slow("a"), "two": slow("b")})
    assert other.wishes.wait(10)
    assert len(other.told) == 1


def test_what_is_found_out_is_given_up_when_the_process_ends():
    program = (
        "import threading, time\n"
        "from filterviz_widget.session import Wish, Wishes\n"
        "begun = threading.Event()\n"
        "def answer(engine, check, told):\n"
        "    begun.set()\n"
        "    try:\n"
        "        while True:\n"
        "            check()\n"
        "            time.sleep(0.01)\n"
        "    finally:\n"
        "        print('given up', flush=True)\n"
        "wishes = Wishes(lambda: None, lambda *_: True, lambda _: True)\n"
        "wishes.wish({'map': Wish(1, answer)})\n"
        "begun.wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "given up\n"
