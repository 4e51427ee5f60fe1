"""Ctrl-C, or "Interrupt the kernel": what comes in the midst of something that has to stay whole waits for its end.

Python raises KeyboardInterrupt in the main thread between any two steps, also between taking a lock and the `try` that
gives it back, inside `threading.Condition`, and in the `finally` of a generator; a traceback that a notebook keeps then
holds the lock for all other threads. So such steps are put under `WHOLE`, and what takes long asks `check` at places
where it can be left.
"""

import _thread
import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, ParamSpec

PATIENCE = 0.05
"""Seconds between two looks whether who waits was interrupted."""

INSISTS = 1.0
"""Seconds after an interruption that was not obeyed, after which another one is, wherever it comes."""

AGAIN = 0.01
"""Seconds after the end of a finalizer, when an interruption comes again that came within."""

P = ParamSpec("P")


def _is_main() -> bool:
    """Without `threading.current_thread()`, which takes a lock where a thread has just begun."""
    return threading.get_ident() == threading.main_thread().ident


class Whole:
    """`with WHOLE:` puts off interruptions of the main thread to the end of the block, or to `check`.

    Reentrant, and nothing in other threads, which are never interrupted. The handler that was there is called in the
    end, as an event loop may have one of its own; where there is none of Python's, nothing is done.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._before: Any = None
        self._came_at: float | None = None
        self._stand_in = self._note  # one object, to be known again

    def __enter__(self) -> None:
        if not _is_main():
            return
        if self._depth:
            self._depth += 1
            return
        before = signal.getsignal(signal.SIGINT)
        if before is self._stand_in:  # put back by somebody who had found it
            before = self._before
        if not callable(before):
            return
        self._before, self._came_at = before, None  # first, as one may come as soon as the stand-in is there
        try:
            # What is pending is raised here, before anything has changed; what comes later is noted.
            signal.signal(signal.SIGINT, self._stand_in)
        except ValueError:  # the main thread of Python is not that of the process
            return
        self._depth = 1

    def __exit__(self, *_: object) -> None:
        if self.leave():
            self._before(signal.SIGINT, None)

    def leave(self) -> bool:
        """Ends the block; whether the caller has to see to an interruption that was put off."""
        if not self._depth or not _is_main():
            return False
        self._depth -= 1
        return not self._depth and self._end()

    def check(self) -> None:
        """Lets an interruption have its way that was put off.

        Raises:
            KeyboardInterrupt: If one was; or whatever the handler that was there raises.
        """
        if self._came_at is not None and _is_main():
            self._came_at = None
            self._before(signal.SIGINT, None)

    def _end(self) -> bool:
        """Puts the handler back; whether an interruption was put off."""
        try:
            if signal.getsignal(signal.SIGINT) is self._stand_in:  # and not somebody else's since
                signal.signal(signal.SIGINT, self._before)
        finally:  # the next one may come just here
            came, self._came_at = self._came_at is not None, None
        return came

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._depth:  # as the block begins or ends
            self._end()
            self._before(number, frame)
        elif self._came_at is None:
            self._came_at = now
        elif now - self._came_at > INSISTS:  # a layer of the user's, or an observer, that does not end
            self._depth = 0
            self._end()
            self._before(number, frame)


WHOLE = Whole()
"""The one of the process."""

check = WHOLE.check


def finalizer(act: Callable[P, Any]) -> Callable[P, None]:
    """What Python calls as something goes, in a weak reference's callback, `weakref.finalize` or `__del__`.

    Python drops what is raised there, also KeyboardInterrupt. So the act is done whole, with all that is freed by it,
    and an interruption that came meanwhile comes again just after.
    """

    @functools.wraps(act)
    def whole(*arguments: P.args, **named: P.kwargs) -> None:
        WHOLE.__enter__()
        try:
            act(*arguments, **named)
        finally:
            if WHOLE.leave():
                _thread.start_new_thread(_press_again, ())  # as threading.Thread takes a lock that is held here, maybe

    return whole


def _press_again() -> None:
    time.sleep(AGAIN)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # also wakes it, where it waits
    else:  # Windows
        _thread.interrupt_main()


class WholeLock:
    """A reentrant lock. Who holds it is not interrupted; who waits for it may be."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        WHOLE.__enter__()
        try:
            while not self._lock.acquire(timeout=PATIENCE):
                WHOLE.check()
        except BaseException:
            WHOLE.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        WHOLE.__exit__()

    @contextlib.contextmanager
    def if_free(self) -> Iterator[bool]:
        """Takes it where that needs no waiting; yields whether it did."""
        with WHOLE:
            if not self._lock.acquire(blocking=False):
                yield False
                return
            try:
                yield True
            finally:
                self._lock.release()

    def is_mine(self) -> bool:
        """Whether this thread holds it."""
        return self._lock._is_owned()  # type: ignore[attr-defined]  # what threading.Condition asks too
