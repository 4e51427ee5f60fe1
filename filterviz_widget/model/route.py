"""The way of an image into a model, and on to its layers and outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from filterviz_widget.model.dimensions import Arranges, Signal, Volume
from filterviz_widget.model.evaluate import Call, evaluate
from filterviz_widget.model.graph import Graph


@dataclass(frozen=True)
class Route:
    """The way of an image into the model.

    Attributes:
        graph: The model's graph.
        position: Of the image among the graph's inputs.
        held: What the other inputs are held at, each with a batch axis of 1.
        preprocess: What happens to the image first; to a signal or volume once it is in the order of the input.
        arrangement: Brings it into the order of the model's input then; None where that is an image already.
    """

    graph: Graph
    position: int
    held: tuple[tf.Tensor | None, ...]
    preprocess: Callable[[tf.Tensor], tf.Tensor] | None = None
    arrangement: Arranges | None = None

    @property
    def own_shape(self) -> tuple[int | None, ...]:
        """`(height, width, channels)` that the model declares; None for what it leaves open."""
        return self.arrangement.image_shape if self.arrangement else self.graph.inputs[self.position].shape[1:]

    def run(self, images: tf.Tensor, path: tuple[str, ...], **options: Any) -> tf.Tensor:
        """The output of the step at `path` for float32 images; `options` are those of `evaluate`."""
        return self.feed(self.prepared(images), path, **options)

    @property
    def output_names(self) -> list[str]:
        """Of the model's outputs: each is called as the layer or operation that makes it."""
        makers = {id(tensor): step.name for step in self.graph.steps for tensor in step.node.outputs}
        names: list[str] = []
        for tensor in self.graph.outputs:  # one layer may make several
            name = makers.get(id(tensor), "output")
            again = sum(one.partition(":")[0] == name for one in names)
            names.append(f"{name}:{again}" if again else name)
        return names

    def outputs(self, images: tf.Tensor, call: Call) -> dict[str, tf.Tensor]:
        """All outputs of the model by their names."""
        return dict(zip(self.output_names, self._fed(self.prepared(images), (), call=call), strict=True))

    def prepared(self, images: tf.Tensor) -> tf.Tensor:
        """What the model's input takes for float32 images."""
        images = tf.cast(images, tf.float32)
        if isinstance(self.arrangement, Signal | Volume):
            given = self.arrangement(images)
            return given if self.preprocess is None else self.preprocess(given)
        fed = images if self.preprocess is None else self.preprocess(images)
        return fed if self.arrangement is None else self.arrangement(fed)

    def feed(self, given: tf.Tensor, path: tuple[str, ...], **options: Any) -> tf.Tensor:
        """The output of the step at `path` for what the model's input takes."""
        return self._fed(given, path, **options)[0]

    def _fed(self, given: tf.Tensor, path: tuple[str, ...], **options: Any) -> list[tf.Tensor]:
        inputs = [
            tf.cast(given, symbol.dtype) if value is None else tf.repeat(value, tf.shape(given)[0], axis=0)
            for symbol, value in zip(self.graph.inputs, self.held, strict=True)
        ]
        return evaluate(self.graph, inputs, path, **options)
