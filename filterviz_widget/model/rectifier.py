"""Rectifiers, activation functions that are flat on a side; and gradients that open what is closed there."""

import contextlib
import math
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.gradient import gradient_of, with_gradient
from filterviz_widget.model.keras_private import is_of_keras

Function = Callable[..., Any]


class Flat(NamedTuple):
    """Where an activation function is flat: at `low` and below it, at `high` and above it; infinite for nowhere.

    `kind` is TensorFlow's name of the operation that it is: "Relu", "Relu6", or "" for any other function.
    """

    low: float
    high: float = math.inf
    kind: str = ""


REACH = 8.0
"""Beyond it every function with a limit is flat to the last bit: tanh is from 9 on, and nobody calls it closed."""

PLACES = 513
"""At which a function is tried, and once more between the two that a flat side ends between: to a ten-thousandth."""

RELU, RELU6 = Flat(0.0, kind="Relu"), Flat(0.0, 6.0, "Relu6")

PRELU = Flat(0.0)
"""Of slope 0, which it begins with; with any other it has a gradient, and nothing is redirected."""

OPENING = "filterviz_opening"
"""Under this name a graph holds which images are opened: the gradient of a ReLU knows nothing but its operation."""

KNOWN: dict[Any, Flat | None] = {
    **dict.fromkeys((keras.activations.relu, keras.ops.relu, tf.nn.relu), RELU),
    **dict.fromkeys((keras.activations.relu6, keras.ops.relu6, tf.nn.relu6), RELU6),
    **dict.fromkeys(
        (
            keras.activations.linear,
            keras.activations.silu,
            keras.activations.gelu,
            keras.activations.elu,
            keras.activations.selu,
            keras.activations.sigmoid,
            keras.activations.tanh,
            keras.activations.softmax,
            keras.activations.softplus,
        )
    ),
}

_found: "weakref.WeakKeyDictionary[Any, Flat | None]" = weakref.WeakKeyDictionary()


def flat(operation: Any) -> Flat | None:
    """Where an activation function, or a layer or operation that is nothing but one, is flat; None if nowhere.

    What is not known is found out numerically, from its gradient between -2 and 2 times `REACH`.

    Args:
        operation: A function of a tensor, or a layer; layers with variables are not tried.
    """
    if isinstance(operation, keras.layers.PReLU):
        return PRELU
    if isinstance(operation, keras.layers.Layer) and operation.variables:
        return None
    if isinstance(operation, keras.layers.Activation):
        return flat(operation.activation)
    if (known := _keras_relu(operation)) is not None:
        return known
    with contextlib.suppress(TypeError):  # it cannot be hashed
        if operation in KNOWN:
            return KNOWN[operation]
        if operation in _found:
            return _found[operation]
    result = _measured(operation)
    with contextlib.suppress(TypeError):
        _found[operation] = result
    return result


def _keras_relu(operation: Any) -> Flat | None:
    kind = type(operation)
    if not is_of_keras(kind) or kind.__name__ not in ("ReLU", "Relu", "Relu6"):
        return None
    if getattr(operation, "negative_slope", 0) or getattr(operation, "threshold", 0):
        return None  # leaks, or opens elsewhere
    ceiling = 6.0 if kind.__name__ == "Relu6" else getattr(operation, "max_value", None)
    return RELU if ceiling is None else RELU6 if ceiling == RELU6.high else None


def _measured(function: Function) -> Flat | None:
    # Not a layer's __call__, which leaves its traces in the layer.
    run = function.call if isinstance(function, keras.Operation) else function
    # As a concrete function: others are not run as graphs where somebody has set that.
    spec = tf.TensorSpec((PLACES, 1, 1, 1))
    slope = tf.function(lambda x: tf.gradients(run(x), x)[0], input_signature=[spec], autograph=False)

    def steep(low: float, high: float) -> list[float]:
        """The first place and the last that are not flat, of `PLACES` between two; nothing where all are."""
        x = np.linspace(low, high, PLACES, dtype=np.float32)
        with tf.init_scope():  # outside of what is being traced, and of any tape
            slopes = slope.get_concrete_function()(tf.constant(x[:, None, None, None]))
        if slopes is None or slopes.shape != (PLACES, 1, 1, 1):
            return []
        places = x[np.flatnonzero(slopes)]
        return [float(places[0]), float(places[-1])] if len(places) else []

    try:
        found = steep(-2 * REACH, 2 * REACH)
        if not found:  # flat everywhere, or no function of one number
            return None
        first, last, step = found[0], found[-1], 4 * REACH / (PLACES - 1)
        low = steep(first - step, first)[0] if first > -REACH else -math.inf
        high = steep(last, last + step)[-1] if last < REACH else math.inf
    except Exception:  # whatever it is, it is no function of one number
        return None
    return Flat(low, high) if math.isfinite(low) or math.isfinite(high) else None


