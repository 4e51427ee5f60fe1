"""What becomes of a widget that nobody holds any more: who must not hold it, and who closes it."""

import contextlib
import functools
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

DROPPED: "queue.SimpleQueue[Callable[[], Any]]" = queue.SimpleQueue()
"""What is to be called for widgets that nobody holds any more."""


@functools.cache
def undertaker() -> threading.Thread:
    """The thread, one for the process, that calls what is in `DROPPED`.

    Python calls `__del__` in the midst of anything, on any thread: also on a new one, whose starter holds the lock and
    waits until it runs. So `__del__` waits for no lock; whoever may wait does the work.
    """

    def work() -> None:
        while True:
            with contextlib.suppress(Exception):
                DROPPED.get()()

    thread = threading.Thread(target=work, name="filterviz_widget", daemon=True)
    thread.start()
    return thread


def weakly(method: Callable[..., Any], without: Any = None) -> Callable[..., Any]:
    """The method as long as its object lives, and then `without`: a thread that runs must not hold the widget."""
    held = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        alive = held()
        return without if alive is None else alive(*arguments)

    return call
