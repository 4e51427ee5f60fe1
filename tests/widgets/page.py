"""A page that sends what it likes, through the door that hosts use, and reads all that it is sent."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from filterviz_widget.widgets.live_widget import LiveWidget

ASKED_FOR = {"hello": None, "news": None, "pin": "pinned", "unpin": "pinned", "swap": "pinned"}
"""Kinds of messages that ask for the state, or for a trait of it."""


class Sent(NamedTuple):
    """What a page was sent."""

    data: Any
    buffers: Sequence[Any]
    thread: int


class Answer(NamedTuple):
    """What came of a message.

    Attributes:
        seconds: Until the host had its thread back.
        cpu: Of these, those that the thread computed.
        bytes: That came back on that thread, without settings, and for who asked for the state without that.
        wrong: What should not have happened, in words.
    """

    seconds: float
    cpu: float
    bytes: int
    wrong: list[str]


class Raised(logging.Handler):
    """Notes each exception that somebody caught and wrote into the log, where a host would print it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Called for each line of the log."""
        error = record.exc_info[1] if record.exc_info else None
        self.words.append(f"{record.getMessage()[:200]} {error!r:.200}")


class Page:
    """The page of a widget. What it is sent is taken off the wire, and never reaches a host."""

    def __init__(self, widget: LiveWidget) -> None:
        self.widget = widget
        self.sent: list[Sent] = []
        comm: Any = widget.comm
        if hasattr(comm, "kernel"):  # ipykernel's, which is silent where there is no kernel
            from ipykernel.kernelbase import Kernel

            comm.kernel = Kernel()
        comm.send = self._receive

    def _receive(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        self.sent.append(Sent(data, buffers or (), threading.get_ident()))

    def message(self, data: Any, buffers: Sequence[Any] = ()) -> Answer:
        """Sends `data` as hosts do, and looks at what comes of it."""
        heard, wrong = self.widget.heard, []
        first = len(self.sent)
        began, computed = time.perf_counter(), time.thread_time()
        try:
            self.widget._handle_msg({"content": {"data": data}, "buffers": list(buffers)})
        except Exception as error:
            wrong.append(f"raised {error!r:.200}")
        seconds, computed = time.perf_counter() - began, time.thread_time() - computed
        if self.widget.heard != heard + (not _is_receipt(data)):
            wrong.append("was not answered")
        mine = [each for each in self.sent[first:] if each.thread == threading.get_ident()]
        wrong += self.unreadable()
        return Answer(seconds, computed, sum(self._size(each.data, data) for each in mine), wrong)

    def unreadable(self) -> list[str]:
        """What of all that came is no JSON, in words; what was looked at is let go of."""
        looked_at, self.sent = self.sent, []
        return [words for each in looked_at if (words := no_json(each.data))]

    def _size(self, answer: Any, asked: Any) -> int:
        """Bytes of an answer that nobody asked for, and that are no settings."""
        content = asked.get("content") if isinstance(asked, dict) else None
        kind = content.get("type") if isinstance(content, dict) else None
        wanted = ASKED_FOR.get(kind, "") if isinstance(kind, str) else ""
        if wanted is None or (isinstance(asked, dict) and asked.get("method") == "request_state"):
            return 0
        known = {*self.widget.SETTINGS, wanted}
        state = {name: value for name, value in answer.get("state", {}).items() if name not in known}
        return len(json.dumps({**answer, "state": state}))


def _is_receipt(data: Any) -> bool:
    """Which is an answer itself."""
    content = data.get("content") if isinstance(data, dict) and data.get("method") == "custom" else None
    return isinstance(content, dict) and content.get("type") == "receipt"


def no_json(data: Any) -> str:
    """Why something cannot be sent as JSON; "" if it can."""
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        return f"no JSON: {error!r:.200}"
    return ""
