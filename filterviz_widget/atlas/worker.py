"""What every worker runs, in a process of its own or on another machine: one part of an atlas, if it is not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from filterviz_widget.atlas.job import Job, Task

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine

ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""One thread: cores are shared out by the number of workers, and sums in one thread are the same everywhere."""

_engines: dict[str, Engine] = {}
"""The engine of the last job."""


class UnreadableModelError(RuntimeError):
    """The model's file cannot be read in a worker, such as one with classes that exist in a notebook only."""


def run_task(job: Job, task: Task) -> Task:
    """Makes a part of an atlas, unless it is there. It may be called again at any time, and by several at once.

    Returns:
        The task.

    Raises:
        UnreadableModelError: If the model cannot be read here.
        ValueError: If the model is another one than the job's.
        OSError: If a file cannot be written.
        Exception: Whatever the model raises.
    """
    if job.is_done(task):
        return task
    engine = _engine(job)
    if task.kind == "examples":
        from filterviz_widget.atlas.examples import make_examples

        make_examples(engine, job, task)
    else:
        from filterviz_widget.atlas.shard import make_shard

        make_shard(engine, job, task)
    return task


def adopt(key: str, engine: Engine) -> None:
    """Has this process work with an engine that it has, in place of one made from the job's file."""
    _engines.clear()
    _engines[key] = engine


def one_thread() -> None:
    """Sets this process to one thread, if TensorFlow has not begun to compute yet."""
    os.environ.update(ENVIRONMENT)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _engine(job: Job) -> Engine:
    if job.key not in _engines:
        adopt(job.key, _read(job))
    return _engines[job.key]


def _read(job: Job) -> Any:
    from filterviz_widget.atlas.identity import weights_digest
    from filterviz_widget.engine import engine_of
    from filterviz_widget.model.load import load

    try:
        if job.is_own:
            import keras

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
