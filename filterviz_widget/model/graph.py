"""A model as a graph of layers, with nested models and blocks opened, each use of a layer named by its path."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import keras

from filterviz_widget.model.altered import with_built_activation
from filterviz_widget.model.follow import follow
from filterviz_widget.model.keras_private import arranging, flat_layers, functional, nodes_in_order
from filterviz_widget.model.traced.call import from_keras

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)


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


def followed_graph(layer: Any, args: Any, kwargs: Any) -> Graph:
    """The graph of a layer or model that keeps none, found by following its `call`; raises what `follow` does."""
    calls = follow(layer, args, kwargs)
    return Graph(calls.inputs, _steps(calls.nodes), calls.outputs)


def _steps(nodes: Iterable[Any]) -> tuple[Step, ...]:
    uses: Counter[str] = Counter()
    steps = []
    for node in nodes:
        name = getattr(node.operation, "traced_name", node.operation.name)
        operation = with_built_activation(node.operation, tuple(node.outputs[0].shape))
        steps.append(Step(f"{name}:{uses[name]}" if uses[name] else name, node, _open(node), operation))
        uses[name] += 1
    return tuple(steps)


def _open(node: Any) -> Graph | None:
    layer = node.operation
    if (inner := functional(layer)) is not None:
        return functional_graph(inner)
    if not isinstance(layer, keras.Layer) or isinstance(layer, keras.layers.Wrapper):
        return None
    # In a head, a block that ends with units, one looks for the dense layers.
    looked_for = (*ALL_CONVOLUTIONS, keras.layers.Dense) if len(node.outputs[0].shape) == 2 else ALL_CONVOLUTIONS
    is_saved = isinstance(layer, keras.layers.TFSMLayer)
    if not (is_saved or any(isinstance(part, looked_for) for part in flat_layers(layer))):
        return None
    for way in (_traced_block,) if is_saved else (followed_graph, _traced_block):
        with contextlib.suppress(Exception):  # a user's code, which may raise anything
            return way(layer, node.arguments.args, node.arguments.kwargs)
    return None  # it is shown as a whole


def _traced_block(layer: Any, args: Any, kwargs: Any) -> Graph:
    """The graph of a block that only TensorFlow can follow, called with one image."""
    (symbol,) = (one for one in keras.tree.flatten((args, kwargs)) if isinstance(one, keras.KerasTensor))
    made = from_keras(layer, None, tuple(symbol.shape[1:]))
    return replace(functional_graph(made), arrange=None)
