"""ReLUs whose closed positions let through the gradients that would open them."""

import math
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.gradient import with_gradient


def relu_ceiling(operation: Any) -> float | None:
    """The highest value of a ReLU (infinite for a plain one); None where the operation is not a ReLU.

    Args:
        operation: An activation function, a layer, an operation of a graph, or None.
    """
    if operation in (keras.activations.relu, keras.ops.relu, tf.nn.relu):
        return math.inf
    if operation in (keras.activations.relu6, keras.ops.relu6, tf.nn.relu6):
        return 6.0
    kind = type(operation).__name__
    if not type(operation).__module__.startswith("keras.") or kind not in ("ReLU", "Relu", "Relu6"):
        return relu_ceiling(operation.activation) if isinstance(operation, keras.layers.Activation) else None
    if getattr(operation, "negative_slope", 0) or getattr(operation, "threshold", 0):
        return None  # leaks, or opens elsewhere
    ceiling = 6.0 if kind == "Relu6" else getattr(operation, "max_value", None)
    return math.inf if ceiling is None else float(ceiling)


def redirected_relu(x: tf.Tensor, ceiling: float = math.inf) -> tf.Tensor:
    """ReLU whose gradient does not vanish for an image that closes all of it.

    Where the ordinary gradient of an image is zero everywhere, the gradient passes at closed positions too,
    unless it pushes them further into the closed side. After Lucid's `redirected_relu_grad` (Olah et al. 2017,
    "Feature visualization"), with the sign of an ascent.

    Args:
        x: Float tensor `(batch, ...)`.
        ceiling: The highest value, 6 for ReLU6.

    Returns:
        `min(max(x, 0), ceiling)`; the gradient is there for `tf.gradients` in a graph (`with_gradient`).
    """

    highest = tf.cast(ceiling, x.dtype)
    return with_gradient(tf.clip_by_value(x, tf.cast(0, x.dtype), highest), [x], _redirected_gradient, ceiling)


def _redirected_gradient(upstream: tf.Tensor, result: tf.Tensor, x: tf.Tensor, ceiling: float) -> Any:
    below, above = x <= 0, x >= tf.cast(ceiling, x.dtype)
    ordinary = tf.where(below | above, tf.zeros_like(upstream), upstream)
    away = (below & (upstream < 0)) | (above & (upstream > 0))
    redirected = tf.where(away, tf.zeros_like(upstream), upstream)
    arrives = tf.reduce_any(ordinary != 0, axis=list(range(1, x.shape.rank)), keepdims=True)
    return (tf.where(arrives, ordinary, redirected),)
