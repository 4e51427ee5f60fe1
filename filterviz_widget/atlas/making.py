"""An atlas while it is made: on a thread of its own, told of and stopped from others."""

from __future__ import annotations

import contextlib
import errno
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from filterviz_widget.atlas.files import NETWORK, write_json
from filterviz_widget.atlas.identity import weights_digest
from filterviz_widget.atlas.in_processes import default_workers, in_processes
from filterviz_widget.atlas.index import Index
from filterviz_widget.atlas.job import Task
from filterviz_widget.atlas.network import network
from filterviz_widget.atlas.on_ray import on_ray
from filterviz_widget.atlas.planning import Plan
from filterviz_widget.atlas.progress import Progress
from filterviz_widget.atlas.site import write_page
from filterviz_widget.atlas.tasks import tasks
from filterviz_widget.atlas.travel import clear
from filterviz_widget.atlas.worker import UnreadableModelError, run_task
from filterviz_widget.engine import Abandoned

State = Literal["making", "done", "stopped", "failed"]

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


_running: weakref.WeakValueDictionary[Path, Making] = weakref.WeakValueDictionary()
"""By their folders: a cell that is run again ends what it began."""


class Making:
    """Makes what is missing of an atlas. It begins at once.

    Args:
        plan: What is to be made.
        workers: How many processes; 0 for this one; None for as many as there are cores and memory for.
        ray: A Ray cluster, see `on_ray`; None for processes on this machine.
        told: Called, on the thread that works, whenever there is more, and at the end.

    Raises:
        OSError: If the folder cannot be written.

    Attributes:
        state: Where it is.
        error: Why it failed, once it has; `None` before.
        note: What the user should know.
        progress: How far it is.
    """

    def __init__(
        self,
        plan: Plan,
        workers: int | None,
        ray: str | Mapping[str, Any] | None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self.state: State = "making"
        self.error: Exception | None = None
        self.note = plan.note
        self._plan, self._workers, self._ray, self._told = plan, workers, ray, told
        self._index = Index(plan)
        self._all = tasks(plan.job.layers, plan.job.photos is not None)
        self._left = [task for task in self._all if not plan.job.is_done(task)]
        for task in sorted({*self._all} - {*self._left}):
            self._index.add(task)
        self.progress = Progress({each.name: each.filters for each in plan.job.layers}, self._index.made)
        self._stops = threading.Event()
        try:
            write_page(plan.job.folder)
            names = [each.name for each in plan.job.layers]
            write_json(plan.job.folder, NETWORK, network(plan.engine.view, names))
            self._index.write(at_once=True)
        except OSError as error:
            raise self._in_words(error) from error
        self._thread = threading.Thread(target=self._work, name="filterviz-atlas", daemon=True)
        _running[plan.job.folder] = self
        self._thread.start()

    @property
    def parts(self) -> int:
        """How many parts are finished: shards, and passes over the images."""
        return self._index.parts

    def stop(self) -> None:
        """Ends the work soon; what is done stays. Returns at once."""
        self._stops.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until it ends; False if that takes longer than so many seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _is_stopped(self) -> bool:
        """Also when the interpreter ends: it waits for the processes."""
        return self._stops.is_set() or not threading.main_thread().is_alive()

    def _work(self) -> None:
        job = self._plan.job
        try:
            self._run(self._left)
            missing = [task for task in self._all if not job.is_done(task)]
            if missing and not self._is_stopped():
                raise RuntimeError(f"{len(missing)} parts were lost, such as {job.result(missing[0])}. Run it again.")
            self._index.write(at_once=True)
            self.state = "stopped" if missing else "done"
        except Abandoned:
            self.state = "stopped"
        except Exception as error:
            self.error, self.state = self._in_words(error), "failed"
        finally:
            with contextlib.suppress(OSError):
                self._index.write(at_once=True)
            clear(job.folder)  # what workers needed is written anew when it goes on
            self._told()

    def _run(self, left: list[Task]) -> None:
        if not left:
            return
        plan, job = self._plan, self._plan.job
        if self._ray is not None:
            if not plan.travels:
                raise ValueError("This model cannot be written to a file, so it cannot be sent to Ray. Use ray=None.")
            on_ray(job, left, self._ray, self._workers, self._done, self._is_stopped)
            return
        workers = default_workers(nbytes(plan)) if self._workers is None else self._workers
        reason = "" if plan.travels else "it cannot be written to a file"
        if workers and not reason:
            try:
                in_processes(job, left, workers, self._done, self._is_stopped)
                return
            except UnreadableModelError as error:
                reason = str(error)
        if reason:
            said = f"Made in this process alone, as the model cannot be read in another: {reason}."
            self.note = f"{self.note} {said}".strip()
        for task in left:
            if weights_digest(plan.model) != job.weights:
                raise ValueError("The model has changed while its atlas was made: give it a new folder.")
            self._done(run_task(job, task, plan.engine, self._check))

    def _check(self) -> None:
        if self._is_stopped():
            raise Abandoned

    def _done(self, task: Task) -> None:
        self._index.add(task)
        self.progress.made = self._index.made
        self._index.write()
        self._told()

    def _in_words(self, error: Exception) -> Exception:
        if isinstance(error, OSError) and error.errno in FULL:
            done, total = sum(self.progress.made), self.progress.total
            folder = str(self._plan.job.folder)
            words = f"{folder!r} cannot be written: {error.strerror}. {done:,} of {total:,} filters are done and stay; "
            return OSError(error.errno, f"{words}make room and run it again.")
        return error


def end_other(folder: Path) -> None:
    """Ends what is made in a folder by this process, and waits for it.

    Raises:
        RuntimeError: If it does not end.
    """
    if (other := _running.pop(folder, None)) is not None:
        other.stop()
        if not other.wait(60):
            _running[folder] = other
            raise RuntimeError(f"The atlas in {str(folder)!r} is still being made, and does not stop. Try again later.")


def nbytes(plan: Plan) -> float:
    """Of the model's file; 0 where there is none."""
    return float(plan.job.model.stat().st_size) if plan.job.model.is_file() else 0.0
