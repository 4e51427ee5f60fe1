"""How far an atlas is: filters done, the rate, the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO


class Progress:
    """Counts filters while an atlas is made.

    Args:
        filters: How many each layer has, by its name.
        made: How many of them were there before.
    """

    def __init__(self, filters: dict[str, int], made: Sequence[int]) -> None:
        self._filters = filters
        self._began, self._before = time.monotonic(), sum(made)
        self.made = list(made)

    @property
    def total(self) -> int:
        """Filters in all."""
        return sum(self._filters.values())

    @property
    def rate(self) -> float | None:
        """Filters a second, since it began; None before the first."""
        new = sum(self.made) - self._before
        return new / (time.monotonic() - self._began) if new else None

    @property
    def seconds_left(self) -> float | None:
        """At that rate; None where it is not known."""
        return (self.total - sum(self.made)) / self.rate if self.rate else None

    @property
    def pace(self) -> str:
        """How fast it goes, and for how long: "1.9 a second, 2 min left"; "" before that is known."""
        if self.rate is None or self.seconds_left is None:
            return ""
        rate = f"{self.rate:.2g} a second" if self.rate >= 0.1 else f"{60 * self.rate:.2g} a minute"
        return f"{rate}, {duration(self.seconds_left)} left"

    @property
    def words(self) -> str:
        """All of it in a line, such as "96 of 305 filters, 1.9 a second, 2 min left: conv2 32 of 64"."""
        said = ", ".join(filter(None, [f"{sum(self.made):,} of {self.total:,} filters", self.pace]))
        begun = [
            f"{name} {made} of {count}"
            for (name, count), made in zip(self._filters.items(), self.made, strict=True)
            if 0 < made < count
        ]
        return f"{said}: {', '.join(begun)}" if begun else said


class Line:
    """One line of a terminal, written over and over; where there is no terminal, a line for each step.

    Args:
        stream: Where it goes; None for standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._length, self._step = 0, -1

    def show(self, words: str, step: int) -> None:
        """Takes the place of what was there; `step` says whether there is something new but the time."""
        if not self._is_terminal and step == self._step:
            return
        self._step = step
        end = "" if self._is_terminal else "\n"
        start = "\r" if self._is_terminal else ""
        shown = words[:118] + "…" * (len(words) > 118)
        print(f"{start}{shown.ljust(self._length)}", end=end, file=self._stream, flush=True)
        self._length = len(shown) if self._is_terminal else 0

    def end(self) -> None:
        """What comes next begins on a line of its own."""
        if self._is_terminal and self._length:
            print(file=self._stream, flush=True)
            self._length = 0


def duration(seconds: float) -> str:
    """A time in the unit that a person would take.

    >>> duration(95), duration(8000), duration(3)
    ('2 min', '2.2 h', '3 s')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.2g} h" if seconds < 48 * 3600 else f"{seconds / 86400:.2g} days"
