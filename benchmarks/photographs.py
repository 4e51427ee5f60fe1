"""Strongest images of a layer beside a plain loop over `model.predict`, and the memory that a large set on disk takes.

The plain loop is what a person writes: a Keras model cut at the layer, `predict` on batches of 32, the mean over the
positions, `argsort`. Both find the same images, which is checked.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
from PIL import Image

from filterviz_widget import feature_maps, strongest_images
from filterviz_widget.demo import flower_model, flowers

LAYER = "conv4"
K = 9
COUNT = 2000


def main() -> dict[str, Any]:
    """Measures the flower model."""
    model, images = flower_model(), flowers(COUNT, seed=2)[0]
    ours, found = _timed(lambda: strongest_images(model, LAYER, images, k=K, progress=False))
    theirs, order = _timed(lambda: _plain(model, images))
    assert np.array_equal(found.indices, order[:K].T), "both find the same images"
    feature_maps(model, LAYER, images[0])
    moved = min(_timed(lambda: feature_maps(model, LAYER, images[1]).overlay(3))[0] for _ in range(5))
    results = {
        "seconds": round(ours, 2),
        "seconds of model.predict": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
        "map of an image, ms": round(1000 * moved, 1),
        "memory": _memory(),
    }
    print(results)
    return results


def _plain(model: Any, images: np.ndarray) -> np.ndarray:
    cut = keras.Model(model.input, model.get_layer(LAYER).output)
    means = np.concatenate(
        [cut.predict(images[first : first + 32], verbose=0).mean((1, 2)) for first in range(0, len(images), 32)]
    )
    return np.argsort(-means, axis=0, kind="stable")


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    best, result = np.inf, None
    for _ in range(2):  # the first one compiles
        began = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - began)
    return float(best), result


def _memory() -> dict[str, float]:
    """Megabytes that the process grows by over files of 224 x 224, the first 1,000 of them and all 10,000."""
    model = keras.Sequential([keras.Input((224, 224, 3)), keras.layers.Conv2D(16, 3, strides=4, name="conv")])
    process = psutil.Process()
    grown = {}
    with tempfile.TemporaryDirectory() as folder:
        pixels = np.uint8(np.random.default_rng(0).integers(0, 255, (224, 224, 3)))
        paths = [Path(folder) / f"{number:05}.jpg" for number in range(10_000)]
        for number, path in enumerate(paths):
            Image.fromarray(np.roll(pixels, number, 0)).save(path)
        strongest_images(model, "conv", paths[:200], progress=False, input_range=(0, 255))
        for count in (1000, 10_000):
            before = process.memory_info().rss
            strongest_images(model, "conv", paths[:count], progress=False, input_range=(0, 255))
            grown[f"MB grown by {count:,}"] = round((process.memory_info().rss - before) / 1e6, 1)
    return grown
