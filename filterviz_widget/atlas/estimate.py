"""How many filters an atlas has, how long it takes and how large it is: found by making a little of it."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from filterviz_widget.atlas.in_processes import default_workers
from filterviz_widget.atlas.job import Task
from filterviz_widget.atlas.progress import duration
from filterviz_widget.atlas.worker import adopt, run_task

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
    """Makes a few filters of three layers, here and in a folder that is removed again, and counts up.

    Between the three, time and size of a filter are taken to change evenly from layer to layer.
    """
    layers = plan.job.layers
    places = sorted({round(place) for place in np.linspace(0, len(layers) - 1, TRIED)})
    compiling, seconds, sizes = [], [], []
    adopt(plan.job.key, plan.engine)
    with tempfile.TemporaryDirectory() as folder:
        job = replace(plan.job, folder=Path(folder))
        for place in places:
            took = []
            for first, count in ((0, FEW), (FEW, MORE)):
                first = min(first, layers[place].filters - 1)
                task = Task("filters", place, first, min(count, layers[place].filters - first))
                began = time.perf_counter()
                run_task(job, task)
                took.append((time.perf_counter() - began, task.filters))
                made = sum(file.stat().st_size for file in job.folder.rglob("*") if file.is_file())
                shutil.rmtree(job.folder / "layers")  # also where both are the same one
            each = took[1][0] / took[1][1]
            seconds.append(each)
            compiling.append(max(0.0, took[0][0] - each * took[0][1]))
            sizes.append(made / task.filters)
    every = np.arange(len(layers))
    filters = np.array([layer.filters for layer in layers])
    count = default_workers(0) if workers is None else max(1, workers)
    ascents = float((np.interp(every, places, seconds) * filters).sum())
    compiled = float(np.interp(every, places, compiling).sum())  # by each worker
    nbytes = float((np.interp(every, places, sizes) * filters).sum())
    shards = sum(len(layer.shards) for layer in layers)
    return Estimate(int(filters.sum()), len(layers), shards, ascents / count + compiled, nbytes, count)
