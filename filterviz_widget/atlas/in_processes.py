"""Parts of an atlas in processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from filterviz_widget.atlas.environment import variables
from filterviz_widget.atlas.files import WORK
from filterviz_widget.atlas.job import Job, Task
from filterviz_widget.atlas.worker import ENVIRONMENT, UnreadableModelError, one_thread, run_pickled

MOST_TRIES = 3
"""How often a part may be in hand when a worker dies."""

LOOK = 0.5
"""Seconds between two looks at whether it is to be stopped."""

LARGE = 3.5e9
"""Bytes that a worker takes, about, its model apart: measured 3.4 GB for a VGG16."""


def default_workers(model_bytes: float) -> int:
    """As many as there are cores and memory for; 0, this process, where there is a GPU, whose memory it has already."""
    import psutil
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(psutil.virtual_memory().available / (LARGE + 3 * model_bytes))))


def in_processes(
    job: Job, tasks: Sequence[Task], workers: int, done: Callable[[Task], None], is_stopped: Callable[[], bool]
) -> None:
    """Runs tasks in new processes, each with one thread; returns when all are done, or it is stopped.

    A process that dies is replaced, and what it had in hand is done again.

    Args:
        job: The atlas.
        tasks: In the order in which they are begun.
        workers: How many processes, 1 or more.
        done: Called on this thread with each task that is done.
        is_stopped: Asked twice a second; then all processes end at once.

    Raises:
        RuntimeError: If a task is in hand each time that a process dies.
        UnreadableModelError: If the job cannot be sent to another process, or read there.
        Exception: What `run_task` raises.
    """
    try:
        pickled = pickle.dumps(job)
    except Exception as error:  # a function without a name, for one
        raise UnreadableModelError(f"{type(error).__name__}: {str(error)[:500]}") from None
    for log in (job.folder / WORK).glob("*.log"):
        log.unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    waiting, tries = deque(tasks), Counter[Task]()
    while waiting and not is_stopped():
        running: dict[Future[Task], Task] = {}
        ends = context.Event()
        executor = ProcessPoolExecutor(min(workers, len(waiting)), context, _begin, (ends, job.folder / WORK))
        try:
            while (waiting or running) and not is_stopped():
                while waiting and len(running) < workers:
                    with variables(ENVIRONMENT):  # which a process that is started here inherits
                        running[executor.submit(run_pickled, pickled, waiting[0])] = waiting[0]
                    waiting.popleft()  # not before: a pool that broke meanwhile takes nothing
                for future in wait(running, LOOK, FIRST_COMPLETED).done:
                    future.result()
                    done(running.pop(future))
        except BrokenProcessPool:
            if not list((job.folder / WORK).glob("*.log")):  # no worker has ever begun
                raise RuntimeError(
                    "The workers could not start. In a script, a file that they import, the call stands under "
                    '`if __name__ == "__main__":`. Or give workers=0.'
                ) from None
            # Who of them killed it is not known.
            tries.update(running.values())
            waiting.extendleft(reversed(running.values()))
            if lost := [task for task, count in tries.items() if count >= MOST_TRIES]:
                layer, first = job.layers[lost[0].layer].name, lost[0].first
                raise RuntimeError(
                    f"A worker died {MOST_TRIES} times at filter {first} of {layer}, killed by the system or for want "
                    "of memory. Try fewer workers; what is done stays."
                ) from None
        finally:
            ends.set()
            executor.shutdown(wait=True, cancel_futures=True)


def _begin(ends: Any, folder: Path) -> None:
    """Called first in each process: it leaves Ctrl-C and the terminal to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.log").open("wb") as log:  # what TensorFlow's C++ says, and a crash
        os.dup2(log.fileno(), 2)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        while parent is not None and parent.is_alive() and not ends.is_set():
            time.sleep(LOOK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    one_thread()
