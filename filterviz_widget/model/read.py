"""Reads a model that a user brings: what can be shown of it, or precisely why not."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from filterviz_widget.description.data import checked_kind
from filterviz_widget.model.arrangement import found_arrangement
from filterviz_widget.model.beginning import beginning
from filterviz_widget.model.colour import checked_channels
from filterviz_widget.model.dimensions import (
    SLICES,
    Arranges,
    arrangement_of,
    checked_length,
    data_of,
    has_sequences,
    open_length,
)
from filterviz_widget.model.embedding import behind, chosen_embedding, embeddings, vectors_range
from filterviz_widget.model.follow import computed
from filterviz_widget.model.generators import kept
from filterviz_widget.model.graph import ALL_CONVOLUTIONS, Graph, Step
from filterviz_widget.model.input_range import (
    NOTHING_SAYS,
)
from filterviz_widget.model.inputs import held_values, image_input, input_name
from filterviz_widget.model.keras_private import flat_layers, names_kept
from filterviz_widget.model.layer_info import LayerInfo, Unsupported, layers_in
from filterviz_widget.model.load import load
from filterviz_widget.model.lock import READING
from filterviz_widget.model.other_kinds import other_kind
from filterviz_widget.model.own_code import has_own_code
from filterviz_widget.model.pixels import pixel_range, published_hint
from filterviz_widget.model.preprocess import Preprocess, preprocessing
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
    data: str = "auto",
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
        input: Name of the input to optimise; None for the only image-like one. The name of an Embedding stands for what
            that gives, which is optimised where the input is whole numbers; None for the only one of such a model.
        image_size: Side of a square image or `(height, width)` in pixels, from 1 to 2,048; None for the model's
            own, or 224 where the model leaves it open. Of a signal its length, up to 2**20 steps; 256 where it is open.
        input_range: The lowest and highest value of the image's pixels. "auto" measures it in `preprocess` or in what
            the image passes before the first weights, such as a Rescaling layer or a Lambda; where neither says, it
            is (0, 1), and the view says so.
        preprocess: What is done to the image before the model sees it: a function of float32 images `(batch,
            height, width, channels)` in TensorFlow operations; or "caffe", "tf" or "torch", as `keras.applications`
            calls them, for RGB from 0 to 255.
        other_inputs: Arrays that the model's other inputs are held at, by the input's name, without a batch axis;
            zeros for those that are not named.
        channels: Three channel numbers, counted from 0, to show as red, green and blue.
        data: What the input is: "image"; "spectrogram", an image `(time, frequency, channels)`, which is moved along
            time only; "signal", `(length, channels)` or `(length,)`; "volume" or frames, `(slices, height, width,
            channels)`. "auto" tells by the model's layers.
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

    >>> view = read_model(keras.applications.MobileNetV3Small(weights=None))
    >>> view.image_shape, view.input_range, view.input_range_source
    ((224, 224, 3), (0.0, 255.0), "read from the Rescaling layer 'rescaling'")
    >>> view.layers[1].name, view.layers[1].filters
    ('conv', 16)
    """
    with READING, names_kept():
        model = load(model, input_shape)
        own_code = callable(preprocess) or has_own_code(model)
        with kept(own_code):
            kind = checked_kind(data)
            return _read(
                model,
                input,
                image_size,
                input_range,
                preprocess,
                other_inputs,
                channels,
                input_shape,
                kind,
                own_code,
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
    wanted: str,
    own_code: bool,
) -> ModelView:
    graph, model, note = whole_graph(model, _size_to_follow(image_size), input_shape)
    _refuse_channels_first(model)
    unbuilt = tuple(layer for layer in flat_layers(model) if not layer.built)

    def arranged(index: int) -> Arranges | None:
        symbol = graph.inputs[index]
        arrangement: Arranges | None = None
        if wanted in ("auto", "image", "spectrogram") and len(symbol.shape) in (2, 3, 4):
            raw = Route(graph, index, tuple(held_values(graph.inputs, index, None)))
            arrangement = found_arrangement(
                beginning(graph, index),
                lambda path, given: computed(lambda values: raw.feed(values, path), given, unbuilt),
                tuple(symbol.shape[1:]),
            )
        if arrangement is None and len(symbol.shape) != 4:
            return arrangement_of(symbol, wanted, model)
        return arrangement

    graph, input, embedding = _behind_embedding(graph, input, arranged, has_sequences(model))
    position, arrangement = image_input(graph.inputs, input, arranged, lambda: other_kind(graph))
    data = data_of(arrangement, wanted)
    name = input_name(graph.inputs[position])
    route = Route(graph, position, tuple(held_values(graph.inputs, position, other_inputs)), arrangement=arrangement)
    *own_size, count = route.own_shape
    assert count is not None
    if data.kind == "signal":
        size = (1, own_size[1] or open_length(model)) if image_size is None else (1, checked_length(image_size))
    elif image_size is None:
        size = own_size[0] or DEFAULT_SIZE, own_size[1] or DEFAULT_SIZE
    else:
        size = checked_size(image_size)
    image_shape = (*size, count)
    given_shape = image_shape if arrangement is None or data.is_flat else _given_shape(graph.inputs[position], size)
    route = dataclasses.replace(route, preprocess=preprocessing(preprocess, given_shape))

    def run(record: Record) -> None:
        def followed(images: Any) -> Any:
            given = record.began(graph.inputs[position], route.prepared(images))
            return route.feed(given, (), call=record.call)

        with contextlib.suppress(Exception):  # what cannot be computed is said when it is asked for
            computed(followed, tf.random.stateless_uniform((1, *image_shape), (1, 2)), unbuilt)

    tokens = Tokens(graph, position, run, of_image=data.is_flat)
    found = list(layers_in(graph, position, sizes_known=tuple(own_size) == size, tokens=tokens, data=data))
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
    if embedding is not None and input_range == "auto" and preprocess is None:
        pixels = vectors_range(embedding.operation, name)
    else:
        pixels = pixel_range(input_range, preprocess, route, image_shape, given_shape, unbuilt)
    if data.kind == "signal" and pixels.source.startswith("assumed"):
        pixels = pixels._replace(low=-1.0)  # most signals go both ways
    source = pixels.source
    if source == NOTHING_SAYS and preprocess is None:
        source += published_hint(model)
    return ModelView(
        layers,
        unsupported,
        image_shape,
        (pixels.low, pixels.high),
        source,
        name,
        checked_channels(channels, count // data.slices),
        own_code,
        note,
        route,
        unbuilt,
        tokens,
        data,
        "" if embedding is None else f"Sought is what the Embedding {name!r} gives: whole numbers have no gradient.",
        getattr(model, "decides", False),
    )


def _size_to_follow(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """The size that a subclass is followed at; None for what may be the length of a signal, which is checked later."""
    try:
        return None if image_size is None else checked_size(image_size)
    except ValueError:
        return None


def _behind_embedding(
    graph: Graph, wanted: str | None, arranged: Callable[[int], Arranges | None], has_convolutions: bool
) -> tuple[Graph, str | None, Step | None]:
    """The graph with what an Embedding gives as the input to optimise, where that is named or nothing else can be."""
    names = [input_name(tensor) for tensor in graph.inputs]

    def can_be(index: int) -> bool:
        symbol = graph.inputs[index]
        is_read = any(step.node.input_tensors[0] is symbol for step in embeddings(graph))
        is_float = "float" in str(symbol.dtype) and not is_read
        return is_float and (len(symbol.shape) == 4 or arranged(index) is not None)

    if wanted in names or (wanted is None and not has_convolutions):
        return graph, wanted, None
    is_image = wanted is None and any(map(can_be, range(len(names))))
    embedding = chosen_embedding(graph, wanted, is_image)
    if embedding is None:
        return graph, wanted, None
    cut = behind(graph, embedding)
    return cut, input_name(cut.inputs[-1]), embedding


def _given_shape(symbol: Any, size: tuple[int, int]) -> tuple[int, ...]:
    """Of what a signal's or volume's model takes, without the batch."""
    shape = tuple(symbol.shape[1:])
    if len(shape) == 4:
        return (shape[0] or SLICES, *size, shape[3])
    return (size[1], *shape[1:])


def _refuse_channels_first(model: Any) -> None:
    """Only convolutions: their feature maps have the filters first. A Flatten, say, is another order of units."""
    for layer in flat_layers(model):
        is_convolution = isinstance(layer, ALL_CONVOLUTIONS) and layer.built
        if is_convolution and layer.data_format == "channels_first":
            raise ValueError(
                f"The convolution {layer.name!r} works on channels_first images (batch, channels, height, width), "
                'which are not supported. Expected data_format="channels_last".'
            )
