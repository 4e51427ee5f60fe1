"""How many filters an atlas has, how long it takes and how large it is: found by making a little of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from filterviz_widget.atlas.in_processes import default_workers, in_processes
from filterviz_widget.atlas.job import Task
from filterviz_widget.atlas.making import nbytes
from filterviz_widget.atlas.progress import duration
from filterviz_widget.atlas.worker import UnreadableModelError, run_task

if TYPE_CHECKING:
    from filterviz_widget.atlas.planning import Plan

TRIED = 3
"""Layers of which a shard is made: the first, one in the middle, the last."""

FEW, MORE = 1, 4
"""Filters of a shard that is tried first, and of the second: the first one is compiled as well."""


@dataclass(frozen=True)
class Estimate:
    """What an atlas will be.

    Attributes:
        filters: How many, in how many `layers`.
        shards: Parts that are made one by one.
        seconds: How long it takes with so many `workers`, about, without the pass over images.
        nbytes: How large it is, about, without the images.
        workers: Processes.
    """

    filters: int
    layers: int
    shards: int
    seconds: float
    nbytes: float
    workers: int

    def __str__(self) -> str:
        workers = f"{self.workers} worker{'s' * (self.workers != 1)}"
        return (
            f"{self.filters:,} filters of {self.layers} layers in {self.shards} shards: about {duration(self.seconds)} "
            f"with {workers}, {self.nbytes / 1e6:,.0f} MB"
        )


def estimate(plan: Plan, workers: int | None) -> Estimate:
    """Makes a few filters of three layers, as one worker does, in a folder that is removed again, and counts up.

    Between the three, time and size of a filter are taken to change evenly from layer to layer.
    """
    layers = plan.job.layers
    places = sorted({round(place) for place in np.linspace(0, len(layers) - 1, TRIED)})
    tried = [task for place in places for task in _tried(place, layers[place].filters)]
    marks: dict[Task, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        job = replace(plan.job, folder=Path(folder))

        def done(task: Task) -> None:
            marks[task] = time.perf_counter()

        began = time.perf_counter()
        try:
            if not plan.travels:
                raise UnreadableModelError
            in_processes(job, tried, 1, done, lambda: False)
        except UnreadableModelError:
            marks.clear()
            began = time.perf_counter()
            for task in tried:
                done(run_task(job, task, plan.engine))
        sizes = []
        for place in places:
            last = [task for task in tried if task.layer == place][-1]
            sizes.append(_size(job.folder / job.shard(last)) / last.filters)
    took = dict(zip(tried, np.diff([began, *(marks[task] for task in tried)]), strict=True))
    seconds, compiling = [], []
    for place in places:
        first, *second = [task for task in tried if task.layer == place]
        # Of a layer with one filter all is taken for its ascents.
        each = took[second[0]] / second[0].filters if second else took[first]
        seconds.append(each)
        compiling.append(max(0.0, took[first] - each * first.filters))
    every, filters = np.arange(len(layers)), np.array([layer.filters for layer in layers])
    count = default_workers(nbytes(plan)) if workers is None else workers
    ascents = float((np.interp(every, places, seconds) * filters).sum())
    compiled = float(np.interp(every, places, compiling).sum())  # by each worker
    size = float((np.interp(every, places, sizes) * filters).sum())
    shards = sum(len(layer.shards) for layer in layers)
    return Estimate(int(filters.sum()), len(layers), shards, ascents / max(1, count) + compiled, size, max(1, count))


def _tried(place: int, filters: int) -> list[Task]:
    """The first filter of a layer, with which all is compiled, and a few more."""
    first = Task("filters", place, 0, FEW)
    return [first, Task("filters", place, FEW, min(MORE, filters - FEW))] if filters > FEW else [first]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
