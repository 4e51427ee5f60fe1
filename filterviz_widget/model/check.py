"""Says, in words, when an object is not a model whose filters can be shown."""

from typing import Any

import keras


def check_model(model: Any) -> None:
    """Refuses what cannot be shown.

    Args:
        model: Anything; what passes is a built Keras 3 model with one image input.

    Raises:
        TypeError: If it is not a Keras 3 model.
        RuntimeError: If Keras runs on a backend other than TensorFlow.
        ValueError: If the model is not built, has no graph of layers, or takes something else than one
            grey or RGB image.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected a Keras 3 model (keras.Model), got {_kind(model)}.")
    if (backend := keras.config.backend()) != "tensorflow":
        raise RuntimeError(
            f"The ascent is compiled by TensorFlow, but Keras runs on {backend!r}. "
            'Set the environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
        )
    if not getattr(model, "inputs", None):
        if model.built:
            raise ValueError(
                f"The model {model.name!r} is a subclass of keras.Model without a graph of layers, so it cannot "
                "be cut at a layer. Expected a Sequential or Functional model."
            )
        raise ValueError(
            f"The model {model.name!r} is not built: its input shape is unknown. "
            "Call model.build((None, height, width, channels)) first."
        )
    if len(model.inputs) != 1:
        names = ", ".join(tensor.name for tensor in model.inputs)
        raise ValueError(f"Expected a model with one input, an image; {model.name!r} has {len(model.inputs)}: {names}.")
    _check_image(model.inputs[0])
    for layer in model._flatten_layers(include_self=False):
        if getattr(layer, "data_format", None) == "channels_first":
            raise ValueError(
                f"The layer {layer.name!r} works on channels_first images, which TensorFlow cannot run on a CPU. "
                'Expected image_data_format "channels_last".'
            )


def _check_image(tensor: Any) -> None:
    shape = tuple(tensor.shape)
    if len(shape) != 4:
        raise ValueError(f"Expected an image input of shape (batch, height, width, channels), got {shape}.")
    if shape[3] not in (1, 3):
        raise ValueError(f"Expected images with 1 (grey) or 3 (RGB) channels, got an input of shape {shape}.")
    if "float" not in str(tensor.dtype):
        raise ValueError(f"Expected a floating-point image input, which has a gradient; got {tensor.dtype}.")


def _kind(thing: object) -> str:
    kind = thing if isinstance(thing, type) else type(thing)
    prefix = "the class " if isinstance(thing, type) else "an object of type "
    return f"{prefix}{kind.__module__}.{kind.__qualname__}"
