"""A model's outputs with and without one filter, over a set of images."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.description.ranges import short
from filterviz_widget.engine.forward import Forward
from filterviz_widget.engine.strongest import BATCH, Pace
from filterviz_widget.images import PhotoSet
from filterviz_widget.model import ModelView, generators
from filterviz_widget.model.classes import Classes
from filterviz_widget.picture.ablation import Ablation, Scale

Floats = npt.NDArray[np.float32]


def ablation(
    view: ModelView,
    forward: Callable[[str], Forward],
    layer: str,
    filter: int,
    photos: PhotoSet,
    to_mean: bool,
    output: str = "",
    told: Callable[[int], None] = lambda _: None,
    seconds: float | None = None,
) -> Ablation:
    """Computes it; see `ablate`, and `strongest` for `told` and `seconds`."""
    value, chosen = 0.0, _chosen(view, output)
    if to_mean:  # a pass of its own: the images are not held
        means = []
        for batch in photos.batches(BATCH):
            means.append(forward(layer).summary(batch.pixels).mean[:, filter])
            told(0)
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
        reasons = "; ".join(f"{name}: {why}" for name, why in list(photos.skipped.values())[:3])
        raise ValueError(f"None of the images could be read. {reasons}" if reasons else "There are no images.")
    outputs = {name: (np.concatenate(before), np.concatenate(after)) for name, (before, after) in found.items()}
    before, after = outputs[chosen.name]
    scale: Scale = "output"
    if chosen.scale != "linear":
        scale = "probability"
    elif chosen.size > 1:
        before, after, scale = _softmax(before), _softmax(after), "softmax"
    if chosen.scale == "sigmoid" and chosen.size == 1:  # of the second of two classes
        before, after = (np.concatenate([1 - each, each], axis=1) for each in (before, after))
    right = None if photos.labels is None else _checked(photos.labels, np.array(numbers), before.shape[1])
    names = tuple(f"class {number}" for number in range(before.shape[1]))
    is_exclusive = chosen.scale != "sigmoid" or chosen.size == 1
    noticed = tuple(photos.skipped.values()), dict(photos.notes)
    return Ablation(
        layer, filter, value, chosen.name, before, after, outputs, scale, is_exclusive, right, names, *noticed
    )


def _chosen(view: ModelView, output: str) -> Classes:
    """The output that is meant.

    Raises:
        ValueError: If there is none of one number for each class, or none of that name.
    """
    found = view.classes
    if not found:
        shapes = ", ".join(f"{name} {shape}" for name, shape in view.outputs.items())
        raise ValueError(f"The model has no output of one number per class; it has {shapes}.")
    if not output:
        return found[0]
    for each in found:
        if each.name == output:
            return each
    raise ValueError(f"output must be one of {', '.join(repr(each.name) for each in found)}, got {short(output)}.")


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _checked(given: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    if len(given) <= numbers.max():
        raise ValueError(f"labels must be one for each of {int(numbers.max()) + 1} images, got {len(given)}.")
    if given.min() < 0 or given.max() >= classes:
        raise ValueError(f"labels must be from 0 to {classes - 1}, got {given.min()} to {given.max()}.")
    return np.asarray(given[numbers])
