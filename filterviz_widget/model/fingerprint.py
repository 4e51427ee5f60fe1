"""What a model is made of, in short: another fingerprint means that it must be read anew."""

from typing import Any

from filterviz_widget.model.keras_private import flat_layers


def fingerprint(model: Any) -> tuple[Any, ...]:
    """Tells whether layers were added, taken away, built or given another activation since it was last asked.

    Weights do not matter. Two fingerprints can be compared as long as the layers of the first are held.

    Args:
        model: A Keras model.
    """
    parts = []
    for layer in (model, *flat_layers(model)):
        activation = getattr(layer, "activation", None)
        parts.append((id(layer), layer.built, id(activation), getattr(activation, "built", True)))
    return (id(getattr(model, "_functional", None)), *parts)
