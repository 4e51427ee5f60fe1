"""A model as this package sees it: the layers that can be shown, where to cut, what the image is like."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.model.classes import Classes, class_outputs
from filterviz_widget.model.colour import Colours, to_rgb
from filterviz_widget.model.evaluate import Call, as_it_is, without_activation
from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.keras_private import nothing_built
from filterviz_widget.model.layer_info import LayerInfo, Unsupported
from filterviz_widget.model.opening import Opening
from filterviz_widget.model.places import Places
from filterviz_widget.model.reason import reason
from filterviz_widget.model.receptive_field import ReceptiveField, receptive_field
from filterviz_widget.model.route import Route
from filterviz_widget.model.saturating import saturating
from filterviz_widget.model.tokens import Tokens

Values = Sequence[tuple[Any, tf.Tensor]]
"""Keras variables, each with a tensor that stands in for its value."""

Features = Callable[..., tf.Tensor]
"""From float32 images `(batch, height, width, channels)` in the units of `ModelView.input_range` to a layer's output,
`(batch, height, width, filters)` or `(batch, units)`, in the layer's own dtype. The second argument may be `Values`,
and `opening` an `Opening`."""


@dataclass(frozen=True, eq=False)
class ModelView:
    """A Keras model, read and never changed; made by `read_model`.

    The layers and their variables are the model's own, so new weights show at once.

    Attributes:
        layers: All that can be shown, in the model's order.
        unsupported: Layers that cannot be shown, with the reason.
        image_shape: `(height, width, channels)` of the image to optimise.
        input_range: The lowest and highest value of its pixels.
        input_range_source: Where the range comes from: "given", "read from the Rescaling layer 'rescaling'",
            "assumed, nothing in the model says".
        input_name: The model's input that is optimised.
        channels: The triple of channels shown as red, green and blue; None for the default.
        data: What the image stands for: itself, a spectrogram, a signal or a volume.
        input_note: What a viewer should know of the input that is optimised; "" for nothing.
        has_own_code: Whether tracing runs code that is not Keras' own: the user's layers, functions, preprocess.
        decides: Whether the model's code decides by numbers in the images, for all of a batch together.
        note: By which way the model was read, and why, where it is not what Keras keeps of it; often empty.
    """

    layers: tuple[LayerInfo, ...] = field(repr=False)
    unsupported: tuple[Unsupported, ...] = field(repr=False)
    image_shape: tuple[int, int, int]
    input_range: tuple[float, float]
    input_range_source: str
    input_name: str
    channels: tuple[int, int, int] | None
    has_own_code: bool
    note: str
    _route: Route = field(repr=False)
    _unbuilt: tuple[Any, ...] = field(repr=False)
    _tokens: Tokens = field(repr=False)
    data: Data = IMAGE
    input_note: str = ""
    decides: bool = False

    @property
    def graph(self) -> Graph:
        """The model's graph."""
        return self._route.graph

    @property
    def position(self) -> int:
        """Of the image among the graph's inputs."""
        return self._route.position

    def layer(self, name: str) -> LayerInfo:
        """What is known of a layer.

        Raises:
            ValueError: If there is none of that name; the nearest one is suggested.
        """
        for info in self.layers:
            if info.name == name:
                return info
        names = [info.name for info in self.layers]
        for layer in self.unsupported:
            if layer.name == name:
                raise ValueError(f"The layer {name!r} cannot be shown: {layer.reason}")
        # A user may know a nested layer by its own name only.
        close = [known for known in names if known.rpartition("/")[2] == name] or difflib.get_close_matches(
            str(name), names, 1
        )
        hint = (
            f"did you mean {close[0]!r}?"
            if close
            else f"there are {', '.join(map(repr, names[:8]))}{', ...' * (len(names) > 8)}."
        )
        raise ValueError(f"There is no layer {str(name)[:80]!r} that can be shown; {hint}")

    def cut(self, layer: str, *, call: Call = as_it_is) -> Features:
        """Returns the function from images to a layer's output, in inference mode.

        Dropout, batch normalization and augmentation are inert, and nothing that a layer assigns is kept. A dense
        layer with a softmax or sigmoid gives the units before it.

        Args:
            layer: A name from `layers`.
            call: How each layer on the way is computed.

        Returns:
            `Features`. It raises ValueError, naming the layer, where the layer cannot be computed from an image of
            this size; that is found when the function is traced.

        Raises:
            ValueError: If there is no such layer.

        Example:

        >>> features = read_model(model).cut("conv3")
        >>> features(tf.zeros((1, 96, 96, 3))).shape
        TensorShape([1, 20, 20, 64])
        """
        self.layer(layer)
        return self._features(layer, bool(saturating(self.step(layer).operation)), call)

    def pre_activation(self, layer: str, call: Call = as_it_is) -> Features | None:
        """Returns what `cut` does, before the layer's own activation: a filter that is dead behind a ReLU lives there.

        Returns:
            `Features`; None where the layer's output is the pre-activation already, as of a convolution that is
            followed by a layer of batch normalization or ReLU.

        Raises:
            ValueError: If there is no such layer.
        """
        self.layer(layer)
        step = self.step(layer)
        # What takes several inputs has no activation of one of them.
        if saturating(step.operation) or len(step.node.input_tensors) > 1 or without_activation(step.operation) is None:
            return None
        return self._features(layer, True, call)

    def without(self, layer: str, filter: int) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
        """Returns the function from images, and a value, to the model's outputs with a filter's map set to that value.

        Every use of the layer counts, in inference mode. A value that is NaN leaves the map as it is.

        Raises:
            ValueError: If there is no such layer.
        """
        self.layer(layer)
        target, route = self.step(layer), self._route

        def outputs(images: tf.Tensor, value: tf.Tensor) -> dict[str, tf.Tensor]:
            def call(step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
                result = operation(*args, **kwargs)
                if step.node.operation is not target.node.operation:
                    return result
                is_it = tf.range(tf.shape(result)[-1]) == filter
                replaced = tf.where(is_it, tf.cast(value, result.dtype), result)
                return tf.where(tf.math.is_nan(value), result, replaced)

            return in_inference(lambda given: route.outputs(given, call), images, ())

        return outputs

    def inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns the function from images, and more, to `function(route, images, *more)`, in inference mode."""
        route, unbuilt = self._route, self._unbuilt

        def run(images: tf.Tensor, *more: Any) -> Any:
            with nothing_built(unbuilt):
                return in_inference(lambda given: function(route, given, *more), images)

        return run

    def receptive_field(self, layer: str) -> ReceptiveField:
        """What the positions of a layer's feature maps can see of the image.

        Raises:
            ValueError: If there is no such layer, or the image is too small for it.
        """
        self.layer(layer)
        path = self.graph.path(layer)

        def measured() -> tuple[int, int]:
            shape = self.cut(layer)(tf.zeros((1, *self.image_shape))).shape
            return (shape[1], shape[2]) if len(shape) == 4 else (1, 1)

        return receptive_field(self.graph, self.position, self.image_shape[:2], path, self._tokens, measured, self.data)

    @property
    def outputs(self) -> dict[str, tuple[int | None, ...]]:
        """The shapes of the model's outputs, without their batch axis, by their names."""
        return {
            name: tuple(tensor.shape[1:])
            for name, tensor in zip(self._route.output_names, self._route.graph.outputs, strict=True)
        }

    @property
    def classes(self) -> list[Classes]:
        """The outputs of one number for each class, the likeliest one first."""
        return class_outputs(self._route.graph, self._route.output_names)

    def operation(self, layer: str) -> Any:
        """The Keras layer or operation of that name, the model's own."""
        self.layer(layer)
        return self.step(layer).node.operation

    def places(self, symbol: Any) -> Places | None:
        """Where the tokens of a symbolic tensor of the graph lie; None where that is not known."""
        return self._tokens.of(symbol)

    def prepared(self, images: tf.Tensor) -> tf.Tensor:
        """What enters the model for float32 images: preprocessed."""
        return self._route.prepared(images)

    def to_rgb(self, image: npt.NDArray[np.floating[Any]]) -> Colours:
        """Turns an optimised image into true colour, or into colours that the caption explains.

        The image is what goes into `preprocess`, so with `preprocess="caffe"` it is RGB already.

        Args:
            image: Float array of shape `image_shape`, in the units of `input_range`.

        Returns:
            `Colours`: pixels in which the input range is 0 to 1, and a caption.
        """
        return to_rgb(image, self.input_range, self.channels)

    def step(self, layer: str) -> Step:
        """The step at a path, which need not be among `layers`."""
        graph = self._route.graph
        *outer, last = graph.path(layer)
        for name in outer:
            inner = graph.step(name).inner
            assert inner is not None
            graph = inner
        return graph.step(last)

    def _features(self, layer: str, before_activation: bool, call: Call) -> Features:
        route, path = self._route, self._route.graph.path(layer)
        filters, fold = self.layer(layer).filters, self.layer(layer).fold

        # AutoGraph would rewrite all of it, slowly; Keras does not convert layers either.
        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def features(images: tf.Tensor, values: Values = (), opening: Opening | None = None) -> tf.Tensor:
            with nothing_built(self._unbuilt) as unbuilt:
                try:
                    made = in_inference(
                        lambda given: route.run(
                            given, path, opening=opening, before_activation=before_activation, call=call
                        ),
                        images,
                        values,
                    )
                except Exception as error:
                    if unbuilt:
                        raise ValueError(_is_not_built(unbuilt[0])) from error
                    if (message := self._does_not_fit(layer, images, error)) is None:
                        raise
                    raise ValueError(message) from error
            if made.shape[-1] not in (None, filters):  # an activation such as glu halves what Keras promises
                raise ValueError(f"Keras says that {layer!r} has {filters} filters, and it computes {made.shape[-1]}.")
            if None not in (made.shape[0], images.shape[0]) and made.shape[0] != images.shape[0]:
                raise ValueError(
                    f"The layer {layer!r} makes {made.shape[0]} maps of {images.shape[0]} images, such as one of each "
                    "frame; only layers with one map of each image can be shown."
                )
            return made if fold is None else fold(made)

        return features

    def _does_not_fit(self, layer: str, images: tf.Tensor, error: Exception) -> str | None:
        # A transformed image may have lost its static size.
        height, width = (size or wanted for size, wanted in zip(images.shape[1:3], self.image_shape[:2], strict=True))
        own = self._route.own_shape[:2]
        if own == (height, width) or isinstance(error, tf.errors.ResourceExhaustedError):
            return None
        advice = "Try another image_size" if None in own else f"The model's own size is {own[0]} x {own[1]}: try that"
        return (
            f"The layer {layer!r} cannot be computed from an image of {height} x {width} pixels. "
            f"{advice}, or a layer nearer to the input. ({reason(error)})"
        )


def _is_not_built(layer: Any) -> str:
    return (
        f"The layer {layer.name!r} is not built, and looking at a model must not give it weights. Call the model once "
        "on a batch of images, model(images), and read it again."
    )
