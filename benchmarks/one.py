"""One contender on one case, in this process: prints one line of JSON. `python -m benchmarks.one CONTENDER CASE`"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # TensorFlow reads the log level when it is imported

from benchmarks.contenders import CONTENDERS
from benchmarks.networks import CASES, network

REPEATS = 3


def main() -> None:
    """Measures: first picture, steady iteration, second filter, second layer, activation, peak memory."""
    contender, case = CONTENDERS[sys.argv[1]], CASES[sys.argv[2]]
    model = network(case)
    noise = np.random.default_rng(0).uniform(-4, 4, (1, case.size, case.size, 3)) / 255
    start = (0.5 + noise).astype(np.float32)
    iterations = case.iterations

    began = time.perf_counter()
    run = contender(model, case.layer)
    _, activation = run(0, start, iterations)
    first = time.perf_counter() - began

    # [t(2N) - t(N)] / N: what every call costs beside its iterations cancels out.
    steady = min(_seconds(run, start, 2 * iterations) - _seconds(run, start, iterations) for _ in range(REPEATS))
    began = time.perf_counter()
    run(1, start, iterations)
    second_filter = time.perf_counter() - began

    began = time.perf_counter()
    contender(model, case.second_layer)(0, start, iterations)
    second_layer = time.perf_counter() - began
    print(
        json.dumps(
            {
                "first picture s": first,
                "iteration ms": 1000 * steady / iterations,
                "second filter s": second_filter,
                "second layer s": second_layer,
                "activation": activation,
                "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _seconds(run: object, start: np.ndarray, iterations: int) -> float:
    began = time.perf_counter()
    run(0, start, iterations)  # type: ignore[operator]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
