"""Parts of an atlas as Ray tasks, on the machines of a cluster that all see the atlas' folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from filterviz_widget.atlas.environment import variables
from filterviz_widget.atlas.job import Job, Task
from filterviz_widget.atlas.worker import ENVIRONMENT, one_thread, run_task

MOST_TRIES = 5
"""How often Ray begins a task anew whose process or machine died."""

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Variables that Ray reads when it starts: nothing is told to anybody, and no warning is printed about GPUs."""

LOOK = 0.5
"""Seconds between two looks at whether it is to be stopped."""

AHEAD = 2
"""Tasks that Ray knows of for each core: it is told of the next ones when these are done."""


def on_ray(
    job: Job,
    tasks: Sequence[Task],
    cluster: str | Mapping[str, Any],
    workers: int | None,
    done: Callable[[Task], None],
    is_stopped: Callable[[], bool],
) -> None:
    """Runs tasks, each on one core with one thread; returns when all are done, or it is stopped.

    Args:
        job: The atlas; its folder, the model's file and the images must lie where every machine finds them by the same
            path.
        tasks: In the order in which they are begun.
        cluster: Its address; "auto" for the one of this machine; "local" for one that is started for this job alone. Or
            a dictionary of the address and what Ray is to know of each task, such as `{"address": "auto", "num_gpus":
            0.5, "memory": 4e9}`.
        workers: How many tasks at once at most; None for as many as there are cores.
        done: Called on this thread with each task that is done.
        is_stopped: Asked twice a second; then what runs is cancelled.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address.
        Exception: What `run_task` raises.
    """
    own = {name: value for name, value in QUIET.items() if name not in os.environ}
    with variables(own):
        try:
            import ray
        except ImportError:
            raise ImportError("ray= needs Ray: install filterviz-widget[ray].") from None
        resources = {"num_cpus": 1, **({"address": cluster} if isinstance(cluster, str) else cluster)}
        address = resources.pop("address", "auto")
        begun_here = not ray.is_initialized()
        if begun_here:
            how: dict[str, Any] = {"address": address}
            if address == "local":
                how |= {"num_cpus": workers or None, "include_dashboard": False}
                how["_node_ip_address"] = "127.0.0.1"  # nobody outside this machine is to reach it
            elif str(address).startswith("127."):  # a cluster of this machine alone
                how["_node_ip_address"] = str(address).rpartition(":")[0]
            ray.init(**how, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        running: dict[Any, Task] = {}
        try:
            _check_resources(ray.cluster_resources(), resources)
            given = ENVIRONMENT if "num_gpus" in resources else {**ENVIRONMENT, "CUDA_VISIBLE_DEVICES": ""}
            remote = ray.remote(max_retries=MOST_TRIES, runtime_env={"env_vars": given}, **resources)(_run)
            shared = ray.put(job)
            waiting = list(reversed(tasks))
            while (waiting or running) and not is_stopped():
                most = workers or max(1, AHEAD * int(ray.cluster_resources().get("CPU", 1)))
                while waiting and len(running) < most:
                    task = waiting.pop()
                    running[remote.remote(shared, task)] = task
                finished, _ = ray.wait(list(running), num_returns=1, timeout=LOOK)
                for reference in finished:
                    task = running.pop(reference)
                    try:
                        ray.get(reference)
                    except ray.exceptions.RayTaskError as error:
                        raise error.cause from None  # with its own type and number
                    done(task)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            if begun_here:
                ray.shutdown()


def _check_resources(there: Mapping[str, float], asked: Mapping[str, Any]) -> None:
    """A task that asks for what no machine has would wait without end.

    Raises:
        ValueError: With what is missing.
    """
    for name, known in (("num_cpus", "CPU"), ("num_gpus", "GPU"), ("memory", "memory")):
        if asked.get(name, 0) > there.get(known, 0):
            raise ValueError(f"{name}={asked[name]} for each task, but the cluster has {there.get(known, 0):g} in all.")


def _run(job: Job, task: Task) -> Task:
    one_thread()
    return run_task(job, task)
