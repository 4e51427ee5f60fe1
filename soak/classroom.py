"""Thirty explorers in one process, each moved every second: nobody waits much longer than the others."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from soak.found import Found
from soak.measure import cached, memory, percentile

TIMES = {"short": 4, "middle": 25, "long": 300}
"""Seconds of the lesson; in a long one the flower model is among the models."""

STUDENTS = 30

MODELS = 5
"""So many of them have the same one."""

FAIR = 2.0
"""How many times the mean a student may wait."""

GROWS = 30.0
"""Megabytes by which the second half of a lesson may need more than the first."""


def run(found: Found, times: int, seed: int) -> None:
    """Moves all of them, and notes how long each waits for a picture of what was asked for."""
    from filterviz_widget.demo import flower_model
    from tests.networks import small_network

    rng = np.random.default_rng(seed)
    models = [small_network() for _ in range(MODELS)]
    if times >= TIMES["long"]:
        models[0] = flower_model()
    _Student(models[1]).explorer.close()
    before = memory()
    students = [_Student(models[number % MODELS]) for number in range(STUDENTS)]
    for student in students:
        student.explorer.wait(600)
        student.explorer._wishes.wait(600)  # the panels too: the lesson begins when all have opened theirs
    turns = [(second + place / STUDENTS, place) for second in range(times) for place in range(STUDENTS)]
    began, half = time.monotonic(), 0.0
    for at, place in turns:
        if not half and at >= times / 2:
            half = beside_caches(students)
        time.sleep(max(0.0, began + at - time.monotonic()))
        students[place].move(int(rng.integers(0, 6)), int(rng.integers(2**31)))
    time.sleep(1)  # the last ones have as long as all others
    waits = [student.ended() for student in students]
    found.figure("pictures", sum(map(len, waits)))
    means = [float(np.mean(each)) for each in waits]
    mean = float(np.mean(means))
    found.figure("wait for a first picture, mean, s", mean)
    found.figure("mean of who waits longest, s", max(means))
    found.figure("95th percentile of who waits longest, s", max(percentile(each, 0.95) for each in waits))
    end = beside_caches(students)
    found.figure("memory of the whole lesson, MB", memory() - before)
    found.none("students without a picture", [f"{place}" for place, each in enumerate(students) if not each.answered])
    found.at_most("longest mean wait / mean wait", max(means) / mean, FAIR, time=True)
    found.at_most("memory beside caches, second half of the lesson, MB", end - half, GROWS)
    for student in students:
        student.explorer.close()


def beside_caches(students: Sequence["_Student"]) -> float:
    """Megabytes of the process without those that a bound in bytes allows for each model."""
    return memory() - sum(cached(student.explorer) for student in students[:MODELS])


class _Student:
    """Somebody who moves a slider, and waits for a picture of what it says, also through later moves."""

    def __init__(self, model: Any) -> None:
        from filterviz_widget import FilterExplorer

        self.explorer = FilterExplorer(model)
        self.waits: list[float] = []
        self.answered = 0
        self._since: float | None = None
        self._lock = threading.Lock()
        self.explorer.observe(self._seen, "shown")

    def move(self, filter: int, seed: int) -> None:
        """To a picture that nobody has drawn yet; who still waits has waited since the move before."""
        with self._lock:
            self._since = time.monotonic() if self._since is None else self._since
        with self.explorer._at_once():
            self.explorer.filter, self.explorer.seed = filter, seed

    def ended(self) -> list[float]:
        """Seconds of each wait, the one included that has no end yet."""
        with self._lock:
            return self.waits if self._since is None else [*self.waits, time.monotonic() - self._since]

    def _seen(self, _: Any) -> None:
        shown = self.explorer.shown or {}
        is_it = all(shown.get(name) == getattr(self.explorer, name) for name in ("filter", "seed"))
        with self._lock:
            if self._since is not None and is_it:
                self.waits.append(time.monotonic() - self._since)
                self._since, self.answered = None, self.answered + 1
