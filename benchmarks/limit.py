"""The limit of an ascent: the convolutions and dense layers of a cut, each timed alone, forward and backward."""

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model import read_model
from filterviz_widget.twin.convolution import Case, Form, backward, backwards, forward, forwards, prepared
from filterviz_widget.twin.plan import NORMALIZATIONS, planned
from filterviz_widget.twin.precision import has_matrix_unit

REPEATS = 3
CALLS = 20

Shape = tuple[int, ...]
Function = Callable[[Any], Any]


def limit(model: Any, layer: str) -> float:
    """Milliseconds per iteration that the multiplications of a cut take at least, batch 1.

    Each distinct layer is run alone again and again, so that its weights stay in the caches, in the quickest of the
    precisions and of the forms that it and its gradient can take; weights lie as each of these wants them. Of many
    small layers it says a little too much: TensorFlow's own time for each call is in it.
    """
    view = read_model(model, input_range=(0, 1))
    counts: Counter[tuple[Any, ...]] = Counter()
    for plan in planned(view.graph, tuple(layer.split("/"))):
        operation, node = plan.step.node.operation, plan.step.node
        if not plan.is_understood or isinstance(operation, NORMALIZATIONS):
            continue
        given, made = (_known(tensor.shape) for tensor in (node.input_tensors[0], node.outputs[0]))
        counts[_kind(operation), given, made] += 1
    return sum(count * _quickest(*what) for what, count in counts.items())


def _kind(layer: Any) -> tuple[Any, ...]:
    if isinstance(layer, keras.layers.Dense):
        return "units", tuple(layer.kernel.shape)
    shape, groups = tuple(layer.kernel.shape), getattr(layer, "groups", 1)
    if groups > 1 and shape[2] == 1:
        shape = (*shape[:2], groups, shape[3] // groups)
    is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) or groups > 1
    kind = "depthwise" if is_depthwise else "convolution"
    return kind, shape, layer.strides, layer.padding, layer.dilation_rate


def _quickest(kind: tuple[Any, ...], given: Shape, made: Shape) -> float:
    """Milliseconds, forward and backward."""
    times = []
    for dtype in ("float32", "bfloat16") if has_matrix_unit() else ("float32",):
        rng = np.random.default_rng(0)
        kernel, x, y = (
            tf.Variable(tf.cast(rng.normal(size=size), dtype), trainable=False)
            for size in (kind[1], (1, *given), (1, *made))
        )
        there, back = _forms(kind, kernel, x, given, dtype)
        times.append(min(_alone(each, x) for each in there) + min(_alone(each, y) for each in back))
    return min(times)


def _forms(
    kind: tuple[Any, ...], kernel: tf.Variable, x: tf.Variable, given: Shape, dtype: str
) -> tuple[list[Function], list[Function]]:
    """The ways to compute a layer, and its gradient."""
    if kind[0] == "units":
        inputs, outputs = kernel.shape
        return [lambda x: tf.matmul(tf.reshape(x, (-1, inputs)), kernel)], [
            lambda y: tf.matmul(tf.reshape(y, (-1, outputs)), kernel, transpose_b=True)
        ]
    _, shape, strides, padding, dilation = kind
    if kind[0] == "depthwise":
        steps = (1, *strides, 1)
        return [lambda x: tf.nn.depthwise_conv2d(x, kernel, steps, padding.upper())], [
            lambda y: tf.nn.depthwise_conv2d_backprop_input((1, *given), kernel, y, steps, padding.upper())
        ]
    case = Case((given[0], given[1]), shape, strides, padding, dilation, dtype)
    there, back = [], []
    for form in forwards(case):
        held = tuple(tf.Variable(each, trainable=False) for each in prepared(kernel, case, Form(form, "laid out")))
        there.append(functools.partial(forward, tensors=held, case=case, form=form))
    for form in backwards(case):
        held = tuple(tf.Variable(each, trainable=False) for each in prepared(kernel, case, Form("plain", form)))
        back.append(functools.partial(backward, x=x, tensors=held, case=case, form=form))
    return there, back


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
