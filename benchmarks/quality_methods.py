"""The methods whose pictures are compared: this project's presets, and tf-keras-vis as its defaults make them."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from benchmarks.quality_cache import cached
from filterviz_widget.demo.network import WEIGHTS
from filterviz_widget.description.method import PRESETS
from filterviz_widget.visualize import visualize_layer

BATCH = 16
STEPS = 200
THEIRS = "tf-keras-vis"
UNCLIPPED = "tf-keras-vis before its clip"
METHODS = (*PRESETS, THEIRS, UNCLIPPED)


class Pictures(NamedTuple):
    """One picture per filter of a layer.

    Attributes:
        raw: float32 `(filters, height, width, channels)` in units of the model's input: what is measured.
        shown: uint8, what a person sees.
    """

    raw: np.ndarray
    shown: np.ndarray


def pictures(method: str, model: Any, layer: str, seed: int) -> Pictures:
    """Pictures of all filters of a layer by one of `METHODS`."""
    if method in PRESETS:
        made = list(
            visualize_layer(
                model, layer, method=method, seed=seed, input_range=(0, 1), batch_size=BATCH, progress=False
            )
        )
        return Pictures(np.stack([each.raw for each in made]), np.stack([each.image for each in made]))
    weights = Path(str(files("filterviz_widget.demo").joinpath(WEIGHTS)))
    raw = cached(
        f"tf-keras-vis-{layer}-{seed}",
        (version("tf-keras-vis"), keras.__version__, weights, layer, seed, STEPS),
        lambda: tf_keras_vis(model, layer, seed),
    )
    clipped = np.clip(raw, 0, 1)
    return Pictures(raw if method == UNCLIPPED else clipped, np.round(clipped * 255).astype(np.uint8))


def tf_keras_vis(model: Any, layer: str, seed: int, filters: list[int] | None = None, steps: int = STEPS) -> np.ndarray:
    """Pictures by tf-keras-vis, its arguments at their defaults, before the clip to the range that ends its call.

    200 steps of RMSprop(1, .999); jitter of 4 pixels and rotation of 1 degree, total variation 1, L1 0.3. The
    modifiers are passed only because they must be seeded. All filters ascend in one batch: they share the random
    moves, and else do not touch one another (`check_batch`). The clip is not fed back into its loop, so without it
    (`input_range=None`) the loop is the same, and `numpy.clip` gives what its call returns.
    """
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.input_modifiers import Jitter, Rotate2D
    from tf_keras_vis.utils.scores import CategoricalScore

    output = model.get_layer(layer).output
    filters = list(range(output.shape[-1])) if filters is None else filters
    rotate = Rotate2D(degree=1)
    rotate.random_generator = np.random.default_rng(seed)
    np.random.seed(seed)  # noqa: NPY002  # its Jitter draws from the global generator
    start = np.random.default_rng(seed).uniform(0, 1, (1, *model.inputs[0].shape[1:])).astype(np.float32)
    maximization = ActivationMaximization(keras.Model(model.inputs, output), clone=False)
    images = maximization(
        CategoricalScore(filters),
        seed_input=np.repeat(start, len(filters), axis=0),
        input_range=None,
        input_modifiers=[Jitter(jitter=4), rotate],
        steps=steps,
    )
    return np.asarray(images)


def check_batch(model: Any, layer: str = "conv3", filters: tuple[int, ...] = (0, 5, 11)) -> dict[str, float]:
    """Compares tf-keras-vis' pictures of some filters made in one batch with the same made one by one.

    Returns:
        The least correlation after 20 steps, which shows that the method is the same, and after all: by then
        rounding, which is another in a batch, has grown, but the activations hardly differ.
    """
    cut = keras.Model(model.inputs, model.get_layer(layer).output)
    found = {}
    for steps in (20, STEPS):
        together = tf_keras_vis(model, layer, 0, list(filters), steps)
        alone = np.concatenate([tf_keras_vis(model, layer, 0, [filter], steps) for filter in filters])
        pairs = zip(together, alone, strict=True)
        found[f"least correlation after {steps} steps"] = float(
            min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs)
        )
        own = [
            np.array([maps[..., filter].mean() for maps, filter in zip(cut(images).numpy(), filters, strict=True)])
            for images in (together, alone)
        ]
        found[f"largest relative change of the activation after {steps} steps"] = float(
            np.max(np.abs(own[0] / own[1] - 1))
        )
    return found
