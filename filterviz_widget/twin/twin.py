"""A layer's features computed with weights laid out for the ascent, equal to those of `ModelView.cut`."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from filterviz_widget.description import Precision
from filterviz_widget.model import Features, ModelView
from filterviz_widget.model.gradient import with_gradient
from filterviz_widget.model.graph import Step
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.opening import Opening
from filterviz_widget.twin.measured import Forms, Measured
from filterviz_widget.twin.plan import Replacement, as_it_is, planned, replacement
from filterviz_widget.twin.sizes import sizes
from filterviz_widget.twin.weightless import weightless
from filterviz_widget.twin.weights import Source

Part = Literal["output", "opened", "pre-activation"]
"""What of a layer: its output; the same, but where it is opened, all rectifiers on the way are; or what is before its
activation."""

ANY_DTYPE = (
    *("Activation", "Add", "AveragePooling2D", "Concatenate", "Cropping2D", "Dropout", "Flatten", "Identity"),
    *("LeakyReLU", "Maximum", "MaxPooling2D", "Minimum", "Multiply", "Permute", "ReLU", "Relu", "Relu6", "Reshape"),
    *("SpatialDropout2D", "Subtract", "Transpose", "UpSampling2D", "ZeroPadding2D"),
)
"""Layers and operations of Keras, by name, that compute in the dtype of what they are given, and lose nothing by it."""

GRADIENT_SCALE = 4096.0
"""By which gradients are larger in a float16 twin: that of a mean over 64 x 64 positions is then 1, not near the
smallest number of float16 (loss scaling, Micikevicius et al. 2018, "Mixed Precision Training")."""

FORMS = Measured()


class Twin:
    """A layer's features as a function of the image and of the model's weights, laid out once, outside the loop.

    A BatchNormalization is folded into the convolution before it, grouped convolutions with one input per group run
    as depthwise ones, and in reduced precision convolutions and dense layers have their weights in that dtype
    already. Convolutions take the form that is quickest on this machine; layer normalization, some activation
    functions, sums and max pooling have gradients that take less time than TensorFlow's own (for `tf.gradients`, in a
    graph). What is not understood (a custom layer, a subclass, a layer in a dtype of its own) is called as it is, but
    with the given weights in place of its variables. The model is not touched.

    Args:
        view: The model as it was read.
        layer: A name from `view.layers`.
        part: What of the layer.
        precision: In which dtype the features are computed. The images, and the gradient with respect to them, are
            float32 in any case.
        image_size: `(height, width)` of the images that convolutions are timed for; None for the view's.
        forms: Says which form a convolution takes.
        check: Called before each layer is prepared or traced; it may raise to give the work up.

    Attributes:
        sources: What `__call__` needs the weights of, for `Weights.take`.

    Raises:
        ValueError: If there is no such layer, or no such part of it.

    Example:

    >>> twin, weights = Twin(read_model(model), "conv3"), Weights()
    >>> twin(tf.zeros((1, 96, 96, 3)), weights.take(twin.sources).tensors).shape
    TensorShape([1, 20, 20, 64])
    """

    def __init__(
        self,
        view: ModelView,
        layer: str,
        part: Part = "output",
        *,
        precision: Precision = "float32",
        image_size: tuple[int, int] | None = None,
        forms: Forms = FORMS,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._check = check
        self._dtype = precision
        self._replacements: dict[int, Replacement] = {}
        self._given: dict[Source, Sequence[tf.Tensor]] = {}
        found: dict[Source, None] = {}
        live: dict[Source, None] = {}
        path = view.graph.path(layer)
        known = sizes(view.graph, path, view.position, image_size or view.image_shape[:2])
        for plan in planned(view.graph, path):
            check()
            made = replacement(plan, precision, known.get(id(plan.step)), forms) if plan.is_understood else None
            if made is not None:
                self._replacements[id(plan.step)] = made
                if made.source is not None:
                    found[made.source] = None
            if (own := as_it_is(plan, is_replaced=made is not None)) is not None:
                live[own] = None
        self._live = tuple(live)
        self.sources = (*found, *live)
        features: Features | None
        if part == "pre-activation":
            features = view.pre_activation(layer, self._call)
        else:
            features = view.cut(layer, call=self._call)
        if features is None:
            raise ValueError(f"The layer {layer!r} has no {part}.")
        self._features = features
        self._opens_everywhere = part == "opened"

    def __call__(
        self, images: tf.Tensor, weights: Sequence[Sequence[tf.Tensor]] = (), opening: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Maps images to the layer's output.

        Args:
            images: float32 `(batch, height, width, channels)`.
            weights: One sequence of tensors for each of `sources`.
            opening: bool `(batch,)`: for which images gradients pass closed rectifiers (`Opening`); None for none.

        Returns:
            `(batch, ..., filters)`, in the layer's own dtype; float32 where the precision is reduced.
        """
        opens = None if opening is None else Opening(opening, self._opens_everywhere)
        given = dict(zip(self.sources, weights, strict=True))
        self._given = given
        values = [pair for source in self._live for pair in zip(source.variables, given[source], strict=True)]
        try:
            if self._dtype == "float32":
                return self._features(images, values, opens)
            scale = GRADIENT_SCALE if self._dtype == "float16" else 1.0
            features = self._features(_with_gradient_times(1 / scale, images), values, opens)
            return _with_gradient_times(scale, tf.cast(features, tf.float32))
        finally:
            self._given = {}

    def _call(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        self._check()
        given = args[0] if args else kwargs.get("inputs")
        if (found := self._replacements.get(id(step))) is not None:
            return found.run(operation, given, self._tensors(found.source))
        if (quicker := weightless(operation, given)) is not None:
            return quicker(_cast(given, self._dtype))
        if self._dtype == "float32":
            return operation(*args, **kwargs)
        return _cast(_as_it_is(operation, args, kwargs), self._dtype)

    def _tensors(self, source: Source | None) -> Sequence[tf.Tensor]:
        return () if source is None else self._given[source]


def _as_it_is(operation: Any, args: Any, kwargs: Any) -> Any:
    if not isinstance(operation, keras.Operation):  # a ReLU that the evaluation replaced
        return operation(*args, **kwargs)
    kind = type(operation)
    if kind.__name__ in ANY_DTYPE and is_of_keras(kind):
        # Not __call__, which casts to the layer's own dtype.
        return operation.call(*args, **kwargs)
    own = operation.compute_dtype if isinstance(operation, keras.Layer) else "float32"
    return operation(*_cast(args, own), **_cast(kwargs, own))


def _with_gradient_times(factor: float, x: tf.Tensor) -> tf.Tensor:
    return x if factor == 1 else with_gradient(tf.identity(x), [x], _scaled, factor)


def _scaled(upstream: tf.Tensor, result: tf.Tensor, x: tf.Tensor, factor: float) -> Any:
    return (upstream * factor,)


def _cast(structure: Any, dtype: str) -> Any:
    def cast(value: Any) -> Any:
        return tf.cast(value, dtype) if tf.is_tensor(value) and value.dtype.is_floating else value

    return keras.tree.map_structure(cast, structure)
