"""Filters without a gradient: why there is none, and what is tried, in which order, until one answers."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from filterviz_widget.ascent import Numbers
from filterviz_widget.description import Description
from filterviz_widget.description.ranges import LARGEST_SEED
from filterviz_widget.engine.compiled import CompiledLayers, Variant
from filterviz_widget.model import ModelView
from filterviz_widget.model.graph import Step
from filterviz_widget.twin import Taken, Weights

OTHER_STARTS = 8

ENOUGH = 32
"""Iterations in which redirected gradients open a filter, or never do; Lucid redirects for the first 16."""


class Remedy(NamedTuple):
    """How a filter without a gradient is shown.

    Attributes:
        variant: What stands in for the layer's output.
        seed: The start in place of the description's own.
        note: The reason, in words.
        is_dead: Whether nothing gave it a gradient, so that the picture is the start image.
    """

    variant: Variant
    seed: int
    note: str
    is_dead: bool = False


class Wake:
    """Finds a remedy for a filter that does not answer.

    Args:
        view: The model.
        layers: Its compiled ascents.
        weights: Its weights.
    """

    def __init__(self, view: ModelView, layers: CompiledLayers, weights: Weights) -> None:
        self._view, self._layers, self._weights = view, layers, weights

    def remedy(
        self,
        wanted: Description,
        size: tuple[int, int],
        numbers: Numbers,
        selection: tf.Tensor,
        moment: Taken,
        check: Callable[[], None],
    ) -> Remedy:
        """The first remedy that gives a gradient or, of redirected ones, a higher activation."""
        compiled = self._layers.compile(wanted, size, check=check)
        if not compiled.ascent.is_connected:
            return Remedy("", wanted.seed, self._no_way(wanted.layer), is_dead=True)
        for variant, seeds, note in remedies(wanted):
            if not self._layers.offers(wanted.layer, variant):
                continue
            check()
            compiled = self._layers.compile(wanted, size, variant, check=check)
            iterations = min(wanted.iterations, ENOUGH) if variant == "redirected" else 1
            chunk = compiled.advance(
                compiled.ascent.start(seeds),
                tf.repeat(selection, len(seeds), axis=0),
                numbers,
                iterations,
                self._weights.take(compiled.sources, moment),
            )
            if variant == "redirected":
                rise = (chunk.activations[-1] - chunk.activations[0]).numpy() * wanted.method.sign
                helps = rise > 0
            else:
                helps = chunk.gradient_rms.numpy()[0] > 0
            if helps.any():
                seed = seeds[int(helps.argmax())]
                return Remedy(variant, seed, note.format(seed=seed))
        return Remedy(
            "",
            wanted.seed,
            f"{subject(wanted)} of {wanted.layer} is dead: its gradient is exactly zero from {OTHER_STARTS + 1} "
            "starts, before its activation function, and with redirected ReLU gradients. This is the start image.",
            is_dead=True,
        )

    def _no_way(self, layer: str) -> str:
        culprit = self._stopper(layer)
        where = f"Behind {culprit!r} there is none" if culprit else "Something on the way lets none through"
        return (
            f"No gradient comes from the layer {layer} to the image. {where}: rounding, casts to whole numbers and "
            "stop_gradient have no gradient. This is the start image."
        )

    def _stopper(self, layer: str) -> str:
        """The name of the first step on the way that lets no gradient through; "" where none can be named."""
        found: list[tuple[str, bool, bool]] = []
        image: list[tf.Tensor] = []

        def connected(tensors: list[tf.Tensor]) -> bool:
            floats = [one for one in tensors if tf.is_tensor(one) and one.dtype.is_floating]
            return bool(floats) and any(one is not None for one in tf.gradients(floats, image[0]))

        def call(step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
            result = operation(*args, **kwargs)
            given, made = tf.nest.flatten((args, kwargs)), tf.nest.flatten(result)
            found.append((step.name, connected(given), connected(made)))
            return result

        features = self._view.cut(layer, call=call)

        def trace(images: tf.Tensor) -> tf.Tensor:
            image.append(images)
            return features(images)

        spec = tf.TensorSpec((1, *self._view.image_shape))
        tf.function(trace, input_signature=[spec], autograph=False).get_concrete_function()
        return next((name for name, before, after in found if before and not after), "")


def remedies(wanted: Description) -> Iterator[tuple[Variant, list[int], str]]:
    """Lists what to try: which variant, the seeds to start from, and the words for the caption."""
    dead = f"{subject(wanted)} of {wanted.layer} is dead from seed {wanted.seed}: its gradient is exactly zero."
    seeds = [(wanted.seed + offset) % (LARGEST_SEED + 1) for offset in range(1, OTHER_STARTS + 1)]
    yield "", seeds, dead + " This picture starts from seed {seed} instead."
    yield (
        "redirected",
        [wanted.seed],
        dead + " For this picture the gradients were let through closed ReLUs, which opened it.",
    )
    dead = dead.replace(f"from seed {wanted.seed}", f"from {OTHER_STARTS + 1} starts")
    yield (
        "pre-activation",
        [wanted.seed],
        dead
        + " This picture, and its curve, show what its pre-activation, before the activation function, answers to.",
    )


def subject(wanted: Description) -> str:
    """What the picture is of, at the beginning of a sentence."""
    if wanted.method.objective == "layer":
        return "The whole"
    if wanted.method.direction:
        return "The direction of filters"
    return f"Filter {wanted.filter}"
