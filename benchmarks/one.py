"""One contender on one case, in this process: prints one line of JSON. `python -m benchmarks.one CONTENDER CASE`"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # TensorFlow reads the log level when it is imported

from benchmarks.contenders import AUTO, CONTENDERS, FLOAT32, Run
from benchmarks.limit import limit
from benchmarks.networks import CASES, network

REPEATS = 3

SECONDS = 1.0
"""How long the shorter of the two runs is that steady iterations are taken from, about."""


def main() -> None:
    """Measures one contender, or the "limit"."""
    name, case = sys.argv[1], CASES[sys.argv[2]]
    model = network(case)
    if name == "limit":
        print(json.dumps({"iteration ms": limit(model, case.layer)}))
        return
    contender = CONTENDERS[name]
    if name == AUTO and contender.resolved(model, case.layer) == "float32":  # type: ignore[attr-defined]
        print(json.dumps({"same as": FLOAT32}))
        return
    together = getattr(contender, "together", 1)
    noise = np.random.default_rng(0).uniform(-4, 4, (1, case.size, case.size, 3)) / 255
    start = (0.5 + noise).astype(np.float32)

    began = time.perf_counter()
    run = contender(model, case.layer)
    _, activation = run(0, start, case.iterations)
    figures = {"first picture s": time.perf_counter() - began}

    _seconds(run, start, 1)
    count = max(2, int(SECONDS / (_seconds(run, start, 3) / 3)))
    # [t(2N) - t(N)] / N: what every call costs beside its iterations cancels out.
    steady = min(_seconds(run, start, 2 * count) - _seconds(run, start, count) for _ in range(REPEATS)) / count
    figures["iteration ms"] = 1000 * steady / together
    figures["second filter s"] = _seconds(run, start, case.iterations, filter=1)

    began = time.perf_counter()
    run = contender(model, case.second_layer)
    run(0, start, 1)
    figures["second layer, first frame s"] = time.perf_counter() - began
    figures["second layer s"] = figures["second layer, first frame s"] + _seconds(run, start, case.iterations - 1)
    figures["activation"] = activation
    figures["peak memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


def _seconds(run: Run, start: np.ndarray, iterations: int, filter: int = 0) -> float:
    began = time.perf_counter()
    run(filter, start, iterations)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
