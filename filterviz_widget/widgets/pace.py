"""How much may be on its way to the pages: who is slow to hear is told less often, and always the newest."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

AHEAD, MOST_AHEAD = 64_000, 160_000
"""Bytes on their way above which what comes waits: about half a second of what the slowest page takes in."""

EVERY = 8_000
"""Bytes after which a page is asked to say that it has heard."""

PATIENCE, LONGEST = 1.0, 30.0
"""Seconds without a word after which something is sent all the same: at first, and at most."""

FILM, FEWEST = 1.5, 4
"""Seconds that a film may take on its way, and frames that it has in any case."""

MOST_VIEWS, MOST_MESSAGES = 64, 256
"""That are counted, whatever comes; there are never so many."""


class _Heard(NamedTuple):
    number: int
    at: float
    when: float


class _Sent(NamedTuple):
    number: int
    size: int
    counts: int
    when: float


class Pace:
    """What is on its way, by what the views of the pages say that they have heard.

    A message says by its number whether its receipt is wanted. Who does not answer in time is not waited for until it
    answers again: a page that was closed, a laptop asleep, a host that hands over no messages while a cell runs.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._way: deque[_Sent] = deque()
        self._views: dict[str, _Heard] = {}
        self._taken: deque[tuple[int, float]] = deque(maxlen=4)  # a page that is busy for a moment is no slow link
        self._unasked = self._silences = 0
        self._moved = self._rose = clock()

    @property
    def is_answered(self) -> bool:
        """Whether there is a view that says what it has heard."""
        return bool(self._views)

    @property
    def patience(self) -> float:
        """Seconds to wait for the next word."""
        return min(LONGEST, (PATIENCE + 2 * self._takes()) * 2.0**self._silences)

    def sent(self, number: int, size: int, *, may_be_lost: bool = True) -> tuple[int, bool]:
        """Notes a message; returns how many milliseconds it will take, and whether its receipt is wanted.

        What arrives in every host is an answer, and the page asks for no more before it has come: no receipt is wanted,
        which would say nothing of what threads send, and nothing has to wait for it.
        """
        if self._ahead() < EVERY:  # what lies there is what nobody was asked about, perhaps for long
            self._moved = self._rose = self._clock()
        self._unasked += size
        counts, when = size if may_be_lost else 0, self._clock()
        if len(self._way) >= MOST_MESSAGES:
            last = self._way.pop()
            size, counts, when = size + last.size, counts + last.counts, last.when
        self._way.append(_Sent(number, size, counts, when))
        wanted = self._unasked >= EVERY and may_be_lost
        if wanted:
            self._unasked = 0
        return round(1000 * self._takes()), wanted

    def heard(self, view: str, number: int, at: float) -> None:
        """Notes that a view has heard all up to a number, at a time in seconds by a clock of its own."""
        before = self._views.get(view)
        if before is None and len(self._views) >= MOST_VIEWS:
            return
        self._views[view] = _Heard(number, at, self._clock())
        self._silences = 0
        size, took = self._arrived()
        if size >= EVERY:
            # Where one came soon after the other the page knows better: our thread may have been busy meanwhile.
            took = min(took, at - before.at) if before and at > before.at else took
            self._taken.append((size, took))

    def left(self, view: str) -> None:
        """Forgets a view."""
        self._views.pop(view, None)

    def brings(self, since: int) -> bool:
        """Whether what a page misses, all after a number, is on its way and need not be sent again."""
        missing = [each.when for each in self._way if each.number > since]
        if not missing or not self._views:
            return False
        if self._clock() - missing[0] < self.patience:
            return True
        self._views.clear()  # something was lost
        return False

    def must_wait(self) -> bool:
        """Whether there is so much on the way that what comes now has to wait."""
        most = min(MOST_AHEAD, max(AHEAD, (self._rate or 0) / 2))
        if self._ahead() < most:
            return False
        now, patience = self._clock(), self.patience
        if now - self._moved < patience:
            return True
        self._views = {view: heard for view, heard in self._views.items() if now - heard.when < patience}
        self._moved = now
        if self._views:
            self._arrived()
            return self._ahead() >= most
        self._silences = min(10, self._silences + 1)
        return False

    @property
    def _rate(self) -> float | None:
        """Bytes in a second, lately."""
        return (
            sum(size for size, _ in self._taken) / max(1e-3, sum(took for _, took in self._taken))
            if self._taken
            else None
        )

    def _ahead(self) -> int:
        """Bytes that not all views that answer have heard, answers apart."""
        return sum(each.counts for each in self._way)

    def _takes(self) -> float:
        """Seconds until that has arrived, where it is known."""
        return self._ahead() / self._rate if self._rate else 0.0

    def _arrived(self) -> tuple[int, float]:
        """Lets go of what all have heard; returns its bytes, and for how many seconds it was on its way."""
        slowest, now = min(heard.number for heard in self._views.values()), self._clock()
        gone, first = 0, now
        while self._way and self._way[0].number <= slowest:
            sent = self._way.popleft()
            gone, first, self._moved = gone + sent.size, min(first, sent.when), now
        return gone, now - max(first, self._rose)

    def affordable(self, frames: Sequence[Any]) -> list[Any]:
        """So many frames of a film, evenly, as a slow page can take in; a fast one has them all."""
        share = 1.0
        if self._rate and self._views:
            share = min(1.0, FILM * self._rate / max(1, weight(frames)))
        count = min(len(frames), max(FEWEST, round(share * len(frames))))
        return [frames[place * len(frames) // count] for place in range(count)]


def weight(value: Any) -> int:
    """About how many bytes a trait or a letter takes; a list of numbers is not looked through."""
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if isinstance(value, memoryview):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(weight, value.values()))
    if isinstance(value, list | tuple):
        if any(isinstance(each, str | list | tuple | dict) for each in value[:2]):
            return sum(map(weight, value))
        return 16 * len(value)
    return 8
