"""What every worker runs, in a process of its own or on another machine: one part of an atlas, if it is not there."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

from filterviz_widget.atlas.job import Job, Task

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine

ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""One thread: cores are shared out by the number of workers, and sums in one thread are the same everywhere."""

_engines: dict[str, Engine] = {}
"""The engine of the last job, in a process that does nothing else."""


class UnreadableModelError(RuntimeError):
    """The model cannot be read in a worker, such as one with classes or functions that exist in a notebook only."""


def run_pickled(pickled: bytes, task: Task) -> Task:
    """What `run_task` does, in a process of its own. The job is taken apart here, where what goes wrong can be told.

    Raises:
        UnreadableModelError: Also if the job cannot be taken apart.
        Exception: As `run_task` does.
    """
    try:
        job: Job = pickle.loads(pickled)
    except Exception as error:
        raise UnreadableModelError(f"{type(error).__name__}: {str(error)[:500]}") from None
    return run_task(job, task)


def run_task(job: Job, task: Task, engine: Engine | None = None, check: Callable[[], None] = lambda: None) -> Task:
    """Makes a part of an atlas, unless it is there. It may be called again at any time, and by several at once.

    Args:
        job: The atlas.
        task: Which part.
        engine: Of the model, where there is one; None to read the model from the job's file, and keep it for the next.
        check: Called often; it may raise to give the work up.

    Returns:
        The task.

    Raises:
        UnreadableModelError: If the model cannot be read here.
        ValueError: If the model is another one than the job's.
        OSError: If a file cannot be written.
        Exception: Whatever the model or `check` raises.
    """
    if job.is_done(task):
        return task
    engine = engine or _engine(job)
    if task.kind == "examples":
        from filterviz_widget.atlas.examples import make_examples

        make_examples(engine, job, task, check)
    else:
        from filterviz_widget.atlas.shard import make_shard

        make_shard(engine, job, task, check)
    return task


def one_thread() -> None:
    """Sets this process to one thread."""
    os.environ.update(ENVIRONMENT)
    import tensorflow as tf

    # A script that was imported here may have begun to compute; then TensorFlow has read the environment before.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def _engine(job: Job) -> Engine:
    if job.key not in _engines:
        _engines.clear()
        _engines[job.key] = _read(job)
    return _engines[job.key]


def _read(job: Job) -> Engine:
    from filterviz_widget.atlas.identity import file_digest, weights_digest
    from filterviz_widget.engine import engine_of
    from filterviz_widget.model.load import load

    try:
        if job.written:
            import keras

            if file_digest(job.model) != job.written:
                raise ValueError(f"{str(job.model)!r} is not what was written for the workers.")
            # Written a moment ago from the user's own object: what code it has is the user's.
            model = keras.saving.load_model(job.model, compile=False, safe_mode=False)
        else:
            model = load(job.model, job.reading.get("input_shape"))
        engine = engine_of(model, **job.reading)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableModelError(f"{type(error).__name__}: {str(error)[:500]}") from None
    if (found := weights_digest(model)) != job.weights:
        raise ValueError(f"The model in {str(job.model)!r} has changed: expected weights {job.weights}, found {found}.")
    return engine
