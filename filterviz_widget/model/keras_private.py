"""All that this package takes from Keras' private parts. `tests/model/test_keras_private.py` says when they change."""

import contextlib
import inspect
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.backend.common.variables import AutocastScope
from keras.src.ops.symbolic_arguments import SymbolicArguments

NAME_COUNTERS = "object_name_uids"
UNMADE = "uninitialized_variables"


def is_of_keras(kind: type) -> bool:
    """Whether a class is Keras' own."""
    return kind.__module__.startswith("keras.src.")


def flat_layers(layer: Any) -> list[Any]:
    """All layers in a layer or model, at any depth, outer ones before those within."""
    return layer._flatten_layers(include_self=False)


def direct_layers(layer: Any) -> list[Any]:
    """The layers that a layer or model holds itself: its attributes, also in lists and dictionaries."""
    return layer._flatten_layers(include_self=False, recursive=False)


def own_variables(layer: Any) -> list[Any]:
    """The weights that a layer holds itself, without those of the layers in it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def is_trained(layer: Any) -> bool:
    """Whether a layer, or one in it, has weights that training was meant to change, frozen or not."""
    return any(one._trainable_variables for one in (layer, *flat_layers(layer)))


def functional(layer: Any) -> Any | None:
    """What Keras keeps as a graph: a Functional model, or that in a Sequential one; None for anything else.

    A subclass of either with a `call` of its own does something else than the graph.
    """
    call = getattr(type(layer), "call", None)
    if not f"{getattr(call, '__module__', None)}".startswith("keras."):
        return None
    if isinstance(layer, keras.Sequential):
        return layer._functional
    return layer if isinstance(layer, keras.Function) else None


def nodes_in_order(model: Any) -> list[Any]:
    """The uses of layers in what `functional` returned, in an order that can be run, without its inputs."""
    position = {id(operation): index for index, operation in enumerate(model.operations)}
    return [
        node
        for depth in sorted(model._nodes_by_depth, reverse=True)
        # The order of `model.layers` and of the summary, which users know.
        for node in sorted(model._nodes_by_depth[depth], key=lambda node: position[id(node.operation)])
        if not node.is_input
    ]


def arranging(model: Any) -> Callable[[Any], list[Any]]:
    """What brings the arguments of a Functional model's call into the order and dtypes of its inputs."""
    return model._standardize_inputs


def origin(tensor: Any) -> Any | None:
    """The operation that made a symbolic tensor; None for an input that none made."""
    history = getattr(tensor, "_keras_history", None)
    return history.operation if history else None


def maker(tensor: Any) -> Any | None:
    """The node, one use of an operation, that made a symbolic tensor; None for an input that none made."""
    operation = origin(tensor)
    return operation._inbound_nodes[tensor._keras_history.node_index] if operation else None


def symbolic_arguments(args: Any, kwargs: Any) -> Any:
    """What Keras keeps of the arguments of a call: it fills in numbers for symbolic tensors."""
    return SymbolicArguments(*args, **kwargs)


def forget_nodes(inputs: Iterable[Any], operations: Iterable[Any]) -> None:
    """Takes off the operations all nodes that were made from these symbolic inputs.

    Keras notes each symbolic call on the layer that is called and on those that made its arguments. A node keeps its
    place if another thread has since made a node behind it, whose tensors know it by its place.
    """
    operations = list({id(operation): operation for operation in operations}.values())
    consumers: defaultdict[int, list[Any]] = defaultdict(list)
    for operation in operations:
        for node in operation._inbound_nodes:
            for tensor in node.input_tensors:
                consumers[id(tensor)].append(node)
    tensors, ours = list(inputs), dict[int, Any]()
    while tensors:
        for node in consumers.pop(id(tensors.pop()), ()):
            ours[id(node)] = node
            tensors.extend(node.outputs)
    for operation in operations:
        for nodes, keeps_places in ((operation._inbound_nodes, True), (operation._outbound_nodes, False)):
            for index in reversed(range(len(nodes))):
                if id(nodes[index]) in ours:
                    del nodes[index]
                elif keeps_places:
                    break


