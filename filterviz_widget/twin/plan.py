"""Which steps of a graph the twin computes in its own way, decided before anything is traced."""

import functools
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step
from filterviz_widget.twin import fold
from filterviz_widget.twin.activation import quick
from filterviz_widget.twin.convolution import convolve, has_layout, has_many_weights, laid_out
from filterviz_widget.twin.normalization import layer_normalization
from filterviz_widget.twin.weights import Weights

Replacement = Callable[[Any, tf.Tensor], tf.Tensor]
"""Computes a step's output from the layer (perhaps with another activation than the model's) and its input."""

NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


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


def replacement(plan: Planned, dtype: str, weights: Weights) -> tuple[Replacement, Hashable] | None:
    """Returns how a planned step is computed, and the key of its prepared weights; None to leave it as it is.

    Args:
        plan: The step.
        dtype: In which it is computed.
        weights: Where prepared weights are held.
    """
    layer, normalization = plan.step.node.operation, plan.normalization
    # A layer that is used twice may be followed by a normalization in one place only.
    key = (id(layer), id(normalization), dtype)
    if plan.folded:
        return lambda _, x: x, None
    if isinstance(layer, keras.layers.BatchNormalization):
        scale, offset = weights.hold(key, dtype, layer.weights, lambda: fold.affine(layer))
        return lambda _, x: tf.cast(x, dtype) * scale + offset, key
    if isinstance(layer, keras.layers.LayerNormalization):
        # In float32 whatever the precision, as in Keras.
        parameters = weights.hold(
            key, "float32", layer.weights, lambda: (fold.read(layer.gamma), fold.read(layer.beta))
        )

        def normalize(_: Any, x: tf.Tensor) -> tf.Tensor:
            gamma, beta = map(tf.convert_to_tensor, parameters)
            return tf.cast(layer_normalization(tf.cast(x, "float32"), gamma, beta, layer.epsilon), dtype)

        return normalize, key
    is_depthwise = isinstance(layer, keras.layers.Conv2D) and _has_one_input_per_group(layer)
    has_layout = _has_layout(layer, dtype)
    is_spread = isinstance(layer, keras.layers.Dense) and len(plan.step.node.input_tensors[0].shape) > 2
    if dtype == "float32" and normalization is None and not (is_depthwise or has_layout or is_spread):
        return None  # the layer itself does just that

    def compute() -> tuple[tf.Tensor, ...]:
        kernel, *bias = fold.folded(layer, normalization)
        if is_depthwise:
            kernel = fold.depthwise(kernel, layer.groups)
        first = [fold.read(layer.depthwise_kernel)] if isinstance(layer, keras.layers.SeparableConv2D) else []
        layout = [laid_out(kernel, layer.strides)] if has_layout else []
        return *first, kernel, *layout, *bias

    sources = [*layer.weights, *(normalization.weights if normalization else ())]
    held = weights.hold(key, dtype, sources, compute)
    has_bias = layer.use_bias or normalization is not None
    kernels, biases = (held[:-1], held[-1:]) if has_bias else (held, ())
    apply = _apply(layer, is_depthwise, has_layout)

    def run(operation: Any, x: tf.Tensor) -> tf.Tensor:
        x = apply(tf.cast(x, dtype), *map(tf.convert_to_tensor, kernels))
        for bias in biases:
            x = tf.nn.bias_add(x, bias)
        return x if operation.activation is None else quick(operation.activation)(x)

    return run, key


def _is_understood(step: Step) -> bool:
    layer = step.node.operation
    # A subclass may compute anything. A layer in another dtype keeps it: that is the user's own choice.
    if type(layer) not in (*CONVOLUTIONS, keras.layers.Dense, *NORMALIZATIONS):
        return False
    if "call" in vars(layer) or layer.compute_dtype != "float32" or layer.variable_dtype != "float32":
        return False
    if getattr(layer, "quantization_mode", None) or getattr(layer, "data_format", None) == "channels_first":
        return False
    if len(step.node.input_tensors) != 1:
        return False
    axes = (-1, len(step.node.input_tensors[0].shape) - 1)
    if isinstance(layer, keras.layers.LayerNormalization):
        is_plain = layer.scale and layer.center and not getattr(layer, "rms_scaling", False)
        return is_plain and layer.axis in ([axes[0]], [axes[1]])
    return not isinstance(layer, keras.layers.BatchNormalization) or layer.axis in axes


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


def _has_layout(layer: Any, dtype: str) -> bool:
    """Whether `convolve` computes it."""
    if type(layer) is not keras.layers.Conv2D or layer.groups > 1:
        return False
    shape = tuple(layer.kernel.shape)
    if dtype != "float32" and layer.strides == (1, 1) and has_many_weights(shape):
        return False  # what it is good for was measured in float32
    return has_layout(shape, layer.strides, layer.padding, layer.dilation_rate)


def _apply(layer: Any, is_depthwise: bool, has_layout: bool) -> Callable[..., tf.Tensor]:
    """What the layer does with its input and its kernels."""
    if isinstance(layer, keras.layers.Dense):
        return _multiplied
    if has_layout:
        return functools.partial(convolve, strides=layer.strides, padding=layer.padding, dilation=layer.dilation_rate)
    how = {
        "strides": layer.strides,
        "padding": layer.padding,
        "data_format": layer.data_format,
        "dilation_rate": layer.dilation_rate,
    }
    if isinstance(layer, keras.layers.Conv2DTranspose):
        how |= {"strides": list(layer.strides), "output_padding": layer.output_padding}
        return functools.partial(keras.ops.conv_transpose, **how)
    if isinstance(layer, keras.layers.SeparableConv2D):
        return functools.partial(keras.ops.separable_conv, **how)
    if is_depthwise or isinstance(layer, keras.layers.DepthwiseConv2D):
        return functools.partial(keras.ops.depthwise_conv, **how)
    return functools.partial(keras.ops.conv, **how)


def _multiplied(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """A dense layer. Over more than one position Keras' own takes some twenty operations more."""
    if None in x.shape[1:-1]:
        return keras.ops.matmul(x, kernel)
    inputs, outputs = kernel.shape
    return tf.reshape(tf.matmul(tf.reshape(x, (-1, inputs)), kernel), (-1, *x.shape[1:-1], outputs))
