"""Which tokens in a row are the places of a map: found from the graph, and by value where the graph does not say."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.fold import Fold
from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step
from filterviz_widget.model.held import held_in
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.kinds import TAKES_QUERY, unwrapped
from filterviz_widget.model.places import NOWHERE, Places, patches, token_of_place
from filterviz_widget.model.pointwise import POINTWISE
from filterviz_widget.model.record import Record

ON_LAST_AXIS = (
    keras.layers.Dense,
    keras.layers.LayerNormalization,
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.UnitNormalization,
)

MAKES_MAPS = {"Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose", "MaxPool", "AveragePool", "Resize", "Pad"}
"""Operations, beside layers, whose output of rank 4 is a map."""

MOVES = (keras.layers.Reshape, keras.layers.Permute, keras.layers.Lambda)
"""Layers whose output of rank 4 may be another order of axes."""

MOVED = {"Reshape", "Transpose", "Concatenate", "GetItem", "Flip", "Moveaxis", "SwapAxes", "Squeeze", "ExpandDims"}
"""Operations that only bring numbers into another order."""

PASS_ON = (keras.layers.Dropout, keras.layers.Softmax, keras.layers.Activation, keras.layers.Identity)
"""What attention does with its scores."""

MOST_TRIED = 8
"""Tensors that a layer's tokens are compared with."""


class Tokens:
    """The places of the tensors of a model.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
        run: Computes the model for one image by `Record.call`; called where there are tokens only.
        of_image: Whether the model is one of images; of signals and volumes a row of vectors is no grid.
    """

    def __init__(self, graph: Graph, position: int, run: Callable[[Record], None], *, of_image: bool = True) -> None:
        self._places: dict[int, Places] = {}
        self._near: dict[int, tuple[int, ...]] = {}
        self._record = Record()
        self.has_any = of_image and any(_has_other_ranks(graph)) and not any(_has_functions(graph))
        if not self.has_any:
            return
        with self._record.tape:
            run(self._record)
        image = graph.inputs[position]
        if len(image.shape) == 4:
            self._know(image)
        self._walk(graph)
        self._record = Record(values={key: tuple(value.shape) for key, value in self._record.values.items()})

    def rows(self, step: Step) -> int:
        """How many rows of the batch a step's output has for each image: more than one where it works on windows."""
        shape = self._shape(step.node.outputs[0])
        return int(shape[0]) if shape else 1

    def of(self, symbol: Any) -> Places | None:
        """The places of a tensor of rank 3; None where they are not known."""
        return self._places.get(id(symbol)) if len(symbol.shape) == 3 else None

    def is_scrambled(self, step: Step) -> bool:
        """Whether a step only passes on what has rank 4 and is no map, such as the scores of an attention."""
        symbol, layer = step.node.outputs[0], step.layer
        if not self.has_any or len(symbol.shape) != 4 or layer.weights or not isinstance(layer, PASS_ON):
            return False
        return id(symbol) not in self._places and id(symbol) in self._near

    def fold(self, step: Step) -> Fold | None:
        """What lays the output of a step out as a map; None where it is none, or that is not known."""
        places = self.of(step.node.outputs[0]) if len(step.node.outputs) == 1 else None
        return None if places is None else places.fold

    def _shape(self, symbol: Any) -> Any:
        return getattr(self._record.values.get(id(symbol)), "shape", self._record.values.get(id(symbol)))

    def _know(self, symbol: Any) -> None:
        """A map: its places are its own."""
        shape = self._shape(symbol)
        if shape is not None and shape[0] == 1 and shape[1] * shape[2] > 1:
            grid = int(shape[1]), int(shape[2])
            self._places[id(symbol)] = Places(grid, np.arange(grid[0] * grid[1]))

    def _walk(self, graph: Graph) -> None:
        for step in graph.steps:
            if step.inner is not None:
                for inside, outside in zip(step.inner.inputs, step.node.input_tensors, strict=False):
                    self._same(inside, outside)
                self._walk(step.inner)
                for outside, inside in zip(step.node.outputs, step.inner.outputs, strict=False):
                    self._same(outside, inside)
                continue
            for symbol in step.node.outputs:
                if id(symbol) not in self._places:
                    self._find(step, symbol, graph)

    def _same(self, symbol: Any, other: Any) -> None:
        if symbol is not other and id(other) in self._places:
            self._places[id(symbol)] = self._places[id(other)]
        if symbol is not other and id(other) in self._near:
            self._near[id(symbol)] = self._near[id(other)]
        if id(other) in self._record.values:
            self._record.values[id(symbol)] = self._record.values[id(other)]

    def _find(self, step: Step, symbol: Any, graph: Graph) -> None:
        given = list(step.node.input_tensors)
        is_held = held_in(step.operation) is not None
        near = [key for one in given for key in ([id(one)] if id(one) in self._places else self._near.get(id(one), ()))]
        if is_held:  # what was seen before in the same block may be nearer
            before = [one for other in graph.steps for one in other.node.outputs if other is not step]
            near = [id(one) for one in reversed(before) if id(one) in self._places] + near
        self._near[id(symbol)] = tuple(dict.fromkeys(near))
        value = self._record.values.get(id(symbol))
        if value is None or value.shape.rank not in (3, 4) or value.shape[0] != 1:
            return
        if value.shape.rank == 4 and _makes_map(step, is_held or self._has_map(given)):
            self._know(symbol)
            return
        places = None if is_held else self._kept(step, given, int(value.shape[1]))
        count = int(np.prod(value.shape[1:-1]))
        for source in self._near[id(symbol)][:MOST_TRIED] if count > 1 else ():
            if places is not None or not value.dtype.is_floating:
                break
            places = self._compared(source, value)
        if places is None:
            return
        if value.shape.rank == 3:
            self._places[id(symbol)] = places
        elif np.array_equal(places.order, np.arange(count)) and places.grid == tuple(value.shape[1:3]):
            self._know(symbol)  # tokens that are a map again

    def _has_map(self, given: list[Any]) -> bool:
        return any(id(one) in self._places and len(one.shape) == 4 for one in given)

    def _kept(self, step: Step, given: list[Any], count: int) -> Places | None:
        """The places where a step is known to keep them apart; those of an attention's query."""
        layer = unwrapped(step.operation)
        if isinstance(layer, TAKES_QUERY):
            query = {**dict(zip(("query",), step.node.arguments.args, strict=False)), **step.node.arguments.kwargs}
            given = [one for one in given if one is query.get("query")]
        elif not _keeps_tokens(layer):
            return None
        known = [self._places[id(one)] for one in given if id(one) in self._places]
        known = [one for one in known if len(one.order) == count]
        same = all(one.grid == known[0].grid and np.array_equal(one.order, known[0].order) for one in known)
        return known[0] if known and same else None

    def _compared(self, source: int, value: Any) -> Places | None:
        """The places of tokens each of which depends on other places of a source than all others."""
        known, given = self._places[source], self._record.values[source]
        try:
            found = token_of_place(self._record.tape, given, value)
        except (
            tf.errors.OpError,
            LookupError,
        ):  # what TensorFlow has no derivative of, such as the largest of channels
            return None
        if found is None:
            return None
        tokens = int(np.prod(value.shape[1:-1]))
        order = np.full(tokens, NOWHERE, np.int64)
        if given.shape.rank == 4:
            grid = patches(found.reshape(known.grid))
            if grid is None:
                return None
            order[grid.ravel()] = np.arange(grid.size)
            return Places((grid.shape[0], grid.shape[1]), order)
        seen = np.flatnonzero(found != NOWHERE)
        if len(np.unique(found[seen])) < len(seen):
            return None
        order[found[seen]] = known.order[seen]
        return Places(known.grid, order)