@contextlib.contextmanager
def names_kept() -> Iterator[None]:
    """Keras numbers automatic names by counters of the thread, and a user's next layer must not be named otherwise."""
    before = global_state.get_global_attribute(NAME_COUNTERS)
    try:
        global_state.set_global_attribute(NAME_COUNTERS, None if before is None else before.copy())
        yield
    finally:
        global_state.set_global_attribute(NAME_COUNTERS, before)


@contextlib.contextmanager
def weights_unmade(made: list[Any]) -> Iterator[None]:
    """Layers that are made meanwhile get no weights: the variables that they would be are added to the list."""
    before = global_state.get_global_attribute(UNMADE)
    try:
        global_state.set_global_attribute(UNMADE, made)
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(UNMADE, before)


def called_shapes(layer: Any) -> dict[str, Any]:
    """The shapes that a layer was built with, batch axes included, by the names of `build`'s arguments."""
    return {name: shape for name, shape in (layer._build_shapes_dict or {}).items() if shape is not None}


def autocasting(layer: Any) -> Any:
    """In it a layer's variables are read in the dtype that it computes in, as in its `__call__`."""
    return AutocastScope(layer.compute_dtype if layer.autocast else None)


def has_own_build(layer: Any) -> bool:
    """Whether building the layer may give it weights."""
    return not getattr(layer.build, "_is_default", False)


class NotBuiltError(ValueError):
    """A layer that is not built was reached where nothing may be built."""


class _Guard:
    """Stands in for `build` of a layer that is not built; other threads than those that are guarded may build it."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.builds, self.may_have_weights = layer, layer.build, has_own_build(layer)
        self.threads: list[int] = []
        self.is_only_marked = False
        self.__signature__ = inspect.signature(self.builds)  # Keras passes the shapes that it asks for

    @property
    def _is_default(self) -> bool:
        return not (self.may_have_weights or threading.get_ident() in self.threads)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() not in self.threads:
            self.is_only_marked = False
            return self.builds(*args, **kwargs)
        if self.may_have_weights:
            for reached in _reached.lists:
                reached.append(self.layer)
            raise NotBuiltError(f"The layer {self.layer.name!r} is not built.")
        self.is_only_marked = True  # Keras will say that it is built
        return None


class _Reached(threading.local):
    def __init__(self) -> None:
        self.lists: list[list[Any]] = []


_reached = _Reached()
_guards: dict[int, _Guard] = {}
_guards_lock = threading.Lock()


@contextlib.contextmanager
def nothing_built(layers: Iterable[Any]) -> Iterator[list[Any]]:
    """Keeps this thread from building any of the layers that are not built yet, and from marking it as built.

    Yields:
        A list, to which those are added that would have got weights; calling them raised `NotBuiltError`.
    """
    reached: list[Any] = []
    unbuilt = [layer for layer in layers if not layer.built]
    if not unbuilt:
        yield reached
        return
    thread = threading.get_ident()
    guarded: list[_Guard] = []
    _reached.lists.append(reached)
    try:
        with _guards_lock:
            for layer in unbuilt:
                guard = _guards.setdefault(id(layer), _Guard(layer))
                guarded.append(guard)
                guard.threads.append(thread)
                vars(layer)["build"] = guard
        yield reached
    finally:
        _reached.lists.pop()
        with _guards_lock:
            for guard in guarded:
                guard.threads.remove(thread)
                if not guard.threads:
                    del _guards[id(guard.layer)]
                    vars(guard.layer)["build"] = guard.builds
                    if guard.is_only_marked:
                        guard.layer.built = False


class LiveVariable(keras.Variable):  # type: ignore[misc]  # Keras has no types
    """A `tf.Variable` that somebody else made, as Keras sees variables: the same numbers, now and later."""

    def __init__(self, variable: Any) -> None:
        self._of = variable
        name = variable.name.partition(":")[0].rpartition("/")[2] or "variable"
        shape, trainable = tuple(variable.shape), bool(variable.trainable)
        super().__init__(lambda *_, **__: None, shape, variable.dtype.name, trainable, name=name)

    def _initialize_with_initializer(self, initializer: Any) -> None:
        self._value = self._of


def kernel_variable(layer: Any) -> Any:
    """The variable that holds a built layer's kernel, or the codes of a quantized one; None where there is none."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None or isinstance(kernel, keras.Variable):
        return kernel
    # With LoRA, or from packed codes, it is computed.
    return getattr(layer, "_kernel" if hasattr(layer, "_kernel") else "quantized_kernel", kernel)


