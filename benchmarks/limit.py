"""The limit of an ascent: the convolutions and dense layers of a cut, each timed alone, forward and backward."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model import read_model
from filterviz_widget.twin.convolution import has_layout, laid_out
from filterviz_widget.twin.plan import NORMALIZATIONS, planned
from filterviz_widget.twin.precision import has_matrix_unit

REPEATS = 3
CALLS = 20

Shape = tuple[int, ...]


def limit(model: Any, layer: str) -> float:
    """Milliseconds per iteration that the multiplications of a cut take at least, batch 1.

    Each distinct layer is run alone again and again, so that its weights stay in the caches, in the quickest of the
    precisions and of the ways to compute it and its gradient; weights lie as each of these wants them. Of many small
    layers it says a little too much: TensorFlow's own time for each call is in it.
    """
    view = read_model(model, input_range=(0, 1))
    counts: Counter[tuple[Any, ...]] = Counter()
    for plan in planned(view.graph, tuple(layer.split("/"))):
        operation, node = plan.step.node.operation, plan.step.node
        if isinstance(operation, NORMALIZATIONS):
            continue
        given, made = (_known(tensor.shape) for tensor in (node.input_tensors[0], node.outputs[0]))
        counts[_kind(operation), given, made] += 1
    return sum(count * _quickest(*what) for what, count in counts.items())


def _kind(layer: Any) -> tuple[Any, ...]:
    if isinstance(layer, keras.layers.Dense):
        return "dense", tuple(layer.kernel.shape), (1, 1), "VALID"
    shape, groups = tuple(layer.kernel.shape), getattr(layer, "groups", 1)
    if groups > 1 and shape[2] == 1:
        shape = (*shape[:2], groups, shape[3] // groups)
    is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) or groups > 1
    return "depthwise" if is_depthwise else "dense", shape, layer.strides, layer.padding.upper()


def _quickest(kind: tuple[Any, ...], given: Shape, made: Shape) -> float:
    """Milliseconds, forward and backward."""
    what, shape, strides, padding = kind
    rng = np.random.default_rng(0)
    times: list[float] = []
    for dtype in ("float32", "bfloat16") if has_matrix_unit() else ("float32",):
        kernel, x, y = (
            tf.Variable(tf.cast(rng.normal(size=size), dtype), trainable=False)
            for size in (shape, (1, *given), (1, *made))
        )
        forward: list[Callable[[Any], Any]] = []
        backward: list[Callable[[Any], Any]] = []
        if len(shape) == 2:
            forward.append(lambda x: tf.matmul(tf.reshape(x, (-1, shape[0])), kernel))  # noqa: B023  # run at once
            backward.append(lambda y: tf.matmul(tf.reshape(y, (-1, shape[1])), kernel, transpose_b=True))  # noqa: B023
        elif what == "depthwise":
            steps = (1, *strides, 1)
            forward.append(lambda x: tf.nn.depthwise_conv2d(x, kernel, steps, padding))  # noqa: B023
            backward.append(
                lambda y: tf.nn.depthwise_conv2d_backprop_input((1, *given), kernel, y, steps, padding)  # noqa: B023
            )
        else:
            forward.append(lambda x: tf.nn.conv2d(x, kernel, strides, padding))  # noqa: B023
            backward.append(lambda y: tf.nn.conv2d_transpose(y, kernel, (1, *given), strides, padding))  # noqa: B023
            is_plain = strides == (1, 1)
            if is_plain or has_layout(shape, strides, padding.lower(), (1, 1)):
                layout = tf.Variable(laid_out(kernel, strides), trainable=False)
                around = [(0, 0), *((taps - 1, taps - 1) for taps in layout.shape[:2]), (0, 0)]
                same = "SAME" if padding == "SAME" and is_plain else around
                backward.append(lambda y: tf.nn.conv2d(y, layout, 1, same))  # noqa: B023
            if is_plain and padding == "SAME":
                forward.append(lambda x: tf.nn.conv2d_transpose(x, layout, (1, *made), 1, "SAME"))  # noqa: B023
        times.append(min(_alone(each, x) for each in forward) + min(_alone(each, y) for each in backward))
    return min(times)


def _alone(function: Callable[[Any], Any], value: tf.Variable) -> float:
    """Milliseconds of a call, without the loop around it."""
    return max(0.0, _milliseconds(function, value) - _milliseconds(tf.identity, value))


def _milliseconds(function: Callable[[Any], Any], value: tf.Variable) -> float:
    @tf.function(autograph=False)
    def run(count: tf.Tensor) -> tf.Tensor:
        def body(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Each call depends on the one before, so that none is left out or moved out of the loop.
            result = function(value + total * 0)
            return index + 1, total + tf.reshape(result, (-1,))[0]

        start = (0, tf.zeros((), value.dtype))
        return tf.while_loop(lambda index, _: index < count, body, start, parallel_iterations=1)[1]

    run(tf.constant(2))
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run(tf.constant(CALLS))
        times.append((time.perf_counter() - began) / CALLS)
    return 1000 * min(times)


def _known(shape: Any) -> Shape:
    return tuple(int(size) for size in shape[1:])
