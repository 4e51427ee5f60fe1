"""SIGINT at random moments, whatever the main thread does: the next picture comes, nothing is held, nothing stays."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from soak.found import Found
from soak.measure import percentile
from tests.interrupted import held_locks

TIMES = {"short": 32, "middle": 160, "long": 500}
"""Interruptions."""

SWALLOWED = 4.0
"""Interruptions in a hundred: Python drops one that comes in a weak reference's callback. docs/reliability.md"""

HANGS = 60.0
"""Seconds after which a picture is taken never to come."""


def run(found: Found, times: int, seed: int) -> None:
    """Interrupts one thing after another, and looks after each what it has left."""
    rng = np.random.default_rng(seed)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the shell has set it aside
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        hand = _Hand(Path(folder))
        for _ in range(2):  # the first time all is compiled
            usual = {name: _seconds(work) for name, work in hand.works.items()}
        interrupted, waited, closed = 0, list[float](), list[float]()
        held, lost, half = list[str](), list[str](), list[str]()
        for number in range(times):
            name = list(hand.works)[number % len(hand.works)]
            # What came of it is kept, as a notebook does.
            is_done, hand.kept = interrupted_after(hand.works[name], rng.uniform(0, usual[name]))
            interrupted += not is_done
            lost += [name] * (hand.kept is None)
            half += half_done(name)
            began = time.monotonic()
            hand.look(name)
            waited.append(time.monotonic() - began)
            if number % 8 == 7:  # what is held stays so
                held += held_locks()
                closed.append(hand.anew())
        hand.close()
        left = [path.name for path in Path(folder).rglob("*") if path.name not in hand.files]
    found.figure("interrupted in the midst", interrupted)
    found.at_most("swallowed, in a hundred", 100 * len(lost) / times, SWALLOWED)
    found.none("interruptions that were put off and forgotten", half)
    found.figure("usual seconds", {name: round(each, 3) for name, each in usual.items()})
    found.figure("next picture, worst, s", max(waited))
    found.none("pictures that never came or are wrong", hand.broken)
    found.none("locks held", held)
    found.none("temporary files left", left)
    found.at_most("close(), worst, s", max(closed), 1, time=True)
    found.figure("close(), median, s", percentile(closed, 0.5))


class _Hand:
    """What a person does in a notebook's cells, one after another."""

    def __init__(self, folder: Path) -> None:
        from filterviz_widget import FilterExplorer, FilterHistory, visualize_filter
        from tests.networks import small_network

        self.model, self.trained = small_network(), small_network()
        self.trained.compile("sgd", "mse", jit_compile=False)
        self.explorer, self.history = FilterExplorer(self.model, layer="second"), FilterHistory()
        self.right = {filter: visualize_filter(self.model, "second", filter).image for filter in range(8)}
        self.broken: list[str] = []
        self.kept: Any = None
        self.files = {"picture.png", "history.h5"}
        self.number = 0
        x, y = np.zeros((8, 20, 20, 3), np.float32), np.zeros((8, 3), np.float32)

        def move() -> None:
            for _ in range(20):
                self.number += 1
                self.explorer.filter = self.number % 6
            self.explorer.layer = "first" if self.number % 40 else "second"
            self.explorer.method = "robust" if self.number % 60 else "classic"

        def wait() -> None:
            self.number += 1
            self.explorer.seed = self.number
            self.explorer.wait(HANGS)

        def fit() -> None:
            self.history = FilterHistory((x, y), layers=["first"], filters=2, iterations=2, max_bytes=10_000)
            self.trained.fit(x, y, epochs=3, verbose=0, callbacks=[self.history])
            self.history.save(folder / "history.h5")

        def open_and_close() -> None:
            FilterExplorer(self.model).close()

        def draw() -> None:
            self.number += 1
            visualize_filter(self.model, "first", 0, iterations=30, seed=self.number, image_size=20 + self.number % 7)

        def save() -> None:
            self.explorer.save(folder / "picture.png")

        self.works: dict[str, Callable[[], None]] = {
            each.__name__: each for each in (move, wait, fit, open_and_close, draw, save)
        }

    def look(self, after: str) -> None:
        """Closes what was recorded, asks for a picture and compares it."""
        self.history.close()
        self.number += 1
        filter = self.number % 8
        try:
            with self.explorer._at_once():
                self.explorer.layer, self.explorer.method, self.explorer.seed = "second", "classic", 0
                self.explorer.filter = filter
            picture = self.explorer.wait(HANGS)
        except Exception as error:
            self.broken.append(f"after {after}: {error!r}")
            return
        if picture.description.filter != filter or not np.array_equal(picture.image, self.right[filter]):
            self.broken.append(f"after {after}: another picture than that of filter {filter}")

    def anew(self) -> float:
        """Closes the explorer, in the midst of its work, and opens another one; seconds of closing."""
        from filterviz_widget import FilterExplorer

        self.explorer.iterations = 10_000
        seconds = self.close()
        self.explorer = FilterExplorer(self.model, layer="second")
        return seconds

    def close(self) -> float:
        """Seconds that it takes."""
        return _seconds(self.explorer.close)


def half_done(after: str) -> list[str]:
    """What an interruption has left of putting it off."""
    from filterviz_widget.interrupts import WHOLE

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return [f"after {after}: {signal.getsignal(signal.SIGINT)} hears of the next one"]
    if WHOLE._depth or WHOLE._came_at is not None:
        return [f"after {after}: depth {WHOLE._depth}, {WHOLE._came_at}"]
    return []


def interrupted_after(work: Callable[[], None], seconds: float) -> tuple[bool, KeyboardInterrupt | None]:
    """Does something, and sends this process a SIGINT so many seconds after it began.

    Returns:
        Whether the work was done by then, and what the signal has raised.
    """

    def send() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    sender, is_done = threading.Thread(target=send, daemon=True), False
    try:
        sender.start()
        work()
        is_done = True
        time.sleep(seconds + 1)  # what comes late
    except KeyboardInterrupt as error:
        return is_done, error
    return is_done, None


def _seconds(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
