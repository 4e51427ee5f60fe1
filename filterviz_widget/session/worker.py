"""One background thread with a one-slot mailbox: the newest job wins."""

import atexit
import itertools
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")

THREAD_NAME = "filterviz-"
"""What all names begin with."""

_numbers = itertools.count(1)


class Worker(Generic[Job]):
    """Runs jobs one at a time on a thread of its own; a new job replaces one that waits or runs.

    Args:
        work: Called on the thread with a job and a function that says whether the job is still wanted. It
            must ask often, return soon after a no, and not raise.
        name: What it is for, in the thread's name.
    """

    def __init__(self, work: Callable[[Job, Callable[[], bool]], None], name: str = "worker") -> None:
        self._work = work
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._wanted = 0
        self._busy = False
        self._closed = False
        # A daemon, so that a forgotten explorer does not keep the process alive; stopped in good order at
        # exit all the same, because TensorFlow aborts when the interpreter goes away under it.
        self._thread = threading.Thread(target=self._run, name=f"{THREAD_NAME}{name}-{next(_numbers)}", daemon=True)
        atexit.register(self.close, 10)
        self._thread.start()

    def submit(self, job: Job, *, only_if_busy: bool = False) -> None:
        """Replaces whatever waits or runs. Returns at once."""
        with self._changed:
            if self._closed or (only_if_busy and not (self._busy or self._waiting)):
                return
            self._waiting = [job]
            self._wanted += 1
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until there is nothing to do; False if that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._busy or self._waiting), timeout)

    def close(self, timeout: float = 0) -> None:
        """Ends the thread at its next question; waits for that up to `timeout` seconds."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            self._waiting = []
            self._wanted += 1
            self._changed.notify_all()
        self.join(timeout)

    def join(self, timeout: float) -> None:
        """Waits for the end of a closed thread, up to `timeout` seconds."""
        if not self.is_current_thread():
            self._thread.join(timeout)

    def is_current_thread(self) -> bool:
        """Whether the caller runs on this worker's thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                job, number = self._waiting.pop(), self._wanted
                self._busy = True
            try:
                self._work(job, lambda number=number: self._wanted == number)  # type: ignore[misc]  # bound now
            finally:
                del job
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