def _has_other_ranks(graph: Graph) -> Iterable[bool]:
    for step in graph.steps:
        yield any(len(symbol.shape) > 2 and len(symbol.shape) != 4 for symbol in step.node.outputs)
        if step.inner is not None:
            yield from _has_other_ranks(step.inner)


def _has_functions(graph: Graph) -> Iterable[bool]:
    """Whether steps of a traced graph are loops or calls of Python, whose gradients cannot be taken outside a graph."""
    for step in graph.steps:
        op = getattr(step.operation, "op", None)
        if isinstance(op, tf.Operation):
            # A list of tensors is what a loop fills.
            yield (
                op.type.startswith("TensorList")
                or "PyFunc" in op.type
                or any(attribute.HasField("func") for attribute in op.node_def.attr.values())
            )
        if step.inner is not None:
            yield from _has_functions(step.inner)


def _makes_map(step: Step, is_given_map: bool) -> bool:
    """Whether what a step makes, of rank 4, is a map: such as a convolution or pooling makes of another one."""
    layer = step.layer
    if held_in(step.operation) is not None:
        return isinstance(unwrapped(layer), CONVOLUTIONS)
    if isinstance(layer, keras.Layer):
        return is_given_map and not isinstance(layer, MOVES)
    return is_given_map and type(layer).__name__ in MAKES_MAPS | POINTWISE


def keeps_places(step: Step) -> bool:
    """Whether a token of what a step makes sees no more than the places that it is made from, as far as is known."""
    layer = step.operation
    if held_in(layer) is not None:
        return False
    moves = isinstance(layer, (keras.layers.Reshape, keras.layers.Permute, keras.layers.Concatenate))
    is_moved = moves or (is_of_keras(type(layer)) and type(layer).__name__ in MOVED)
    return is_moved or _keeps_tokens(unwrapped(layer))


def _keeps_tokens(layer: Any) -> bool:
    if isinstance(layer, keras.layers.EinsumDense):
        given, _, made = layer.equation.replace("...", "_").replace("->", ",").split(",")
        return given[:2] == made[:2]
    kind = type(layer)
    return isinstance(layer, ON_LAST_AXIS) or (is_of_keras(kind) and kind.__name__ in POINTWISE)
