"""Reads a model that a user brings: what can be shown of it, or precisely why not."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.arrangement import Arrangement, found_arrangement
from filterviz_widget.model.beginning import beginning
from filterviz_widget.model.colour import checked_channels
from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.generators import kept
from filterviz_widget.model.graph import CONVOLUTIONS
from filterviz_widget.model.input_range import (
    NOTHING_SAYS,
    InputRange,
    given_range,
    is_readable,
    measured_range,
    read_range,
    standardises,
)
from filterviz_widget.model.inputs import held_values, image_input, input_name
from filterviz_widget.model.keras_private import flat_layers, nothing_built
from filterviz_widget.model.kinds import class_name, runs_over
from filterviz_widget.model.layer_info import LayerInfo, Unsupported, layers_in, model_inside
from filterviz_widget.model.load import load
from filterviz_widget.model.lock import READING
from filterviz_widget.model.own_code import has_own_code
from filterviz_widget.model.paths import layers_by_path
from filterviz_widget.model.preprocess import Preprocess, preprocessing, published_mode
from filterviz_widget.model.record import Record
from filterviz_widget.model.route import Route
from filterviz_widget.model.size import DEFAULT_SIZE, checked_size
from filterviz_widget.model.tokens import Tokens
from filterviz_widget.model.view import ModelView
from filterviz_widget.model.whole_graph import whole_graph


def read_model(
    model: Any,
    *,
    input: str | None = None,  # Keras' word
    image_size: int | Sequence[int] | None = None,
    input_range: tuple[float, float] | str = "auto",
    preprocess: Preprocess | None = None,
    other_inputs: Mapping[str, Any] | None = None,
    channels: Sequence[int] | None = None,
    input_shape: Any = None,
) -> ModelView:
    """Reads a network on TensorFlow. Nothing about the model or any global state changes.

    Sequential and Functional models are read as they are, nested ones to any depth. A subclassed model or block is
    read by following its `call` on symbolic tensors, which works where it is made of Keras layers and operations.
    Everything else is traced by TensorFlow, AutoGraph included, and read from the graph that comes of it: what is a
    layer of Keras' there becomes one, on the model's own variables.

    Args:
        model: A built `keras.Model` or `keras.layers.Layer`; the path of a `.keras` or `.h5` file (safe mode on), of
            the folder of a SavedModel, or of a frozen graph (`.pb`); what `tf.saved_model.load` returned; a
            `tf.Module`, `tf.function` or Keras 2 model.
        input: Name of the input to optimise; None for the only image-like one.
        image_size: Side of a square image or `(height, width)` in pixels, from 1 to 2,048; None for the model's
            own, or 224 where the model leaves it open.
        input_range: The lowest and highest value of the image's pixels. "auto" measures it in `preprocess` or in what
            the image passes before the first weights, such as a Rescaling layer or a Lambda; where neither says, it
            is (0, 1), and the view says so.
        preprocess: What is done to the image before the model sees it: a function of float32 images `(batch,
            height, width, channels)` in TensorFlow operations; or "caffe", "tf" or "torch", as `keras.applications`
            calls them, for RGB from 0 to 255.
        other_inputs: Arrays that the model's other inputs are held at, by the input's name, without a batch axis;
            zeros for those that are not named.
        channels: Three channel numbers, counted from 0, to show as red, green and blue.
        input_shape: `(height, width, channels)` of an image, or shapes by the argument's name, for a model that does
            not say what it takes. One that was never called is then copied, and the copy gets weights.

    Returns:
        A `ModelView`.

    Raises:
        TypeError: For something that is no such model, and arguments of a wrong type.
        RuntimeError: If Keras runs on another backend than TensorFlow.
        FileNotFoundError: If the path names no file.
        ValueError: For a model that cannot be shown, and arguments that do not fit it.

    Example:

    >>> view = read_model(keras.applications.MobileNetV3Small())
    >>> view.image_shape, view.input_range, view.input_range_source
    ((224, 224, 3), (0.0, 255.0), "read from the Rescaling layer 'rescaling'")
    >>> view.layers[1].name, view.layers[1].filters
    ('conv', 16)
    """
    with READING:
        model = load(model, input_shape)
        own_code = callable(preprocess) or has_own_code(model)
        with kept(own_code):
            return _read(
                model, input, image_size, input_range, preprocess, other_inputs, channels, input_shape, own_code
            )


def _read(
    model: Any,
    input: str | None,
    image_size: int | Sequence[int] | None,
    input_range: tuple[float, float] | str,
    preprocess: Preprocess | None,
    other_inputs: Mapping[str, Any] | None,
    channels: Sequence[int] | None,
    input_shape: Any,
    own_code: bool,
) -> ModelView:
    size = None if image_size is None else checked_size(image_size)
    graph, model, note = whole_graph(model, size, input_shape)
    _refuse_channels_first(model)
    unbuilt = tuple(layer for layer in flat_layers(model) if not layer.built)

    def arranged(index: int) -> Arrangement | None:
        raw = Route(graph, index, tuple(held_values(graph.inputs, index, None)))
        return found_arrangement(
            beginning(graph, index),
            lambda path, given: _computed(lambda values: raw.feed(values, path), given, unbuilt),
            tuple(graph.inputs[index].shape[1:]),
        )

    position, arrangement = image_input(graph.inputs, input, arranged, lambda: _hint(model))
    name = input_name(graph.inputs[position])
    route = Route(graph, position, tuple(held_values(graph.inputs, position, other_inputs)), arrangement=arrangement)
    *own_size, count = route.own_shape
    assert count is not None
    height, width = size or (own_size[0] or DEFAULT_SIZE, own_size[1] or DEFAULT_SIZE)
    image_shape = (height, width, count)
    route = dataclasses.replace(route, preprocess=preprocessing(preprocess, image_shape))
    noise = tf.random.stateless_uniform((1, *image_shape), (1, 2))

    def run(record: Record) -> None:
        def followed(images: Any) -> Any:
            given = record.began(graph.inputs[position], route.prepared(images))
            return route.feed(given, (), call=record.call)

        with contextlib.suppress(Exception):  # what cannot be computed is said when it is asked for
            _computed(followed, noise, unbuilt)

    tokens = Tokens(graph, position, run)
    found = list(layers_in(graph, position, sizes_known=own_size == [height, width], tokens=tokens))
    layers = tuple(info for info in found if isinstance(info, LayerInfo))
    unsupported = tuple(info for info in found if isinstance(info, Unsupported))
    if not layers:
        reasons = "".join(f" {layer.name!r}: {layer.reason}" for layer in unsupported[:3])
        if len(unsupported) > 3:
            reasons += f" And {len(unsupported) - 3} more."
        raise ValueError(
            f"The model {model.name!r} has no layer that can be shown: none has a feature map (batch, height, width, "
            f"filters) or dense units that depend on its image input {name!r}.{reasons}"
        )
    pixels = _input_range(input_range, preprocess, route, image_shape, unbuilt)
    source = pixels.source
    if source == NOTHING_SAYS and preprocess is None:
        source += _published(model)
    return ModelView(
        layers,
        unsupported,
        image_shape,
        (pixels.low, pixels.high),
        source,
        name,
        checked_channels(channels, count),
        own_code,
        note,
        route,
        unbuilt,
        tokens,
    )


def _refuse_channels_first(model: Any) -> None:
    """Only convolutions: their feature maps have the filters first. A Flatten, say, is another order of units."""
    for layer in flat_layers(model):
        is_convolution = isinstance(layer, CONVOLUTIONS) and layer.built
        if is_convolution and layer.data_format == "channels_first":
            raise ValueError(
                f"The convolution {layer.name!r} works on channels_first images (batch, channels, height, width), "
                'which are not supported. Expected data_format="channels_last".'
            )


def _hint(model: Any) -> str:
    for path, layer in layers_by_path(model).items():
        if data := runs_over(layer):
            advice = model_inside(layer, path) or " If there is a model of single images in it, pass that instead."
            return (
                f" Its layer {path!r} is a {class_name(layer)}, which runs over {data}: not supported."
                f"{advice if data == 'time' else ''}"
            )
    return ""


def _computed(function: Callable[[Any], Any], given: Any, unbuilt: Sequence[Any]) -> Any:
    with nothing_built(unbuilt):
        return in_inference(function, given)


def _input_range(
    wanted: tuple[float, float] | str,
    preprocess: Preprocess | None,
    route: Route,
    image_shape: tuple[int, int, int],
    unbuilt: Sequence[Any],
) -> InputRange:
    if wanted != "auto":
        return given_range(wanted)
    if isinstance(preprocess, str):
        return InputRange(0.0, 255.0, f"set by preprocess={preprocess!r}")
    if route.preprocess and (measured := measured_range(route.preprocess, image_shape)):
        return InputRange(*measured, "read from preprocess")

    def images_to(path: tuple[str, ...]) -> Any:
        return lambda images: _computed(lambda given: route.run(given, path), images, unbuilt)

    found = read_range(beginning(route.graph, route.position), images_to, image_shape)
    if found.source == NOTHING_SAYS and route.preprocess:
        if standardises(route.preprocess, image_shape):
            return found._replace(source="preprocess standardises every image, so every range gives the same picture")
        if not is_readable(route.preprocess, image_shape):
            return found._replace(source="assumed, what preprocess does to the pixels could not be read")
    return found


def _published(model: Any) -> str:
    for part in (model, *flat_layers(model)):
        if isinstance(part, keras.Model) and (mode := published_mode(part.name)):
            return f'; with its published weights, {part.name} takes preprocess="{mode}"'
    return ""
