"""A model's outputs with and without one filter, over a set of images."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.description.ranges import short
from filterviz_widget.engine.forward import Forward
from filterviz_widget.engine.strongest import BATCH, Pace
from filterviz_widget.images import PhotoSet
from filterviz_widget.model import ModelView, generators
from filterviz_widget.picture.ablation import Ablation

Floats = npt.NDArray[np.float32]


def ablation(
    view: ModelView,
    forward: Callable[[str], Forward],
    layer: str,
    filter: int,
    photos: PhotoSet,
    to_mean: bool,
    told: Callable[[int], None] = lambda _: None,
    seconds: float | None = None,
) -> Ablation:
    """Computes it; see `ablate`, and `strongest` for `told` and `seconds`."""
    value = 0.0
    if to_mean:  # a pass of its own: the images are not held
        means = [forward(layer).summary(batch.pixels).mean[:, filter] for batch in photos.batches(BATCH)]
        value = float(np.concatenate(means).mean()) if means else 0.0
    specs = [tf.TensorSpec((None, *view.image_shape)), tf.TensorSpec(())]
    with generators.kept(view.has_own_code):
        run = tf.function(view.without(layer, filter), specs, autograph=False).get_concrete_function()
    found: dict[str, tuple[list[Floats], list[Floats]]] = {}
    numbers: list[int] = []
    pace = Pace(seconds)
    for batch in photos.batches(lambda: pace.size):
        began = time.perf_counter()
        numbers += batch.numbers.tolist()
        for side, replacement in enumerate((np.nan, value)):
            for name, output in run(tf.constant(batch.pixels), tf.constant(replacement, tf.float32)).items():
                found.setdefault(name, ([], []))[side].append(np.asarray(output, np.float32))
        pace.took(len(batch.numbers), time.perf_counter() - began)
        told(len(numbers))
    if not numbers:
        raise ValueError(f"None of the images could be read. {next(iter(photos.skipped.values()), '')}")
    outputs = {name: (np.concatenate(before), np.concatenate(after)) for name, (before, after) in found.items()}
    name = next((name for name, (before, _) in outputs.items() if before.ndim == 2), None)
    if name is None:
        shapes = ", ".join(f"{name} {before.shape[1:]}" for name, (before, _) in outputs.items())
        raise ValueError(f"The model has no output of one number per class; it has {shapes}.")
    before, after = outputs[name]
    is_probability = bool(before.min() >= 0 and after.min() >= 0 and before.max() <= 1 and after.max() <= 1)
    if not is_probability and before.shape[1] > 1:
        before, after, is_probability = _softmax(before), _softmax(after), True
    if is_probability and before.shape[1] == 1:  # of the second of two classes
        before, after = (np.concatenate([1 - each, each], axis=1) for each in (before, after))
    right = None if photos.labels is None else _checked(photos.labels, np.array(numbers), before.shape[1])
    names = tuple(f"class {number}" for number in range(before.shape[1]))
    return Ablation(layer, filter, value, name, before, after, outputs, is_probability, right, names)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _checked(labels: Any, numbers: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    try:
        given = np.asarray(labels)
    except ValueError:
        given = np.zeros(())
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(f"labels must be a whole number for each image, got {short(labels)}.")
    if len(given) <= numbers.max():
        raise ValueError(f"labels must be one for each of {int(numbers.max()) + 1} images, got {len(given)}.")
    if given.min() < 0 or given.max() >= classes:
        raise ValueError(f"labels must be from 0 to {classes - 1}, got {given.min()} to {given.max()}.")
    return given[numbers].astype(np.int64)
