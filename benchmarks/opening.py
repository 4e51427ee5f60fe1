"""Whether filters that photographs open get pictures of their own activation: a trained VGG16, and a small ResNet.

Of every layer filters are drawn at random among those that some photograph opens. A picture is right if its note does
not call the filter dead, Keras itself computes a positive activation of it, which is the last value of the curve, and
it is neither constant nor without numbers.

`python -m benchmarks.opening classic 32` asks for so many filters of each layer by one method.
"""

import sys
import time
from typing import Any

import numpy as np

from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import engine_of

FILTERS = 8
BATCH = 8
TOLERANCE = 0.02
"""Of the curve's end against Keras, relative; layers may be computed in bfloat16."""


def main(methods: tuple[str, ...] = tuple(PRESETS), count: int = FILTERS) -> dict[str, Any]:
    """Counts them for each method and network."""
    from tests.trained.network import TRAINED

    results: dict[str, Any] = {}
    for name, trained in TRAINED.items():
        network = trained()
        engine = engine_of(network.model, **network.reading)
        for method in methods:
            right, wrong, opened, began = 0, [], 0, time.perf_counter()
            for layer in network.layers:
                rng = np.random.default_rng(0)
                live = network.live(layer)
                filters = rng.choice(live, min(count, len(live)), replace=False).tolist()
                for first in range(0, len(filters), BATCH):
                    batch = [engine.describe(layer, filter, method=method) for filter in filters[first : first + BATCH]]
                    for picture in engine.together(batch):
                        opened += "redirected" in picture.note
                        fault = network.fault(layer, picture, TOLERANCE)
                        right += not fault
                        if fault:
                            wrong.append(f"{layer} {picture.description.filter}: {fault}")
            results[f"{name}, {method}"] = found = {
                "filters": right + len(wrong),
                "right": right,
                "opened": opened,
                "seconds": round(time.perf_counter() - began),
                "wrong": wrong,
            }
            print(f"{name}, {method}: {found}", flush=True)
    return results


if __name__ == "__main__":
    main((sys.argv[1],) if sys.argv[1:] else tuple(PRESETS), int(sys.argv[2]) if sys.argv[2:] else FILTERS)
