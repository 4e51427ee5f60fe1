"""Which tokens in a row are the places of a map: found from the graph, and by value where the graph does not say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.evaluate import as_it_is, evaluate
from filterviz_widget.model.fold import Fold
from filterviz_widget.model.graph import CONVOLUTIONS, Graph, Step
from filterviz_widget.model.held import Held, held_in, made_of
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.pointwise import POINTWISE

NOWHERE = -1

TAKES_QUERY = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)
"""Whose output has a token for each of what they are given first."""

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


class Places(NamedTuple):
    """Where the tokens of a tensor lie.

    Attributes:
        grid: `(height, width)` of the map that they are the places of.
        order: int64 `(tokens,)`: the place of each, counted row by row; `NOWHERE` for one of no place.
    """

    grid: tuple[int, int]
    order: npt.NDArray[np.int64]

    @property
    def fold(self) -> Fold | None:
        """What lays the tokens out; None where they are not in the map's order."""
        count = self.grid[0] * self.grid[1]
        skipped = int(np.argmax(self.order != NOWHERE))
        rest = self.order[skipped + count :]
        in_order = np.array_equal(self.order[skipped : skipped + count], np.arange(count))
        return Fold("tokens", skipped, self.grid) if in_order and (rest == NOWHERE).all() else None


@dataclass
class Record:
    """What every tensor of a model is for one image.

    Attributes:
        values: By the symbols' ids.
        tape: That gradients from one to another can be taken from.
    """

    tape: Any = field(default_factory=lambda: tf.GradientTape(persistent=True))
    values: dict[int, Any] = field(default_factory=dict)

    def began(self, symbol: Any, given: Any) -> Any:
        """Remembers what the model is given."""
        given = tf.cast(given, symbol.dtype)
        if given.dtype.is_floating:
            self.tape.watch(given)
        self.values[id(symbol)] = given
        return given

    def call(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        """Computes a step, and remembers what it gives. Of a block that runs as a whole, what is in it too."""
        arguments = step.node.arguments
        for symbol, value in zip(
            keras.tree.flatten((arguments.args, arguments.kwargs)), keras.tree.flatten((args, kwargs)), strict=False
        ):
            if isinstance(symbol, keras.KerasTensor):
                self.values.setdefault(id(symbol), value)
        if (held := held_in(operation)) is None:
            result = _beside_parts(as_it_is(step, operation, args, kwargs))
        else:
            result = self._within(held, args, kwargs)
        self.values.update(zip(map(id, step.node.outputs), made_of(result), strict=False))
        return result

    def _within(self, held: Held, args: Any, kwargs: Any) -> Any:
        symbols = {use.path: use.outputs for use in held.uses}

        def seen(path: tuple[str, ...], layer: Any, _: Any, __: Any, made: Any) -> Any:
            tensors = made_of(made)
            if len(tensors) == len(symbols.get(path, ())):
                self.values.update(zip(map(id, symbols[path]), tensors, strict=True))
            # What a token keeps of itself goes by an attention.
            return keras.tree.map_structure(tf.stop_gradient, made) if _mixes(layer) else _beside_parts(made)

        result = held.operation((), seen)(*args, **kwargs)
        for step in held.opened:
            inner = [self.values[id(symbol)] for symbol in step.node.input_tensors]
            evaluate(step.inner, inner, (), call=self.call)
        return result


def _mixes(layer: Any) -> bool:
    return isinstance(unwrapped(layer), TAKES_QUERY)


def _beside_parts(made: Any) -> Any:
    """Without the gradient of what works on parts of the image, each a row of the batch."""

    def beside(value: Any) -> Any:
        return tf.stop_gradient(value) if tf.is_tensor(value) and value.shape.rank and value.shape[0] != 1 else value

    return keras.tree.map_structure(beside, made)


class Tokens:
    """The places of the tensors of a model.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
        run: Computes the model for one image by `Record.call`; called where there are tokens only.
    """

    def __init__(self, graph: Graph, position: int, run: Callable[[Record], None]) -> None:
        self._places: dict[int, Places] = {}
        self._near: dict[int, tuple[int, ...]] = {}
        self._record = Record()
        self.has_any = any(_has_other_ranks(graph))
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
            given = given[:1]
        elif not _keeps_tokens(layer):
            return None
        known = [self._places[id(one)] for one in given if id(one) in self._places]
        known = [one for one in known if len(one.order) == count]
        same = all(one.grid == known[0].grid and np.array_equal(one.order, known[0].order) for one in known)
        return known[0] if known and same else None

    def _compared(self, source: int, value: Any) -> Places | None:
        """The places of tokens each of which depends on other places of a source than all others."""
        known, given = self._places[source], self._record.values[source]
        found = _token_of_place(self._record.tape, given, value)
        if found is None:
            return None
        tokens = int(np.prod(value.shape[1:-1]))
        order = np.full(tokens, NOWHERE, np.int64)
        if given.shape.rank == 4:
            patches = _patches(found.reshape(known.grid))
            if patches is None:
                return None
            order[patches.ravel()] = np.arange(patches.size)
            return Places((patches.shape[0], patches.shape[1]), order)
        seen = np.flatnonzero(found != NOWHERE)
        if len(np.unique(found[seen])) < len(seen):
            return None
        order[found[seen]] = known.order[seen]
        return Places(known.grid, order)


def _has_other_ranks(graph: Graph) -> Iterable[bool]:
    for step in graph.steps:
        yield any(len(symbol.shape) not in (2, 4) for symbol in step.node.outputs)
        if step.inner is not None:
            yield from _has_other_ranks(step.inner)


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


def _token_of_place(tape: Any, source: Any, value: Any) -> npt.NDArray[np.int64] | None:
    """For each place of a source the only token that depends on it, or `NOWHERE`; None where several do.

    Tokens are numbered in binary: for each digit the derivative of a sum over all tokens, in which those with a 1 count
    negative, is compared with that of the plain sum. Where a place moves one token alone, they differ by a sign.
    """
    shape = (1, *value.shape[1:-1], value.shape[-1])
    tokens = int(np.prod(shape[1:-1]))
    weights, numbers = np.random.default_rng(0).normal(size=shape[-1]), np.arange(tokens)

    def slope_of(sign: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        seed = tf.constant((sign[:, None] * weights).reshape(shape), value.dtype)
        slope = tape.gradient(value, source, seed)
        if slope is None:
            return None
        slope = tf.convert_to_tensor(slope)
        return np.asarray(tf.cast(slope, tf.float64)).reshape(-1, slope.shape[-1])

    plain = slope_of(np.ones(tokens))
    if plain is None or not plain.any() or not np.isfinite(plain).all():
        return None
    size = np.abs(plain)
    moves = size > 1e-4 * size.max()
    found = np.zeros(plain.shape, np.int64)
    for digit in range((tokens - 1).bit_length()):
        slope = slope_of(1 - 2.0 * (numbers >> digit & 1))
        assert slope is not None
        ratio = np.where(moves, slope / np.where(moves, plain, 1), 1)
        if (np.abs(np.abs(ratio) - 1) > 0.05).any():
            return None
        found += (ratio < 0).astype(np.int64) << digit
    lowest, highest = np.where(moves, found, tokens).min(1), np.where(moves, found, NOWHERE).max(1)
    moved = moves.any(1)
    # All channels of a place move the same token.
    return np.where(moved, highest, NOWHERE) if (lowest == highest)[moved].all() else None


def _patches(found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """The tokens of a map's rectangular patches, `(rows, columns)`; None where they are no grid. A border may be left
    out, as patches do that do not fill the map."""
    used = found != NOWHERE
    inside = found[used.any(1)][:, used.any(0)]
    if not inside.size:
        return None
    rows = np.r_[True, (inside[1:] != inside[:-1]).any(1)].cumsum() - 1
    columns = np.r_[True, (inside[:, 1:] != inside[:, :-1]).any(0)].cumsum() - 1
    grid = np.full((rows[-1] + 1, columns[-1] + 1), NOWHERE, np.int64)
    grid[rows[:, None], columns] = inside
    is_grid = np.array_equal(grid[rows][:, columns], inside) and len(np.unique(grid)) == grid.size
    return grid if is_grid and (grid != NOWHERE).all() else None
