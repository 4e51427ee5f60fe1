"""Filters that nothing opens: why, in words, and what is shown in their place."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from filterviz_widget.ascent import Numbers
from filterviz_widget.description import Description
from filterviz_widget.engine.compiled import CompiledLayers, Variant
from filterviz_widget.model import ModelView
from filterviz_widget.model.graph import Step
from filterviz_widget.twin import Taken, Weights

ENOUGH = 32
"""Iterations in which redirected gradients open a filter, or never do; Lucid redirects for the first 16. Of long steps
a quarter is enough."""


class Remedy(NamedTuple):
    """How a filter is shown that does not answer.

    Attributes:
        variant: What stands in for the layer's output.
        note: The reason, in words; "" for what may still fail.
        is_dead: Whether nothing gave it a gradient, so that the picture is the start image.
        pace: The steps, as a share of those that were asked for.
    """

    variant: Variant
    note: str
    is_dead: bool = False
    pace: float = 1.0

    @property
    def enough(self) -> int:
        """Iterations after which a filter that has not answered will not."""
        return ENOUGH // 4 if self.pace > 1 else ENOUGH


AS_ASKED = Remedy("", "")
"""A closed filter is opened, if need be, with steps of the size that was asked for."""


LONG = 8.0
"""The pace that is tried last: steps that reach across the whole range."""


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
        tried: Remedy,
        is_stuck: bool,
    ) -> Remedy:
        """What is shown of a filter that stayed closed as `tried`; `is_stuck`: no redirected gradient came either."""
        layer = wanted.layer
        compiled = self._layers.compile(wanted, size, check=check)
        if not compiled.ascent.is_connected:
            return Remedy("", f"{self._no_way(layer)} {_shown(wanted)}", is_dead=True)
        if tried.pace < 1:
            return Remedy("", f"{subject(wanted)} of {layer} was opened, and the last step closed it again.")
        if wanted.method.sign > 0 and is_stuck and tried == AS_ASKED:
            return Remedy("opened", "")
        if wanted.method.sign > 0 and not is_stuck and tried.pace < LONG:
            return tried._replace(pace=LONG)
        where = f"from seed {wanted.seed}" if wanted.photo is None else "on this photo"
        dead = f"{subject(wanted)} of {layer} is dead {where}: its gradient is exactly zero"
        if wanted.method.sign > 0:  # otherwise there is nothing to open
            count = min(ENOUGH, wanted.iterations)
            opening = f", and {count} iterations with gradients let through closed rectifiers did not open it, nor did "
            opening += f"steps of {LONG * wanted.step_size:g} grey levels"
            dead += ", also where gradients are let through closed rectifiers" if is_stuck else opening
        if self._layers.offers(layer, "pre-activation"):
            compiled = self._layers.compile(wanted, size, "pre-activation", check=check)
            weights = self._weights.take(compiled.sources, moment)
            measured = compiled.measure(compiled.start([wanted], [wanted.seed]), selection, numbers, weights)
            if not measured.closed[0]:
                own = "This picture, and its curve, are of its pre-activation, before the activation function."
                return Remedy("pre-activation", f"{dead}. {own}")
            dead += ", nor has it one before its activation function"
        return Remedy("", f"{dead}. {_shown(wanted)}", is_dead=True)

    @staticmethod
    def gentler(tried: Remedy) -> Remedy | None:
        """For a filter that answered and is closed by its last step: shorter steps; None where these are very short."""
        return tried._replace(pace=tried.pace / 4) if tried.pace > 1 / 16 else None

    def _no_way(self, layer: str) -> str:
        culprit = self._stopper(layer)
        where = f"Behind {culprit!r} there is none" if culprit else "Something on the way lets none through"
        return (
            f"No gradient comes from the layer {layer} to the image. {where}: rounding, casts to whole numbers and "
            "stop_gradient have no gradient."
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


def _shown(wanted: Description) -> str:
    return "This is the start image." if wanted.photo is None else "This is the photo as it is."


def subject(wanted: Description) -> str:
    """What the picture is of, at the beginning of a sentence."""
    if wanted.method.objective == "layer":
        return "The whole"
    if wanted.method.direction:
        return "The direction of filters"
    return f"Filter {wanted.filter}"
