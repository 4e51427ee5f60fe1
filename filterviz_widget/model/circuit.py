"""Which convolutions and dense layers come directly before and behind a layer: one walk over the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.keras_private import flat_layers, is_of_keras
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.layer_info import LayerInfo

if TYPE_CHECKING:
    from filterviz_widget.model.view import ModelView

DENSE = (keras.layers.Dense, keras.layers.EinsumDense)

KERNELS = ("kernel", "depthwise_kernel", "embeddings")
"""What layers hold that make new channels out of all that they are given."""

ACTIVATIONS = {"Clip", *("".join(map(str.capitalize, name.split("_"))) for name in vars(keras.activations))}
"""Names of Keras' operations that are nothing but an activation function: "Relu6", "HardSigmoid"."""

LIMITED = {
    *("sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "softmax", "softsign", "relu6"),
    *("Sigmoid", "HardSigmoid", "Tanh", "HardTanh", "Softmax", "Softsign", "Relu6", "Clip"),
}
"""Functions, and operations, with a lower and an upper limit, as gates have."""

ACTIVATION_LAYERS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
    keras.layers.Softmax,
)


class Carried(NamedTuple):
    """What is known of a tensor.

    Attributes:
        layers: The nearest layers that it is made from.
        bends: How many activation functions it has passed since, theirs included; those with two limits count twice.
    """

    layers: frozenset[str] = frozenset()
    bends: int = 0


@dataclass(frozen=True, eq=False)
class Circuit:
    """A layer among the convolutions and dense layers nearest to it.

    Attributes:
        maker: The path of the step that makes the layer's output: the layer itself, or of a block the last step in it.
        before: Names of the layers that it is made from, with no other convolution or dense layer between, in the
            graph's order.
        after: Names of the layers that are made from it in the same way.
        steps: The maker and all that are counted, by their paths.
        given: Of each step, by its id, what each of its input tensors carries.
        paths: Of each step, by its id, its path.
    """

    maker: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: Mapping[str, Step]
    given: Mapping[int, tuple[Carried, ...]]
    paths: Mapping[int, str]


def circuit(view: ModelView, layer: str) -> Circuit:
    """Finds what comes directly before and behind a layer.

    Counted are the layers that can be shown with the kind "convolution" or "units", and dense layers over a map, which
    are convolutions of one pixel. Other layers with a kernel, such as attention, are not counted, and nothing is
    directly before or behind them. Where it is not known which input of a nested model a tensor becomes, it is taken
    to become every one.

    Args:
        view: The model.
        layer: A name from `ModelView.layers`, of any kind.

    Raises:
        ValueError: If there is no such layer.
    """
    view.layer(layer)
    maker = "/".join(_making(view.graph, view.graph.path(layer)))
    walk = _Walk(view.layers, maker)
    walk.follow(view.graph, {}, ())
    own = walk.before.get(maker, frozenset())
    return Circuit(
        maker,
        tuple(name for name in walk.before if name in own),
        tuple(name for name, sources in walk.before.items() if maker in sources),
        walk.steps,
        walk.given,
        walk.paths,
    )


def is_activation(operation: Any) -> bool:
    """Whether a layer or operation is known as nothing but an activation function. Nothing is run to find out."""
    is_operation = is_of_keras(type(operation)) and type(operation).__name__ in ACTIVATIONS
    return is_operation or isinstance(operation, ACTIVATION_LAYERS)


def _bends(operation: Any) -> int:
    function = getattr(unwrapped(operation), "activation", None)
    names = {type(operation).__name__, getattr(function, "__name__", type(function).__name__)}
    if not names.isdisjoint(LIMITED) or getattr(operation, "max_value", None) is not None:
        return 2
    return int(is_activation(operation) or function not in (None, keras.activations.linear))