def kernel_shape(layer: Any) -> tuple[int, ...]:
    """The shape of `effective_kernel`, without computing it; empty where there is none."""
    for name in ("original_kernel_shape", "kernel_shape"):  # the codes of a quantized layer may be packed
        if _mode(layer) and hasattr(layer, name):
            return tuple(getattr(layer, name))
    variable = kernel_variable(layer)
    if _mode(layer) == "int4":
        return (layer._orig_input_dim, layer._orig_output_dim)
    return getattr(layer, "computed_shape", ()) if variable is None else tuple(variable.shape)


def effective_kernel(layer: Any) -> Any:
    """The kernel that a built layer computes with, LoRA included, in units of weights where it is quantized."""
    if (mode := _mode(layer)) is None:
        return layer.kernel
    kernel = _dequantized(layer, mode)
    if layer.lora_enabled:
        update = keras.ops.matmul(layer.lora_kernel_a, layer.lora_kernel_b)
        kernel += keras.ops.cast(layer.lora_alpha / layer.lora_rank * update, kernel.dtype)
    return kernel


def _mode(layer: Any) -> str | None:
    """How a Dense or EinsumDense is quantized; the other layers with a kernel cannot be."""
    return getattr(layer, "quantization_mode", None) if hasattr(layer, "kernel_scale") else None


def _dequantized(layer: Any, mode: str) -> Any:
    """What Keras' `_int8_call`, `_int4_call`, `_float8_call`, `_gptq_call` and `_awq_call` multiply with."""
    shape = kernel_shape(layer)
    if mode == "float8":
        kernel = keras.ops.convert_to_tensor(layer._kernel)
        return keras.quantizers.quantize_and_dequantize(kernel, layer.kernel_scale, "float8_e4m3fn", kernel.dtype)
    if mode in ("gptq", "awq"):
        if not getattr(layer, f"is_{mode}_calibrated"):
            return layer._kernel
        rows, columns = layer.g_idx.shape[0], math.prod(shape) // layer.g_idx.shape[0]
        codes = layer.quantized_kernel
        if codes.shape[0] != columns:  # packed, two in a byte
            codes = keras.quantizers.unpack_int4(codes, columns, axis=0, dtype="uint8")
        kernel = keras.ops.transpose(_by_groups(codes, layer, axis=1))
        if mode == "awq":
            kernel /= keras.ops.reshape(layer.awq_scales, (rows, 1))
        return keras.ops.reshape(kernel, shape)
    if mode == "int4":
        rows = layer._kernel.shape[0]
        codes = keras.quantizers.unpack_int4(layer._kernel, math.prod(shape) // rows, axis=-1)
        if hasattr(layer, "g_idx"):
            return keras.ops.reshape(_by_groups(codes, layer, axis=0), shape)
        return keras.ops.reshape(keras.ops.cast(codes, "float32") / layer.kernel_scale, shape)
    scale = layer.kernel_scale
    if isinstance(layer, keras.layers.EinsumDense):
        scale = layer._adjust_scale_for_dequant(scale)
    return keras.ops.cast(layer._kernel, "float32") / keras.ops.cast(scale, "float32")


def _by_groups(codes: Any, layer: Any, axis: int) -> Any:
    groups = keras.ops.cast(layer.g_idx, "int32")
    scale, zero = (keras.ops.take(one, groups, axis=axis) for one in (layer.kernel_scale, layer.kernel_zero))
    return (keras.ops.cast(codes, "float32") - keras.ops.cast(zero, "float32")) * keras.ops.cast(scale, "float32")