def opened_relu(where: Flat, opening: tf.Tensor) -> Function:
    """ReLU, or ReLU6, with a gradient that opens it for the images that want it.

    Where `opening`, and no gradient of the image comes through as it is, gradients pass at closed places too, unless
    they push further in. After Lucid's `redirected_relu_grad` (Olah et al. 2017, "Feature Visualization"), with the
    sign of an ascent. For all other images the gradient is the ordinary one.

    Args:
        where: Of a `kind`.
        opening: bool `(batch,)`.

    Returns:
        The function; its gradient is there for `tf.gradients` in a graph (`with_gradient`).
    """

    function, gradient = {"Relu": (tf.nn.relu, _relu_gradient), "Relu6": (tf.nn.relu6, _relu6_gradient)}[where.kind]

    def run(x: tf.Tensor, *_: Any, **__: Any) -> tf.Tensor:
        if tf.executing_eagerly():
            return function(x)
        graph = tf.compat.v1.get_default_graph()
        if not graph.get_collection_ref(OPENING):
            graph.add_to_collection(OPENING, opening)
        with gradient_of(where.kind, gradient):
            return function(x)

    return run


def opened(y: tf.Tensor, x: tf.Tensor, where: Flat, opening: tf.Tensor) -> tf.Tensor:
    """The same for the output `y` of any rectifier of `x`; with more weight on the places that are nearest to opening.

    Of a map, `(batch, height, width, ...)`, a place counts `exp((x - max) / std)` times as much as the nearest one: to
    open a few is a shorter way than to raise them all.
    """
    return with_gradient(y, [y, x, opening], _flat_gradient, where.low, where.high)


def _relu_gradient(upstream: tf.Tensor, result: tf.Tensor, _: tf.Tensor) -> Any:
    ordinary = tf.raw_ops.ReluGrad(gradients=upstream, features=result)
    return (_redirected(ordinary, lambda: upstream, lambda: (result <= 0, None), _opening(result)),)


def _relu6_gradient(upstream: tf.Tensor, result: tf.Tensor, _: tf.Tensor) -> Any:
    ordinary = tf.raw_ops.Relu6Grad(gradients=upstream, features=result)
    closed = lambda: (result <= 0, result >= tf.cast(6, result.dtype))  # noqa: E731
    return (_redirected(ordinary, lambda: upstream, closed, _opening(result)),)


def _opening(tensor: tf.Tensor) -> tf.Tensor:
    return tensor.graph.get_collection(OPENING)[0]


def _flat_gradient(
    upstream: tf.Tensor, result: tf.Tensor, _: tf.Tensor, x: tf.Tensor, opening: tf.Tensor, low: float, high: float
) -> Any:
    # The function's own gradient takes its usual way, through the first input.
    below, above = x <= tf.cast(low, x.dtype), x >= tf.cast(high, x.dtype)
    ordinary = tf.where(below | above, tf.zeros_like(upstream), upstream)
    # A rectifier in another dtype than what it is given has both.
    toward = lambda: upstream * tf.cast(_nearness(x), upstream.dtype)  # noqa: E731
    extra = _redirected(ordinary, toward, lambda: (below, above), opening) - ordinary
    return upstream, tf.cast(extra, x.dtype), None


def _nearness(x: tf.Tensor) -> tf.Tensor:
    places = list(range(1, len(x.shape) - 1))
    if not places:  # units
        return tf.ones_like(x)
    wide = tf.cast(x, tf.float32)
    spread = tf.math.reduce_std(wide, places, keepdims=True)
    return tf.cast(tf.exp((wide - tf.reduce_max(wide, places, keepdims=True)) / (spread + 1e-30)), x.dtype)


def _redirected(
    ordinary: tf.Tensor,
    toward: Callable[[], tf.Tensor],
    closed: Callable[[], tuple[tf.Tensor, tf.Tensor | None]],
    opening: tf.Tensor,
) -> tf.Tensor:
    """The ordinary gradient; for images that are opened, and where none of it is left, what opens."""

    def redirect() -> tf.Tensor:
        push, (below, above) = toward(), closed()
        pushes_in = below & (push < 0)
        if above is not None:
            pushes_in |= above & (push > 0)
        rank = len(push.shape)
        arrives = tf.reduce_any(ordinary != 0, list(range(1, rank)), keepdims=True)
        # A layer may have put several maps of an image into the batch.
        count = tf.shape(push)[0]
        wanted = tf.gather(opening, tf.range(count) * tf.size(opening) // count)
        wanted = tf.reshape(wanted, (-1, *[1] * (rank - 1))) & ~arrives
        return tf.where(wanted & ~pushes_in, push, ordinary)

    # Nearly always nothing is to be opened, and this must cost nothing then.
    return tf.cond(tf.reduce_any(opening), redirect, lambda: ordinary)