def _making(graph: Graph, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path of the step that makes the output of the step at a path."""
    inner: Graph | None = graph
    for name in path:
        assert inner is not None
        inner = inner.step(name).inner
    while inner is not None:
        output = inner.outputs[0]
        last = next((step for step in inner.steps if any(output is made for made in step.node.outputs)), None)
        if last is None:  # a block that gives what it is given
            break
        path, inner = (*path, last.name), last.inner
    return path


class _Walk:
    """Over all steps, in an order that can be run; `asked` counts whatever kind of layer it is."""

    def __init__(self, layers: Iterable[LayerInfo], asked: str) -> None:
        self._kinds = {info.name: info.kind for info in layers}
        self._asked = asked
        self.before: dict[str, frozenset[str]] = {}
        self.steps: dict[str, Step] = {}
        self.given: dict[int, tuple[Carried, ...]] = {}
        self.paths: dict[int, str] = {}

    def follow(self, graph: Graph, carried: dict[int, Carried], prefix: tuple[str, ...]) -> None:
        """Adds to `carried`, by the tensors' ids, what each tensor of the graph carries."""
        for step in graph.steps:
            given = tuple(carried.get(id(symbol), Carried()) for symbol in step.node.input_tensors)
            path = (*prefix, step.name)
            self.given[id(step)], self.paths[id(step)] = given, "/".join(path)
            if step.inner is not None:
                inner = _entering(step, given)
                self.follow(step.inner, inner, path)
                made = [inner.get(id(symbol), Carried()) for symbol in step.inner.outputs]
                carried.update(zip(map(id, step.node.outputs), made, strict=False))
                continue
            carried.update(dict.fromkeys(map(id, step.node.outputs), self._after(step, "/".join(path), given)))

    def _after(self, step: Step, name: str, given: tuple[Carried, ...]) -> Carried:
        layers = frozenset[str]().union(*(one.layers for one in given))
        if name == self._asked or self._counts(name, step.operation):
            self.before[name], self.steps[name] = layers, step
            return Carried(frozenset([name]), _bends(step.operation))
        if _has_kernel(step.operation):
            return Carried()
        return Carried(layers, max((one.bends for one in given), default=0) + _bends(step.operation))

    def _counts(self, name: str, operation: Any) -> bool:
        kind = self._kinds.get(name)
        return kind in ("convolution", "units") or (kind is not None and isinstance(unwrapped(operation), DENSE))


def _has_kernel(operation: Any) -> bool:
    if not isinstance(operation, keras.Layer):
        return False
    return any(hasattr(one, name) for one in (operation, *flat_layers(operation)) for name in KERNELS)


def _entering(step: Step, given: tuple[Carried, ...]) -> dict[int, Carried]:
    """What the inputs of a step's inner graph carry."""
    assert step.inner is not None
    inputs = step.inner.inputs
    if step.inner.arrange is None and len(given) == len(inputs):
        return dict(zip(map(id, inputs), given, strict=True))
    places = _places(step) if len(given) > 1 else [0] * len(inputs)
    if places is None:
        together = Carried(frozenset[str]().union(*(one.layers for one in given)), max(one.bends for one in given))
        return dict.fromkeys(map(id, inputs), together)
    return {id(symbol): given[place] for symbol, place in zip(inputs, places, strict=True)}


def _places(step: Step) -> list[int] | None:
    """Which of the step's input tensors each input of a nested model is; None where that is not known.

    A dictionary is arranged by Keras; here in place of each tensor its number is.
    """
    assert step.inner is not None
    arrange = step.inner.arrange
    if arrange is None:
        return None
    numbers = {
        id(symbol): tf.fill([1] * len(symbol.shape), tf.cast(place, symbol.dtype))
        for place, symbol in enumerate(step.node.input_tensors)
    }
    args, kwargs = step.node.arguments.fill_in(numbers)
    try:
        return [int(np.ravel(one)[0]) for one in arrange(args[0] if args else kwargs["inputs"])]
    except Exception:  # a structure that only Keras' own call takes
        return None
