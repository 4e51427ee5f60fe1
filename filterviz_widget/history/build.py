"""Whether a model can be read before training, and building it early where the probe allows that."""

from typing import Any

import keras

from filterviz_widget.history.probe import Probe
from filterviz_widget.model import generators
from filterviz_widget.model.keras_private import flat_layers, names_kept


def built_for(model: Any, probe: Probe | None) -> bool:
    """Whether the state before training can be recorded.

    Keras builds what is not built with the first batch, too late for that, so a probe does it. Layers draw the seeds of
    their weights when they are made: built early they get the same weights, and nothing else about them changes.

    Args:
        model: A Keras model.
        probe: Examples, if there are any.
    """
    # A layer as an activation has its weights late too, and their gradients are wanted.
    if probe is None or (_is_built(model) and all(_has_activation(layer) for layer in flat_layers(model))):
        return _is_built(model)
    example = next(probe.batches(1)).x
    try:
        if not model.built:
            _try_on_copy(model, example)
        with keras.StatelessScope():  # what a call assigns, such as the state of a random generator, is thrown away
            model(example)
    except Exception:  # a model without a call, or a wrong probe, of which the gradients will say more
        return _is_built(model)
    return True


def _is_built(model: Any) -> bool:
    return bool(model.built) or all(layer.built for layer in flat_layers(model))


def _has_activation(layer: Any) -> bool:
    return bool(getattr(getattr(layer, "activation", None), "built", True))


def _try_on_copy(model: Any, example: Any) -> None:
    """Raises what a call with a wrong probe raises, before it leaves a model half built that cannot be trained."""
    with generators.kept(), names_kept():
        try:
            copy = type(model).from_config(model.get_config())
        except Exception:  # a class that does not say how it is made: there is nothing to try it on
            return
        copy(example)
