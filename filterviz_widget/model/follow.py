"""Follows the call of a subclassed model or block on symbolic tensors, and leaves no trace in it."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.attributes import attributes_kept
from filterviz_widget.model.keras_private import flat_layers, forget_nodes, maker, names_kept, nothing_built
from filterviz_widget.model.lock import READING


class Calls(NamedTuple):
    """What a call is made of: Keras' nodes (one use of one layer or operation each), in an order that can be run."""

    inputs: tuple[Any, ...]
    nodes: tuple[Any, ...]
    outputs: tuple[Any, ...]


class _OnBehalfOfNobody(keras.Layer):  # type: ignore[misc]  # Keras has no types
    """Keras clears the losses of the outermost layer that is called, and of all layers in it; so this one is called."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        # A name of its own: an automatic one would move Keras' counter.
        super().__init__(name="on_behalf_of_nobody", dtype="float32", autocast=False)
        self._function = function
        self.error: Exception | None = None

    def call(self, inputs: Any, training: bool = False) -> Any:
        try:
            return self._function(inputs)
        except Exception as error:  # Keras would wrap its message in one about this layer
            self.error = error
            return inputs


def in_inference(function: Callable[[Any], Any], tensor: Any, values: Sequence[tuple[Any, Any]] = ()) -> Any:
    """Calls `function(tensor)` so that the layers called within work as in inference and change nothing.

    Whatever a layer assigns (moving averages, seeds, losses) goes to a scope that is thrown away.

    Args:
        function: What calls the layers.
        tensor: Its argument.
        values: Keras variables, each with a tensor that stands in for its value.
    """
    nobody = _OnBehalfOfNobody(function)
    with names_kept(), keras.StatelessScope(state_mapping=list(values)):
        result = nobody(tensor, training=False)
    if nobody.error is not None:
        raise nobody.error
    return result


def computed(function: Callable[[Any], Any], given: Any, unbuilt: Sequence[Any]) -> Any:
    """Calls a function of tensors so that the layers within work as in inference, and none of `unbuilt` is built."""
    with nothing_built(unbuilt):
        return in_inference(function, given)


def follow(layer: Any, args: Any, kwargs: Any, all_outputs: bool = False) -> Calls:
    """Calls a layer's `call` on symbolic tensors and returns the calls that it makes.

    Args:
        layer: A built layer or model. What it holds and does not call need not be built.
        args: Positional arguments of `call`; symbolic tensors in any structure, and constants.
        kwargs: Keyword arguments, likewise.
        all_outputs: Whether outputs without numbers that nothing was computed for, such as an empty list of attention
            scores, are among the outputs.

    Raises:
        ValueError: If a layer that it calls is not built, since calling it would give it weights, or no output
            depends on the inputs.
        Exception: Whatever `call` raises on symbolic tensors.
    """
    if "training" in inspect.signature(layer.call).parameters:
        kwargs = {**kwargs, "training": False}
    inputs: list[Any] = []
    within, nodes = flat_layers(layer), tuple[Any, ...]()

    def placeholder(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        casts = layer.autocast and "float" in str(value.dtype)
        inputs.append(keras.KerasTensor(value.shape, layer.compute_dtype if casts else value.dtype, name=value.name))
        return inputs[-1]

    with READING, names_kept(), nothing_built(within) as unbuilt, attributes_kept([layer, *within]):
        try:
            args, kwargs = keras.tree.map_structure(placeholder, (args, kwargs))
            result = in_inference(lambda _: layer.call(*args, **kwargs), tf.zeros(()))
            flat = keras.tree.flatten(result)
            outputs = tuple(t for t in flat if isinstance(t, keras.KerasTensor))
            nodes = _in_order(inputs, outputs)
            if all_outputs:
                outputs = tuple(t for t in flat if isinstance(t, keras.KerasTensor) or _is_empty(t))
        except Exception:
            if not unbuilt:
                raise
        finally:
            forget_nodes(inputs, [*within, *(node.operation for node in nodes)])
    if unbuilt:
        raise ValueError(f"Its layer {unbuilt[0].name!r} is not built: call the model on a batch of images first.")
    if not nodes:
        raise ValueError("Its output is not made by Keras layers and operations from its input.")
    return Calls(tuple(inputs), nodes, outputs)


def _is_empty(value: Any) -> bool:
    return tf.is_tensor(value) and value.shape.num_elements() == 0


def _in_order(inputs: list[Any], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The nodes that lead to the outputs, each after those that it needs."""
    given = {id(tensor) for tensor in inputs}
    order: dict[int, Any] = {}
    stack = [(node, False) for node in reversed(_makers(outputs, given))]
    while stack:  # not recursive: some models are deeper than Python's stack
        node, parents_done = stack.pop()
        if id(node) in order:
            continue
        if parents_done:
            order[id(node)] = node
        else:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(_makers(node.input_tensors, given)))
    return tuple(order.values())


def _makers(tensors: Any, given: set[int]) -> list[Any]:
    return [node for tensor in tensors if id(tensor) not in given and (node := maker(tensor)) is not None]
