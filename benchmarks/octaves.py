"""From coarse to fine: what each method's octaves reach, in which share of the time, on a trained VGG16.

Beside `robust` stands the ascent at the whole size only that it replaced, 80 steps of half a grey level. `natural` has
no octaves; what it would reach with two, in a third of the time, stands beside it. Activation is measured by the engine
on the final image; seconds are of one picture once all is compiled. `first frame`: when something is shown; `likeness`:
the share of the time after which a frame, blurred to 28 x 28, correlates by .5 with the final picture.
"""

import time
from typing import Any

import numpy as np
from PIL import Image

from filterviz_widget.description import Description
from filterviz_widget.engine import Engine
from filterviz_widget.model import read_model

LAYERS = ("block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
SIZE = 224
FILTERS = 8

PAIRS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "robust": ("robust", {}, {"octaves": 1, "step_size": 0.5, "iterations": 80}),
    "natural, two octaves": ("natural", {"octaves": 2, "step_size": 20.0, "iterations": 42}, {}),
}
"""A method, the options that are measured, and those of what they are measured against."""


def main() -> dict[str, Any]:
    """Measures robust and natural on all layers."""
    from tests.trained.network import vgg16

    network = vgg16()
    engine = Engine(read_model(network.model, image_size=SIZE, preprocess="caffe"), preprocess="caffe")
    rng = np.random.default_rng(2)
    results: dict[str, Any] = {}
    for layer in LAYERS:
        filters = rng.choice(network.live(layer), FILTERS, replace=False).tolist()
        for name, (method, own, whole) in PAIRS.items():
            for options in (own, whole):  # compiled and warm
                _drawn(engine, engine.describe(layer, filters[0], method=method, seed=7, **options))
            pairs = []
            for filter in filters:
                ours = _drawn(engine, engine.describe(layer, filter, method=method, **own))
                theirs = _drawn(engine, engine.describe(layer, filter, method=method, **whole))
                pairs.append((ours, theirs))
            results[f"{layer}, {name}"] = found = {
                "activation, share": round(float(np.median([one[0] / max(two[0], 1e-9) for one, two in pairs])), 3),
                "filters with 95 %": int(sum(one[0] >= 0.95 * two[0] for one, two in pairs)),
                "time, share": round(sum(one[1] for one, _ in pairs) / sum(two[1] for _, two in pairs), 3),
                "seconds": round(float(np.median([one[1] for one, _ in pairs])), 2),
                "first frame, ms": round(1000 * float(np.median([one[2] for one, _ in pairs]))),
                "likeness, share": round(float(np.median([one[3] for one, _ in pairs])), 3),
            }
            print(f"{layer}, {name}: {found}", flush=True)
    return results


def _drawn(engine: Engine, wanted: Description) -> tuple[float, float, float, float]:
    """Activation, seconds, seconds to the first frame, and the share of the time until it is like the final one."""
    engine.forget(wanted)
    began = time.perf_counter()
    seen = [(time.perf_counter() - began, frame) for frame in engine.stream(wanted) if frame.image is not None]
    total, last = seen[-1]
    assert last.picture is not None
    final = _blurred(last.image)
    like = next(when for when, frame in seen if np.corrcoef(_blurred(frame.image), final)[0, 1] >= 0.5)
    return float(last.picture.activations[-1]), total, seen[0][0], like / total


def _blurred(image: Any) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((28, 28), Image.Resampling.BOX), float).ravel()
