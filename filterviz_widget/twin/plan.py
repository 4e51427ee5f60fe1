"""Which steps of a graph the twin computes in its own way, decided before anything is traced."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step
from filterviz_widget.twin import fold
from filterviz_widget.twin.weights import Compute, Weights

Replacement = Callable[[Any, tf.Tensor], tf.Tensor]
"""Computes a step's output from the layer (perhaps with another activation than the model's) and its input."""


class Planned(NamedTuple):
    """A step to replace.

    Attributes:
        step: The step.
        normalization: The BatchNormalization whose work it takes over; None where there is none.
        folded: Whether the step is itself a BatchNormalization that the convolution before it took over.
    """

    step: Step
    normalization: Any | None = None
    folded: bool = False


def planned(graph: Graph, path: tuple[str, ...]) -> Iterator[Planned]:
    """Yields the steps on the way to `path` whose layer is understood.

    A convolution takes over the BatchNormalization that follows it where its output goes nowhere else, and its own
    activation is linear.

    Args:
        graph: The model's graph.
        path: Names of steps, as in `evaluate`; empty for the outputs of the graph.
    """
    last = graph.step(path[0]) if path else None
    steps = graph.needed_for(last)
    uses = Counter(id(symbol) for step in steps for symbol in step.node.input_tensors)
    if last is None:
        uses.update(map(id, graph.outputs))
    makers: dict[int, Step] = {}
    normalized: dict[int, Any] = {}
    for step in steps:
        makers.update((id(symbol), step) for symbol in step.node.outputs)
        if _is_normalization(step):
            source = id(step.node.input_tensors[0])
            if source in makers and uses[source] == 1 and _is_linear(makers[source]):
                normalized[id(makers[source])] = step
    folded = set(map(id, normalized.values()))
    for step in steps:
        if step.inner is not None:
            yield from planned(step.inner, path[1:] if step is last else ())
        elif _is_understood(step):
            after = normalized.get(id(step))
            yield Planned(step, after and after.node.operation, id(step) in folded)


def replacement(plan: Planned, dtype: str, weights: Weights) -> tuple[Replacement, list[tuple[Hashable, str]]] | None:
    """Returns how a planned step is computed and the keys of its prepared weights; None to leave it as it is.

    Args:
        plan: The step.
        dtype: In which it is computed.
        weights: Where prepared weights are held.
    """
    layer, normalization = plan.step.node.operation, plan.normalization
    keys: list[tuple[Hashable, str]] = []

    def held(name: str, compute: Compute) -> tf.Variable:
        # A layer that is used twice may be followed by a normalization in one place only.
        key = (name, id(layer), id(normalization))
        keys.append((key, dtype))
        return weights.hold(key, dtype, compute)

    if plan.folded:
        return lambda _, x: x, keys
    if isinstance(layer, keras.layers.BatchNormalization):
        scale = held("scale", lambda: fold.affine(layer).scale)
        offset = held("offset", lambda: fold.affine(layer).offset)
        return lambda _, x: tf.cast(x, dtype) * scale + offset, keys
    if isinstance(layer, keras.layers.Dense):
        if dtype == "float32":
            return None
        apply = _matmul(held("kernel", lambda: fold.kernel(layer, None)))
    else:
        is_depthwise = isinstance(layer, keras.layers.Conv2D) and _has_one_input_per_group(layer)
        if dtype == "float32" and normalization is None and not is_depthwise:
            return None  # the layer itself does just that

        def own() -> tf.Tensor:
            return fold.kernel(layer, normalization)

        kernel = held("kernel", fold.depthwise(own, layer.groups) if is_depthwise else own)
        if isinstance(layer, keras.layers.SeparableConv2D):
            first = held("depthwise", lambda: fold.read(layer.depthwise_kernel))
            apply = _separable(layer, first, kernel)
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            apply = _transposed(layer, kernel)
        elif is_depthwise or isinstance(layer, keras.layers.DepthwiseConv2D):
            apply = _convolution(keras.ops.depthwise_conv, layer, kernel)
        else:
            apply = _convolution(keras.ops.conv, layer, kernel)
    bias = None
    if layer.use_bias or normalization is not None:
        bias = held("bias", lambda: fold.bias(layer, normalization))

    def run(operation: Any, x: tf.Tensor) -> tf.Tensor:
        x = apply(tf.cast(x, dtype))
        if bias is not None:
            x = tf.nn.bias_add(x, bias)
        return x if operation.activation is None else operation.activation(x)

    return run, keys


def _is_understood(step: Step) -> bool:
    layer = step.node.operation
    # A subclass may compute anything. A layer in another dtype keeps it: that is the user's own choice.
    if type(layer) not in (*CONVOLUTIONS, keras.layers.Dense, keras.layers.BatchNormalization):
        return False
    if "call" in vars(layer) or layer.compute_dtype != "float32" or layer.variable_dtype != "float32":
        return False
    if getattr(layer, "quantization_mode", None) or getattr(layer, "data_format", None) == "channels_first":
        return False
    if isinstance(layer, keras.layers.BatchNormalization):
        symbol = step.node.input_tensors[0]
        return len(step.node.input_tensors) == 1 and layer.axis in (-1, len(symbol.shape) - 1)
    return len(step.node.input_tensors) == 1


def _is_normalization(step: Step) -> bool:
    return isinstance(step.node.operation, keras.layers.BatchNormalization) and _is_understood(step)


def _is_linear(step: Step) -> bool:
    layer = step.node.operation
    return (
        isinstance(layer, CONVOLUTIONS)
        and step.inner is None
        and _is_understood(step)
        and layer.activation in (None, keras.activations.linear)
    )


def _has_one_input_per_group(layer: Any) -> bool:
    """Keras sends grouped convolutions through XLA, which is slow on CPUs (ConvNeXtTiny: 1,080 against 151 ms)."""
    return bool(layer.groups > 1 and layer.kernel.shape[2] == 1 and len(set(layer.strides)) == 1)


def _convolution(function: Any, layer: Any, kernel: tf.Variable) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: function(
        x,
        tf.convert_to_tensor(kernel),
        strides=layer.strides,
        padding=layer.padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )


def _separable(layer: Any, depthwise: tf.Variable, pointwise: tf.Variable) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: keras.ops.separable_conv(
        x,
        tf.convert_to_tensor(depthwise),
        tf.convert_to_tensor(pointwise),
        strides=layer.strides,
        padding=layer.padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )


def _transposed(layer: Any, kernel: tf.Variable) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: keras.ops.conv_transpose(
        x,
        tf.convert_to_tensor(kernel),
        strides=list(layer.strides),
        padding=layer.padding,
        output_padding=layer.output_padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )


def _matmul(kernel: tf.Variable) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: keras.ops.matmul(x, tf.convert_to_tensor(kernel))
