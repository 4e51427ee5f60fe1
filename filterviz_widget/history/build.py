"""Whether a model can be read before training, and building it early where the probe allows that."""

from typing import Any

import keras

from filterviz_widget.history.generators import untouched_generators
from filterviz_widget.history.paths import names_kept
from filterviz_widget.history.probe import Probe


def built_for(model: Any, probe: Probe | None, *, draws: bool) -> bool:
    """Whether the state before training can be recorded.

    Keras builds what is not built with the first batch, too late for that, so a probe does it. Layers draw the seeds of
    their weights when they are made: built early they get the same weights, and nothing else about them changes.

    Args:
        model: A Keras model.
        probe: Examples, if there are any.
        draws: Whether pictures are wanted, for which each activation that is a layer must be built too.
    """
    if _is_built(model, activations=draws or probe is not None):
        return True
    if probe is None:
        return False
    example = next(probe.batches(1)).x
    try:
        if not model.built:
            _try_on_copy(model, example)
        with keras.StatelessScope():  # what a call assigns, such as the state of a random generator, is thrown away
            model(example)
    except Exception:  # a model without a call, or a wrong probe, of which the gradients will say more
        return _is_built(model, activations=draws)
    return True


def _is_built(model: Any, *, activations: bool) -> bool:
    layers = model._flatten_layers(include_self=False)
    if not (model.built or all(layer.built for layer in layers)):
        return False
    return not activations or all(getattr(getattr(layer, "activation", None), "built", True) for layer in layers)


def _try_on_copy(model: Any, example: Any) -> None:
    """Raises what a call with a wrong probe raises, before it leaves a model half built that cannot be trained."""
    with untouched_generators(), names_kept():
        try:
            copy = type(model).from_config(model.get_config())
        except Exception:  # a class that does not say how it is made: there is nothing to try it on
            return
        copy(example)
