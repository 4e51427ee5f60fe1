"""A layer's features computed with weights laid out for the ascent, equal to those of `ModelView.cut`."""

from collections.abc import Callable, Hashable
from typing import Any, Literal

import keras
import tensorflow as tf

from filterviz_widget.description.description import Precision
from filterviz_widget.model import Features, ModelView
from filterviz_widget.model.graph import Step
from filterviz_widget.twin.plan import Replacement, planned, replacement
from filterviz_widget.twin.weightless import weightless
from filterviz_widget.twin.weights import Weights

Part = Literal["output", "pre-activation", "redirected"]
"""What of a layer: its output, what is before its activation, or its output with redirected ReLU gradients."""

ANY_DTYPE = (
    *("Activation", "Add", "AveragePooling2D", "Concatenate", "Cropping2D", "Dropout", "Flatten", "Identity"),
    *("LeakyReLU", "Maximum", "MaxPooling2D", "Minimum", "Multiply", "Permute", "ReLU", "Relu", "Relu6", "Reshape"),
    *("SpatialDropout2D", "Subtract", "Transpose", "UpSampling2D", "ZeroPadding2D"),
)
"""Layers and operations of Keras, by name, that compute in the dtype of what they are given, and lose nothing by it."""

GRADIENT_SCALE = 4096.0
"""By which gradients are larger in a float16 twin: that of a mean over 64 x 64 positions is then 1, not near the
smallest number of float16 (loss scaling, Micikevicius et al. 2018, "Mixed Precision Training")."""


class Twin:
    """A layer's features, computed with weights laid out once, outside the loop.

    A BatchNormalization is folded into the convolution before it, grouped convolutions with one input per group run
    as depthwise ones, and in reduced precision convolutions and dense layers have their weights in that dtype
    already. Convolutions, layer normalization, some activation functions, sums and max pooling have gradients that take
    less time than TensorFlow's own. What is not understood (a custom layer, a subclass, a layer in a dtype of its own)
    is called as it is. The model is not touched.

    Args:
        view: The model as it was read.
        layer: A name from `view.layers`.
        part: What of the layer.
        precision: In which dtype the features are computed. The images, and the gradient with respect to them, are
            float32 in any case.
        weights: Where prepared weights are held, shared with the other twins of the model.
        check: Called before each layer is prepared or traced; it may raise to give the work up.

    Raises:
        ValueError: If there is no such layer, or no such part of it.

    Example:

    >>> twin = Twin(read_model(model), "conv3")
    >>> twin(tf.zeros((1, 96, 96, 3))).shape
    TensorShape([1, 24, 24, 64])
    """

    def __init__(
        self,
        view: ModelView,
        layer: str,
        part: Part = "output",
        *,
        precision: Precision = "float32",
        weights: Weights | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._check = check
        self._dtype = precision
        self._weights = Weights() if weights is None else weights
        self._replacements: dict[int, Replacement] = {}
        keys: dict[Hashable, None] = {}
        for plan in planned(view.graph, tuple(layer.split("/"))):
            check()
            if made := replacement(plan, precision, self._weights):
                self._replacements[id(plan.step)], keys[made[1]] = made[0], None
        self._keys = tuple(key for key in keys if key is not None)
        features: Features | None
        if part == "pre-activation":
            features = view.pre_activation(layer, self._call)
        else:
            features = view.cut(layer, relu="redirected" if part == "redirected" else "plain", call=self._call)
        if features is None:
            raise ValueError(f"The layer {layer!r} has no {part}.")
        self._features = features

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Maps float32 images `(batch, height, width, channels)` to the layer's output; float32 where reduced."""
        if self._dtype == "float32":
            return self._features(images)
        scale = GRADIENT_SCALE if self._dtype == "float16" else 1.0
        features = self._features(_with_gradient_times(1 / scale, images))
        return _with_gradient_times(scale, tf.cast(features, tf.float32))

    def refresh(self) -> None:
        """Takes over the model's weights as they are now. Functions that were traced see them without a retrace."""
        self._weights.refresh(self._keys)

    def _call(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        self._check()
        given = args[0] if args else kwargs.get("inputs")
        if (found := self._replacements.get(id(step))) is not None:
            return found(operation, given)
        if (quicker := weightless(operation, given)) is not None:
            return quicker(_cast(given, self._dtype))
        if self._dtype == "float32":
            return operation(*args, **kwargs)
        return _cast(_as_it_is(operation, args, kwargs), self._dtype)


def _as_it_is(operation: Any, args: Any, kwargs: Any) -> Any:
    if not isinstance(operation, keras.Operation):  # a ReLU that the evaluation replaced
        return operation(*args, **kwargs)
    kind = type(operation)
    if kind.__name__ in ANY_DTYPE and kind.__module__.startswith("keras.src."):
        # Not __call__, which casts to the layer's own dtype.
        return operation.call(*args, **kwargs)
    own = operation.compute_dtype if isinstance(operation, keras.Layer) else "float32"
    return operation(*_cast(args, own), **_cast(kwargs, own))


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
def _with_gradient_times(factor: float, x: tf.Tensor) -> Any:
    return tf.identity(x), lambda upstream: (None, upstream * factor)


def _cast(structure: Any, dtype: str) -> Any:
    def cast(value: Any) -> Any:
        return tf.cast(value, dtype) if tf.is_tensor(value) and value.dtype.is_floating else value

    return keras.tree.map_structure(cast, structure)
