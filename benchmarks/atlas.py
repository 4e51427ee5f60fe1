"""An atlas beside plain loops: what it costs over its ascents, how it scales from one process to two.

All with one method (robust, 30 iterations, float32) on the flower model at 96 pixels. The loops are those that a person
writes: `visualize_filter` for each filter, and tf-keras-vis' `ActivationMaximization` with its own defaults and as many
steps. An atlas makes two ascents for each filter here, the optimum and what inhibits it, and the files; so ascents are
counted. What is compiled at first counts for none: loops begin with a filter that is not counted, and of an atlas the
time from its first part to its last is taken.
"""

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.contenders import cut
from filterviz_widget import Atlas, visualize_filter
from filterviz_widget.atlas.job import Task
from filterviz_widget.atlas.planning import plan
from filterviz_widget.atlas.shard import make_shard
from filterviz_widget.demo import flower_model

LAYER, FILTERS = "conv5", 24
LAYERS = ("conv2", "conv3", "conv4", "conv5")
ITERATIONS = 30


def main() -> dict[str, Any]:
    """Measures the flower model."""
    with tempfile.TemporaryDirectory() as folder:
        results = {
            "overhead over the ascents": _overhead(Path(folder) / "overhead"),
            **_ways(Path(folder)),
        }
    print(results)
    return results


def _overhead(folder: Path) -> float:
    """Of a whole shard with all its content, as a share of the time in ascents: the median of 3."""
    shares = []
    made = plan(flower_model(), folder, layers=[LAYER])
    engine, own, took = made.engine, made.engine.facets, [0.0]

    @functools.wraps(own)
    def timed(wanted: Any) -> Any:
        began = time.perf_counter()
        found = own(wanted)
        took[0] += time.perf_counter() - began
        return found

    make_shard(engine, made.job, Task("filters", 0, 0, 2))  # compiles
    engine.facets = timed  # type: ignore[method-assign]
    for first in (2, 10, 18):
        took[0], began = 0.0, time.perf_counter()
        make_shard(engine, made.job, Task("filters", 0, first, 8))
        shares.append((time.perf_counter() - began - took[0]) / took[0])
    del engine.facets
    return round(sorted(shares)[1], 3)


def _ways(folder: Path) -> dict[str, Any]:
    """Ascents per second of each way, one after the other, and their ratios."""
    model = flower_model()
    rates = {"tf-keras-vis": _keras_vis(model), "visualize_filter": _loop(model)}
    for workers in (1, 2):
        rates[f"atlas, {workers} worker{'s' * (workers > 1)}"] = _atlas(model, folder / str(workers), workers)
    rounded = {name: round(rate, 2) for name, rate in rates.items()}
    one, two = rates["atlas, 1 worker"], rates["atlas, 2 workers"]
    return {
        "ascents per second": rounded,
        "2 workers over 1": round(two / one, 2),
        "2 workers over visualize_filter": round(two / rates["visualize_filter"], 2),
        "2 workers over tf-keras-vis": round(two / rates["tf-keras-vis"], 2),
    }


def _loop(model: Any) -> float:
    def run(filter: int) -> None:
        visualize_filter(model, LAYER, filter, method="robust", iterations=ITERATIONS, precision="float32")

    run(FILTERS)
    began = time.perf_counter()
    for filter in range(FILTERS):
        run(filter)
    return FILTERS / (time.perf_counter() - began)


def _keras_vis(model: Any) -> float:
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.utils.scores import CategoricalScore

    visualize = ActivationMaximization(cut(model, LAYER), clone=False)

    def run(filter: int) -> None:
        visualize(CategoricalScore(filter), steps=ITERATIONS, input_range=(0, 1))

    run(FILTERS)
    began = time.perf_counter()
    for filter in range(FILTERS // 4):
        run(filter)
    return FILTERS // 4 / (time.perf_counter() - began)


def _atlas(model: Any, folder: Path, workers: int) -> float:
    """Of four layers, from when every layer has its first shard on, so that what is compiled once counts for little."""
    made = Atlas.make(model, folder, layers=LAYERS, facets=0, workers=workers, wait=False, iterations=ITERATIONS)
    assert made._making is not None
    marks: list[tuple[float, int]] = []
    while not made.wait(0.02):
        count = sum(made._making.progress.made)
        if not marks or marks[-1][1] != count:
            marks.append((time.perf_counter(), count))
    marks.append((time.perf_counter(), made.made))
    (began, before), (ended, after) = next(each for each in marks if each[1]), marks[-1]
    return 2 * (after - before) / (ended - began)
