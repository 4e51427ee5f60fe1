"""What the kernel told, numbered: a page says what it has, and is told what was lost on its way."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from filterviz_widget.widgets.pace import weight

MOST_LETTERS = 16
LARGEST = 8_000_000
"""Bytes of letters that are kept, about; the last one whatever its size."""


class News:
    """Numbers what a widget tells its pages.

    Some hosts drop, or keep back, what a background thread sends. So every message with traits says from which number
    to which it holds everything, and how often a page has asked. A page that finds a gap, or hears nothing for a while,
    asks for what came after the last number up to which it has everything.

    Letters are what is sent beside the traits, such as a page of small pictures; the last ones are kept.
    """

    def __init__(self) -> None:
        self._number = self._asks = 0
        self._changed: dict[str, int] = {}
        self._since: int | None = None
        self._up_to: int | None = None
        self._letters: deque[tuple[int, Mapping[str, Any], Any, int]] = deque(maxlen=MOST_LETTERS)

    @property
    def number(self) -> int:
        """Of the last message: nobody can have heard of a later one."""
        return self._number

    def told(self, names: Collection[str], late: Collection[str] = ()) -> list[int]:
        """Numbers a message that holds these traits: `[since, number, asks]`.

        Args:
            names: Of the traits. They have changed, unless the message is an answer.
            late: Those that have changed in any case, and that nobody was told.
        """
        new = names if self._since is None else late
        if new or self._since is None:
            self._number += 1
            self._changed.update(dict.fromkeys(new, self._number))
        if self._since is None:
            return [self._number - 1, self._number, self._asks]
        return [self._since, self._number if self._up_to is None else self._up_to, self._asks]

    def letter(self, content: Mapping[str, Any], buffers: Any) -> dict[str, Any]:
        """Keeps a letter, which belongs to the next message, and returns it with that message's number."""
        numbered = {**content, "letter": self._number + 1}
        self._letters.append((self._number + 1, numbered, buffers, weight([content, *(buffers or ())])))
        while len(self._letters) > 1 and sum(each[-1] for each in self._letters) > LARGEST:
            self._letters.popleft()
        return numbered

    def missed(self, since: int) -> tuple[set[str], list[tuple[Mapping[str, Any], Any]]]:
        """The traits and the letters that came after a number. What came before is taken to be had by all."""
        while self._letters and self._letters[0][0] <= since:
            self._letters.popleft()
        names = {name for name, number in self._changed.items() if number > since}
        return names, [(content, buffers) for _, content, buffers, _ in self._letters]

    @contextmanager
    def answering(self, since: int, *, asked: bool = False, up_to: int | None = None) -> Iterator[None]:
        """What is told meanwhile is an answer: with it a page has everything since that number.

        Args:
            since: The number.
            asked: Whether the page has asked.
            up_to: Up to which number the page then has everything; None for the last.
        """
        self._asks += asked
        self._since, self._up_to = since, up_to
        try:
            yield
        finally:
            self._since = self._up_to = None
