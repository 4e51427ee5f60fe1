"""How the twin computes each step on the way to a layer, decided before anything is traced."""

import functools
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step
from filterviz_widget.twin import fold
from filterviz_widget.twin.activation import quick
from filterviz_widget.twin.convolution import Case, Form, convolve, prepared
from filterviz_widget.twin.measured import Forms
from filterviz_widget.twin.normalization import layer_normalization
from filterviz_widget.twin.sizes import Size
from filterviz_widget.twin.weights import Source

Run = Callable[[Any, tf.Tensor, Sequence[tf.Tensor]], tf.Tensor]
"""Computes a step's output from the layer (perhaps with another activation than the model's), its input and its
prepared weights."""

NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


class Planned(NamedTuple):
    """A step on the way.

    Attributes:
        step: The step.
        normalization: The BatchNormalization whose work it takes over; None where there is none.
        folded: Whether the step is itself a BatchNormalization that the convolution before it took over.
        is_understood: Whether its layer is one of Keras' own, used in the usual way.
    """

    step: Step
    normalization: Any | None = None
    folded: bool = False
    is_understood: bool = False


class Replacement(NamedTuple):
    """A step that the twin computes in its own way.

    Attributes:
        run: How.
        source: Its prepared weights; None where it needs none.
    """

    run: Run
    source: Source | None = None


def planned(graph: Graph, path: tuple[str, ...]) -> Iterator[Planned]:
    """Yields the steps on the way to `path`, those of nested models too.

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
        else:
            after = normalized.get(id(step))
            yield Planned(step, after and after.operation, id(step) in folded, _is_understood(step))


def replacement(plan: Planned, dtype: str, size: Size, forms: Forms) -> Replacement | None:
    """Returns how a planned step is computed; None to leave it as it is.

    Args:
        plan: The step.
        dtype: In which it is computed.
        size: Of what it is given.
        forms: Says which form a convolution takes.
    """
    layer, normalization = plan.step.operation, plan.normalization
    # A layer that is used twice may be followed by a normalization in one place only.
    key = (id(layer), id(normalization), dtype)
    if plan.folded:
        return Replacement(lambda _, x, __: x)
    if isinstance(layer, keras.layers.BatchNormalization):

        def scale(_: Any, x: tf.Tensor, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
            return tf.cast(x, dtype) * tensors[0] + tensors[1]

        return Replacement(scale, _source(key, dtype, layer.variables, lambda: fold.affine(layer)))
    if isinstance(layer, keras.layers.LayerNormalization):
        epsilon = layer.epsilon

        def normalize(_: Any, x: tf.Tensor, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
            # In float32 whatever the precision, as in Keras.
            gamma, beta = tensors
            return tf.cast(layer_normalization(tf.cast(x, "float32"), gamma, beta, epsilon), dtype)

        parameters = _source(key, "float32", layer.variables, lambda: (fold.read(layer.gamma), fold.read(layer.beta)))
        return Replacement(normalize, parameters)
    is_depthwise = isinstance(layer, keras.layers.Conv2D) and _has_one_input_per_group(layer)
    case, form = _form(layer, dtype, size, forms)
    is_spread = isinstance(layer, keras.layers.Dense) and len(plan.step.node.input_tensors[0].shape) > 2
    if dtype == "float32" and normalization is None and case is None and not (is_depthwise or is_spread):
        return None  # the layer itself does just that

    def compute() -> tuple[tf.Tensor, ...]:
        kernel, *bias = fold.folded(layer, normalization)
        if is_depthwise:
            kernel = fold.depthwise(kernel, layer.groups)
        first = [fold.read(layer.depthwise_kernel)] if isinstance(layer, keras.layers.SeparableConv2D) else []
        kernels = (kernel,) if case is None or form is None else prepared(kernel, case, form)
        return *first, *kernels, *bias

    variables = [*layer.variables, *(normalization.variables if normalization else ())]
    has_bias = layer.use_bias or normalization is not None
    apply = _apply(layer, is_depthwise, case, form)

    def run(operation: Any, x: tf.Tensor, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        x = apply(tf.cast(x, dtype), *(tensors[:-1] if has_bias else tensors))
        if has_bias:
            x = tf.nn.bias_add(x, tensors[-1])
        return x if operation.activation is None else quick(operation.activation)(x)

    return Replacement(run, _source((*key, form), dtype, variables, compute))


def as_it_is(plan: Planned, *, is_replaced: bool) -> Source | None:
    """The variables that a step reads by itself: all of one that is left as it is, otherwise its activation's."""
    operation = plan.step.operation
    reader = getattr(operation, "activation", None) if is_replaced else operation
    variables = list(reader.variables) if isinstance(reader, keras.Layer) else []
    arguments = keras.tree.flatten((plan.step.node.arguments.args, plan.step.node.arguments.kwargs))
    variables += [one for one in arguments if isinstance(one, keras.Variable)]
    variables = list({id(one): one for one in variables}.values())
    if not variables:
        return None
    return Source(("as it is", *map(id, variables)), tuple(variables), tuple)


def on_the_way(graph: Graph, path: tuple[str, ...]) -> tuple[Any, ...]:
    """All variables that the output of the step at `path` depends on, each once."""
    found: dict[int, Any] = {}
    for plan in planned(graph, path):
        source = as_it_is(plan, is_replaced=False)
        found.update((id(variable), variable) for variable in (source.variables if source else ()))
    return tuple(found.values())


def _source(key: Hashable, dtype: str, variables: Any, make: Callable[[], tuple[tf.Tensor, ...]]) -> Source:
    def compute(values: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
        # The layer's own properties know what its weights are made of, low-rank updates included.
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return tuple(tf.cast(one, dtype) for one in make())

    return Source(key, tuple(variables), compute)


def _is_understood(step: Step) -> bool:
    layer = step.operation
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
    return isinstance(step.operation, keras.layers.BatchNormalization) and _is_understood(step)


def _is_linear(step: Step) -> bool:
    layer = step.operation
    return (
        isinstance(layer, CONVOLUTIONS)
        and step.inner is None
        and _is_understood(step)
        and layer.activation in (None, keras.activations.linear)
    )


def _has_one_input_per_group(layer: Any) -> bool:
    """Keras sends grouped convolutions through XLA, which is slow on CPUs (ConvNeXtTiny: 1,080 against 151 ms)."""
    return bool(layer.groups > 1 and layer.kernel.shape[2] == 1 and len(set(layer.strides)) == 1)


def _form(layer: Any, dtype: str, size: Size, forms: Forms) -> tuple[Case | None, Form | None]:
    """What convolution over all channels it is, and how it is computed; None for any other layer."""
    if type(layer) is not keras.layers.Conv2D or layer.groups > 1:
        return None, None
    case = Case(size, tuple(layer.kernel.shape), layer.strides, layer.padding, layer.dilation_rate, dtype)
    return case, forms(case).form


def _apply(layer: Any, is_depthwise: bool, case: Case | None, form: Form | None) -> Callable[..., tf.Tensor]:
    """What the layer does with its input and its kernels."""
    if isinstance(layer, keras.layers.Dense):
        return _multiplied
    if case is not None and form is not None:
        return lambda x, *tensors: convolve(x, tensors, case, form)
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
