"""A one-slot mailbox with a thread behind it, which lives only while there is work: the newest job wins."""

import atexit
import itertools
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from filterviz_widget.interrupts import PATIENCE, WHOLE

Job = TypeVar("Job")

THREAD_NAME = "filterviz-"
"""What all names begin with."""

LAST = 10.0
"""Seconds that the end of the process waits at most for all that runs: until its next question, as a rule at once."""

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)
_working: "weakref.WeakSet[Worker[Any]]" = weakref.WeakSet()


class Worker(Generic[Job]):
    """Runs jobs one at a time on a background thread; a new job replaces one that waits or runs.

    The thread is started for a job and ends when none waits, so a worker that rests costs nothing and holds nobody.
    It survives whatever the work raises.

    Args:
        work: Called on the thread with a job and a function that says whether the job is still wanted. It must ask
            often, and return soon after a no.
        name: What it is for, in the thread's name.
    """

    def __init__(self, work: Callable[[Job, Callable[[], bool]], None], name: str = "worker") -> None:
        self._work = work
        self._name = name
        # Reentrant: a signal's handler may run in the midst of any of these methods, and submit in turn.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: list[Job] = []
        self._wanted = 0
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()  # held by the thread: taken in one step, whoever interrupts whom
        self._is_closed = False

    def submit(self, job: Job, *, only_if_busy: bool = False) -> None:
        """Replaces whatever waits or runs. Returns at once."""
        with WHOLE, self._changed:
            if self._is_closed or (only_if_busy and not self.is_busy):
                return
            self._waiting = [job]
            self._wanted += 1
            if self._busy.acquire(blocking=False):
                # A daemon, so that a forgotten explorer does not keep the process alive; stopped in good order at
                # exit all the same, because TensorFlow aborts when the interpreter goes away under it.
                name = f"{THREAD_NAME}{self._name}-{next(_numbers)}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                _working.add(self)
                try:
                    self._thread.start()
                except RuntimeError:  # the process has no more threads: nobody would ever take the job
                    self._waiting = []
                    self._busy.release()
                    raise

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until there is nothing to do; False if that takes longer than `timeout` seconds."""
        ends, is_over, left = float("inf") if timeout is None else time.monotonic() + timeout, False, 1.0
        while not is_over and left > 0:
            left = ends - time.monotonic()
            with WHOLE, self._changed:  # between two looks it may be interrupted
                is_over = self._changed.wait_for(lambda: not self.is_busy, max(0.0, min(left, PATIENCE)))
                thread = self._thread
        if is_over and thread is not None and not self.is_current_thread():
            with WHOLE:
                thread.join(1)  # it has nothing left to do, and who counts threads should not find it
        return is_over

    def close(self, timeout: float = 0) -> None:
        """Takes no more jobs, and ends the one that runs at its next question; waits for that up to `timeout` s."""
        with WHOLE, self._changed:
            self._is_closed = True
            self._waiting = []
            self._wanted += 1
        if timeout and not self.is_current_thread():
            self.wait(timeout)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._busy.locked()

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more jobs, and the one that runs is to end."""
        return self._is_closed

    def is_current_thread(self) -> bool:
        """Whether the caller runs on this worker's thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._busy.release()
                    self._changed.notify_all()
                    return
                job, number = self._waiting.pop(), self._wanted
            try:
                self._work(job, lambda number=number: self._wanted == number)  # type: ignore[misc]  # bound now
            except BaseException:  # an observer's sys.exit() too: the next job must find a worker
                _log.exception("A job of %s failed.", threading.current_thread().name)
            del job


def _forget_all() -> None:
    """In a process that was forked none of these threads goes on."""
    global _working
    _working = weakref.WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


@atexit.register
def _stop_all() -> None:
    workers = list(_working)
    for worker in workers:
        worker.close()
    ends = time.monotonic() + LAST
    for worker in workers:
        worker.wait(max(0.0, ends - time.monotonic()))
