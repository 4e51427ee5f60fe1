"""The methods whose pictures are compared: this project's presets, tf-keras-vis' defaults and Lucid's recipe."""

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from benchmarks import quality_lucid
from benchmarks.quality_cache import cached
from benchmarks.quality_networks import Judged
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.visualize import visualize_filter, visualize_layer

BATCH = 8
STEPS = 200
THEIRS = "tf-keras-vis"
UNCLIPPED = "tf-keras-vis before its clip"
LUCID = "Lucid's recipe"
METHODS = (*PRESETS, THEIRS, UNCLIPPED, LUCID)


class Pictures(NamedTuple):
    """One picture per filter.

    Attributes:
        raw: float32 `(filters, height, width, 3)`, the pixels' range as 0 to 1: what is measured.
        shown: uint8, what a person sees.
    """

    raw: np.ndarray
    shown: np.ndarray


def pictures(method: str, judged: Judged, layer: str, filters: list[int], seed: int) -> Pictures:
    """Pictures of some filters of a layer by one of `METHODS`."""
    if method in PRESETS:
        options = {"method": method, "seed": seed, "batch_size": BATCH, "progress": False, **judged.reading}
        made = list(visualize_layer(judged.model, layer, filters, **options))
        return Pictures(np.stack([each.raw for each in made]) / judged.high, np.stack([each.image for each in made]))
    weights = [weight.tobytes() for weight in judged.cut(layer).get_weights()]
    known = (version("tf-keras-vis"), keras.__version__, weights, layer, filters, seed)
    if method == LUCID:
        raw = cached(
            f"lucid-{judged.name}-{layer}-{seed}",
            (*known, Path(quality_lucid.__file__)),
            lambda: quality_lucid.recipe(judged.cut(layer), judged.high, filters, seed),
        )
    else:
        raw = cached(
            f"tf-keras-vis-{judged.name}-{layer}-{seed}",
            (*known, STEPS),
            lambda: tf_keras_vis(judged, layer, filters, seed),
        )
    clipped = np.clip(raw, 0, 1)
    return Pictures(clipped if method == THEIRS else raw, np.round(clipped * 255).astype(np.uint8))


def seconds(method: str, judged: Judged, layer: str, filter: int) -> float:
    """What one picture takes once all is compiled; a contender's by what some of its steps take."""
    if method in PRESETS:
        visualize_filter(judged.model, layer, filter, method=method, seed=7, **judged.reading)
        return min(
            _timed(
                lambda seed=seed: visualize_filter(
                    judged.model, layer, filter, method=method, seed=seed, **judged.reading
                )
            )
            for seed in (8, 9)
        )
    if method == LUCID:
        return (
            _per_step(lambda steps: quality_lucid.recipe(judged.cut(layer), judged.high, [filter], 7, steps), 20)
            * quality_lucid.STEPS
        )
    return _per_step(lambda steps: tf_keras_vis(judged, layer, [filter], 7, steps), 2) * STEPS


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _per_step(run: Callable[[int], Any], first: int) -> float:
    """Seconds of a step, from two lengths: what comes before the first step drops out."""
    more = 15
    few, many = (min(_timed(lambda count=count: run(count)) for _ in range(2)) for count in (first, first + more))
    return max(many - few, 0.0) / more


def tf_keras_vis(judged: Judged, layer: str, filters: list[int], seed: int, steps: int = STEPS) -> np.ndarray:
    """Pictures by tf-keras-vis, its arguments at their defaults, before the clip to the range that ends its call.

    200 steps of RMSprop(1, .999); jitter of 4 pixels and rotation of 1 degree, total variation 1, L1 0.3. The
    modifiers are passed only because they must be seeded. All filters ascend in one batch: they share the random
    moves, and else do not touch one another (`check_batch`). The clip is not fed back into its loop, so without it
    (`input_range=None`) the loop is the same, and `numpy.clip` gives what its call returns.
    """
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.input_modifiers import Jitter, Rotate2D
    from tf_keras_vis.utils.scores import CategoricalScore

    cut = judged.cut(layer)
    rotate = Rotate2D(degree=1)
    rotate.random_generator = np.random.default_rng(seed)
    np.random.seed(seed)  # noqa: NPY002  # its Jitter draws from the global generator
    start = np.random.default_rng(seed).uniform(0, judged.high, (1, *cut.input_shape[1:])).astype(np.float32)
    maximization = ActivationMaximization(cut, clone=False)
    images = maximization(
        CategoricalScore(filters),
        seed_input=np.repeat(start, len(filters), axis=0),
        input_range=None,
        input_modifiers=[Jitter(jitter=4), rotate],
        steps=steps,
    )
    return np.asarray(images) / judged.high


def check_batch(judged: Judged, layer: str, filters: tuple[int, ...] = (0, 5, 11)) -> dict[str, float]:
    """Compares tf-keras-vis' pictures of some filters made in one batch with the same made one by one.

    Returns:
        The least correlation after 20 steps, which shows that the method is the same, and after all: by then
        rounding, which is another in a batch, has grown, but the activations hardly differ.
    """
    found = {}
    for steps in (20, STEPS):
        together = tf_keras_vis(judged, layer, list(filters), 0, steps)
        alone = np.concatenate([tf_keras_vis(judged, layer, [filter], 0, steps) for filter in filters])
        pairs = zip(together, alone, strict=True)
        found[f"least correlation after {steps} steps"] = float(
            min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs)
        )
        places = np.arange(len(filters)), np.array(filters)
        own = [judged.measure(layer, images)[places] for images in (together, alone)]
        found[f"largest relative change of the activation after {steps} steps"] = float(
            np.max(np.abs(own[0] / own[1] - 1))
        )
    return found
