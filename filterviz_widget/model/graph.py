"""A model as a graph of layers, with nested models and blocks opened, each use of a layer named by its path."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import keras

from filterviz_widget.model.altered import with_built_activation
from filterviz_widget.model.follow import follow
from filterviz_widget.model.held import Held, held_in, hold
from filterviz_widget.model.keras_private import (
    arranging,
    flat_layers,
    functional,
    is_of_keras,
    nodes_in_order,
    symbolic_arguments,
)
from filterviz_widget.model.open_sizes import OpenSizes, is_faithful
from filterviz_widget.model.traced.call import from_keras

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)

MIXERS = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.MultiHeadAttention)
"""What blocks of transformers and heads are made of."""


ALL_CONVOLUTIONS = (
    *CONVOLUTIONS,
    keras.layers.Conv1D,
    keras.layers.DepthwiseConv1D,
    keras.layers.SeparableConv1D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv3D,
    keras.layers.Conv3DTranspose,
    keras.layers.ConvLSTM1D,
    keras.layers.ConvLSTM2D,
    keras.layers.ConvLSTM3D,
)
"""Over signals and volumes, too; `CONVOLUTIONS` are those over images."""


class Step(NamedTuple):
    """One use of a layer or operation.

    Attributes:
        name: The layer's name; `name:1` for its second use in the same graph, and so on.
        node: Keras' record of the use: the operation, its arguments, its outputs.
        inner: What is inside, where the operation is a nested model or block.
        operation: What is called: the node's operation, or what stands in for it (`with_built_activation`).
    """

    name: str
    node: Any
    inner: "Graph | None"
    operation: Any

    @property
    def layer(self) -> Any:
        """What it is to a person; what is called may be the block that it is a part of."""
        return self.operation if held_in(self.operation) is None else self.node.operation


@dataclass(frozen=True, eq=False)
class Graph:
    """Steps in an order that can be run.

    Attributes:
        inputs: Symbolic tensors.
        steps: The uses of layers and operations.
        outputs: Symbolic tensors.
        arrange: Brings what a nested model is called with (list, dictionary, another dtype) into the order and
            dtypes of `inputs`; None where they are already.
    """

    inputs: tuple[Any, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Any, ...]
    arrange: Callable[[Any], list[Any]] | None = None

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def path(self, layer: str) -> tuple[str, ...]:
        """The names of steps, from outside inward, that a layer's name is made of; empty for the graph's outputs.

        The name of a step in a traced graph may have slashes itself.
        """
        if not layer:
            return ()
        for step in self.steps:
            if step.name == layer:
                return (layer,)
        for step in self.steps:
            if step.inner is not None and layer.startswith(f"{step.name}/"):
                return (step.name, *step.inner.path(layer[len(step.name) + 1 :]))
        raise KeyError(layer)

    def needed_for(self, last: Step | None) -> list[Step]:
        """The steps that `last` needs, and itself; for None those that the outputs need."""
        needed = {id(tensor) for tensor in (self.outputs if last is None else last.node.outputs)}
        chosen: list[Step] = []
        for step in reversed(self.steps):
            if not needed.isdisjoint(map(id, step.node.outputs)):
                chosen.append(step)
                needed.update(map(id, step.node.input_tensors))
        return chosen[::-1]


def functional_graph(model: Any) -> Graph:
    """The graph of what `functional` returned."""
    return Graph(tuple(model.inputs), _steps(nodes_in_order(model)), tuple(model.outputs), arranging(model))


def followed_graph(layer: Any, args: Any, kwargs: Any, all_outputs: bool = False) -> Graph:
    """The graph of a layer or model that keeps none, found by `follow`, with its arguments and errors."""
    calls = follow(layer, args, kwargs, all_outputs)
    return Graph(calls.inputs, _steps(calls.nodes), calls.outputs)


END = "(output)"
"""The last step of a block that runs as a whole; it is no layer."""


class _Made(NamedTuple):
    """What stands for Keras' record of a use, where Keras keeps none."""

    operation: Any
    arguments: Any
    input_tensors: list[Any]
    outputs: list[Any]


def _held_graph(held: Held, node: Any, prefix: tuple[str, ...] = (), outputs: tuple[Any, ...] = ()) -> Graph:
    """The graph of a block that runs as a whole: a step is made from what the block is given, or, where it is known
    what the step itself is given, from that."""

    def made(operation: Any, outputs: tuple[Any, ...], arguments: Any = node.arguments) -> _Made:
        return _Made(operation, arguments, list(arguments.keras_tensors), list(outputs))

    steps = []
    for use in held.uses:
        if use.path[:-1] != prefix:
            continue
        if use.given is not None:
            own = made(use.layer, use.outputs, symbolic_arguments(*use.given))
            steps.append(Step(use.path[-1], own, _open(own), use.layer))
            if steps[-1].inner is not None:
                held.opened.append(steps[-1])
            continue
        has_more = any(other.path[:-1] == use.path for other in held.uses)
        inner = _held_graph(held, node, use.path, use.outputs) if has_more else None
        steps.append(Step(use.path[-1], made(use.layer, use.outputs), inner, held.operation(use.path)))
    outputs = outputs or tuple(node.outputs)
    steps.append(Step(END, made(keras.Operation(name=END), outputs), None, held.operation(prefix)))
    return Graph(tuple(node.input_tensors), tuple(steps), outputs)


def _steps(nodes: Iterable[Any]) -> tuple[Step, ...]:
    uses: Counter[str] = Counter()
    steps, sizes = [], OpenSizes()
    for node in nodes:
        name = getattr(node.operation, "traced_name", node.operation.name)
        operation = with_built_activation(sizes.closed(node), tuple(node.outputs[0].shape))
        steps.append(Step(f"{name}:{uses[name]}" if uses[name] else name, node, _open(node), operation))
        uses[name] += 1
    return tuple(steps)


def _open(node: Any) -> Graph | None:
    layer = node.operation
    if (inner := functional(layer)) is not None:
        return functional_graph(inner)
    if not isinstance(layer, keras.Layer) or isinstance(layer, keras.layers.Wrapper):
        return None
    # In a head, a block that ends with units, one looks for the dense layers; so one does in a transformer's block.
    is_saved, parts = isinstance(layer, keras.layers.TFSMLayer), flat_layers(layer)
    mixes = not is_of_keras(type(layer)) and any(isinstance(part, MIXERS) for part in parts)
    if not (is_saved or mixes or any(isinstance(part, ALL_CONVOLUTIONS) for part in parts)):
        return None
    for way in (_traced_block,) if is_saved else (_followed_block, _held_block, _traced_block):
        with contextlib.suppress(Exception):  # a user's code, which may raise anything
            return way(node)
    return None  # it is shown as a whole


def _followed_block(node: Any) -> Graph:
    graph = followed_graph(node.operation, node.arguments.args, node.arguments.kwargs, all_outputs=True)
    steps = ((step.node, step.operation) for step in graph.steps)
    if len(graph.outputs) != len(node.outputs) or not is_faithful(steps):
        raise ValueError("What was followed cannot be run again.")
    return graph


def _held_block(node: Any) -> Graph:
    return _held_graph(hold(node.operation, node.arguments.args, node.arguments.kwargs), node)


def _traced_block(node: Any) -> Graph:
    """The graph of a block that only TensorFlow can follow, called with one image."""
    (symbol,) = node.input_tensors
    made = from_keras(node.operation, None, tuple(symbol.shape[1:]))
    return replace(functional_graph(made), arrange=None)
