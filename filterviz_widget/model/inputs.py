"""Which input of a model is the image to optimise, and what the other inputs are held at."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from filterviz_widget.model.dimensions import Arranges
from filterviz_widget.model.keras_private import origin


def image_input(
    inputs: Sequence[Any],
    name: str | None,
    arranged: Callable[[int], Arranges | None],
    hint: Callable[[], str],
) -> tuple[int, Arranges | None]:
    """Returns the position of the input to optimise, and how an image is brought into its order.

    Args:
        inputs: A model's symbolic inputs.
        name: The one that the user names; None for the only image-like one.
        arranged: Finds out how the model turns the input at a position into an image, or how an image is brought into
            its order.
        hint: What to add where no input is an image.

    Raises:
        ValueError: If the name is unknown, or the input is no float image `(batch, height, width, channels)` and the
            model makes none of it, or several are and none is named.
    """
    names = [input_name(tensor) for tensor in inputs]
    if name is not None:
        if name not in names:
            close = difflib.get_close_matches(str(name), names, 1)
            suggestion = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"The model has no input {name!r}; its inputs are {describe(inputs)}.{suggestion}")
        positions = [names.index(name)]
    else:
        positions = [index for index, tensor in enumerate(inputs) if len(tensor.shape) == 4]
    found = {}
    for index in positions or range(len(inputs)):
        if len(inputs[index].shape) in (2, 3, 4, 5):
            found[index] = arranged(index) if "float" in str(inputs[index].dtype) else None
    images = [index for index in found if found[index] or len(inputs[index].shape) == 4]
    if not images:
        raise ValueError(
            "Expected a model with an image input of shape (batch, height, width, channels); its inputs are "
            f"{describe(inputs)}.{hint() or _advice(inputs[positions[0] if positions else 0])}"
        )
    if len(images) > 1:
        raise ValueError(
            f"The model has several image inputs: {describe(inputs[index] for index in images)}. "
            f"Say which one to optimise, e.g. input={names[images[0]]!r}."
        )
    if found[images[0]] is None:
        _check_image(inputs[images[0]])
    return images[0], found[images[0]]


def held_values(inputs: Sequence[Any], image: int, given: Mapping[str, Any] | None) -> list[tf.Tensor | None]:
    """Returns what each input is held at, with a batch axis of 1; None for the image.

    Args:
        inputs: A model's symbolic inputs.
        image: The position of the one that is optimised.
        given: Arrays by the input's name, without a batch axis or with one of 1; the others are zeros, of size 1
            along axes that the model leaves open.

    Raises:
        TypeError: If `given` is not a mapping.
        ValueError: If it names an unknown input, or an array does not fit.
    """
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"other_inputs must be a dictionary of arrays by the input's name, got {type(given).__name__}.")
    given = dict(given or {})
    held: list[tf.Tensor | None] = []
    for index, tensor in enumerate(inputs):
        value = given.pop(input_name(tensor), None) if index != image else None
        if index == image:
            held.append(None)
        elif value is None:
            held.append(tf.zeros([1, *(size or 1 for size in tensor.shape[1:])], tensor.dtype))
        else:
            held.append(_fitted(value, tensor))
    if given:
        others = [tensor for index, tensor in enumerate(inputs) if index != image]
        names = describe(others) if others else "none"
        raise ValueError(f"other_inputs names {next(iter(given))!r}; the inputs beside the image are: {names}.")
    return held


def input_name(tensor: Any) -> str:
    """The name of an input: its layer's, since the tensor's own is a number where the user gave none."""
    made_by = origin(tensor)
    return str(made_by.name if made_by else tensor.name)


def describe(inputs: Any) -> str:
    """Names, shapes and dtypes of inputs, for a message."""
    return ", ".join(f"{input_name(tensor)!r} {tuple(tensor.shape)} {tensor.dtype}" for tensor in inputs)


def _advice(tensor: Any) -> str:
    """What to do where the model makes no image of an input before its first weights, with a line of code."""
    shape = tuple(tensor.shape[1:])
    if "float" not in str(tensor.dtype):
        return ""
    signal = ' If it is a signal, say so: data="signal".' if len(shape) in (1, 2) else ""
    if None in shape or len(shape) > 3:
        return signal
    count, guess = int(np.prod(shape)), ""
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if not guess and side > 1 and side * side * channels == count:
            guess = f"({side}, {side}, {channels})"
    if len(shape) == 2:
        guess = f"({shape[0]}, {shape[1]}, 1)"
    image = f"keras.Input({guess or '(height, width, channels)'})"
    return (
        " Nothing before the first weights makes an image of it. If each example is one, say of what shape: pass "
        f"keras.Sequential([{image}, keras.layers.Reshape({shape}), model]).{signal}"
    )


def _check_image(tensor: Any) -> None:
    if len(tensor.shape) != 4 or tensor.shape[3] is None:
        raise ValueError(
            "Expected an image input of shape (batch, height, width, channels) with a known number of channels, got "
            f"{describe([tensor])}."
        )
    if "float" not in str(tensor.dtype):
        raise ValueError(
            f"The image input is {describe([tensor])}, and whole numbers have no gradient to climb. Build the model on "
            'an input of dtype "float32": its values may still run from 0 to 255.'
        )


def _fitted(value: Any, tensor: Any) -> tf.Tensor:
    array = np.asarray(value)
    if array.ndim == len(tensor.shape) - 1:
        array = array[np.newaxis]
    wanted = (1, *tensor.shape[1:])
    if array.ndim != len(wanted) or any(size not in (None, got) for size, got in zip(wanted, array.shape, strict=True)):
        raise ValueError(
            f"The input {input_name(tensor)!r} takes shape {tuple(tensor.shape[1:])}, got {np.shape(value)}."
        )
    return tf.cast(array, tensor.dtype)
