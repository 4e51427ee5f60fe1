"""Which pixels of the image one position of a feature map can see: exact arithmetic over the graph of layers."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.held import held_in
from filterviz_widget.model.kinds import TAKES_QUERY
from filterviz_widget.model.pointwise import is_pointwise
from filterviz_widget.model.seen import Seen, resized
from filterviz_widget.model.tokens import Tokens, keeps_places
from filterviz_widget.model.traced.operation import TracedOperation
from filterviz_widget.model.windows import OVER_FRAMES, behind_windows, rank

Axes = tuple[Seen, Seen, Seen]
"""Over the slices, down and across; of one position each for a tensor that has no places, such as units. An image has
one slice, and a signal is one pixel high."""


class Depth(NamedTuple):
    """What one slice of a layer's feature maps sees of the slices of a volume.

    Attributes:
        size: In slices, as if the volume had no ends.
        stride: By how many slices the field moves from one slice of the map to the next.
        slices: How many slices the volume has.
        edges: The first slice that each slice of the map sees and the one behind the last, `(map's slices, 2)`.
        centres: Where the middle of each one's field lies, in slices; the middle of the first is 0.5.
    """

    size: int
    stride: float
    slices: int
    edges: npt.NDArray[np.int64]
    centres: npt.NDArray[np.float64]

    @property
    def nearest(self) -> npt.NDArray[np.int64]:
        """For each slice of the volume, the slice of the map whose field has its middle nearest to it."""
        middles = np.arange(self.slices) + 0.5
        return np.abs(middles[:, None] - self.centres).argmin(1)


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a layer's feature maps can see of the image.

    Attributes:
        size: `(height, width)` in pixels, as if the image had no borders; behind gates that let every position see the
            whole image, as in squeeze-and-excitation, of that which moves with the position.
        stride: `(down, across)`: by how many pixels the field moves from one position to the next; 0 where it
            does not, a fraction where maps were made larger.
        image_size: `(height, width)` of the image.
        map_size: `(height, width)` of the feature map; (1, 1) of units.
        is_whole: Whether every position sees the whole image, as behind global pooling or squeezes; but for a border
            that no position sees because strides do not reach it.
        through_statistics: Layers on the way that take means over the whole image, such as group normalization; what
            a position sees through these alone is not counted.
        unknown: Layers on the way that are not known: behind them the whole image is assumed.
        depth: The same over the slices of a volume, whose other numbers are those of one slice; None of an image or
            a signal, whose height is 1.

    Example:

    >>> field = receptive_field(model, "conv3")
    >>> field.size, field.stride
    ((26, 26), (4, 4))
    >>> field.box((3, 5))  # top, left, bottom, right; the last two just outside
    (0, 8, 25, 34)
    """

    size: tuple[int, int]
    stride: tuple[float, float]
    image_size: tuple[int, int]
    map_size: tuple[int, int]
    is_whole: bool
    through_statistics: tuple[str, ...]
    unknown: tuple[str, ...]
    _seen: tuple[Seen, Seen]
    depth: Depth | None = None

    @property
    def nbytes(self) -> int:
        """Of what each position sees."""
        return sum(each.nbytes for seen in self._seen for each in seen[:4])

    @property
    def edges(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first pixel that each row sees and the one behind the last, `(rows, 2)`; and that each column sees.

        Both 0 where there is nothing to see. `box` puts them together.
        """
        down, across = map(_edges, self._seen)
        return down, across

    @property
    def centres(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where the middle of each position's field lies in the image, in pixels: of the rows, and of the columns.

        As if the image had no borders; the middle of the first pixel is 0.5. Where all see the same, such as the whole
        image, positions are spread evenly over it.
        """
        down, across = (_middles(each, size) for each, size in zip(self._seen, self.image_size, strict=True))
        return down, across

    def box(self, position: tuple[int, int] = (0, 0)) -> tuple[int, int, int, int]:
        """What the position `(row, column)` of the map sees: `(top, left, bottom, right)` in pixels, the ends outside;
        all 0 where it sees nothing.

        Raises:
            ValueError: If the map has no such position.
        """
        rows, columns = self.map_size
        try:
            row, column = map(operator.index, position)
        except (TypeError, ValueError):
            row = column = -1
        if not (0 <= row < rows and 0 <= column < columns):
            raise ValueError(f"Expected a position from (0, 0) to {(rows - 1, columns - 1)}, got {position!r}.")
        down, across = self._seen
        first, last = (down.first[row], across.first[column]), (down.last[row], across.last[column])
        if first[0] > last[0] or first[1] > last[1]:  # a place of padding
            return (0, 0, 0, 0)
        return (int(first[0]), int(first[1]), int(last[0]) + 1, int(last[1]) + 1)


def _edges(seen: Seen) -> npt.NDArray[np.int64]:
    return np.where((seen.first <= seen.last)[:, None], np.stack([seen.first, seen.last + 1], 1), 0)


def _middles(seen: Seen, size: int) -> npt.NDArray[np.float64]:
    count = len(seen.first)
    if seen.step == 0:
        return np.asarray((np.arange(count) + 0.5) * size / count)
    return np.asarray((seen.far_first + seen.far_last + 1) / 2)


def receptive_field(
    graph: Graph,
    position: int,
    image_size: tuple[int, int],
    path: tuple[str, ...],
    tokens: Tokens,
    measured: Callable[[], tuple[int, int]],
    data: Data = IMAGE,
) -> ReceptiveField:
    """The receptive field of the step at `path` for images that enter at the graph's input `position`.

    `measured` runs the model to say how large the map is, which is asked for where nothing else says it.
    """
    lengths = (data.slices, *image_size)
    stack, rows, columns = (Seen(*(np.arange(size, dtype=np.int64),) * 4) for size in lengths)
    start = stack, rows, columns
    walk = _Walk(start, tokens, data)
    try:
        seen = walk.follow(graph, {id(graph.inputs[position]): start}, path)
    except _OpenSizeError:  # behind a step that is not known the whole image is assumed
        high, wide = measured()
        seen = stack.whole(1), rows.whole(high), columns.whole(wide)
    through, down, across = seen
    is_whole = all(
        each.first.max() < walk.stride and each.last.min() > size - 1 - walk.stride and each.is_same
        for each, size in zip(seen, lengths, strict=True)
    )
    middles = [len(each.first) // 2 for each in seen]
    deep, *sizes = [int(each.far_last[at] - each.far_first[at]) + 1 for each, at in zip(seen, middles, strict=True)]
    depth = Depth(deep, _plain(through.step), data.slices, _edges(through), _middles(through, data.slices))
    return ReceptiveField(
        (sizes[0], sizes[1]),
        (_plain(down.step), _plain(across.step)),
        image_size,
        (len(down.first), len(across.first)),
        is_whole,
        tuple(dict.fromkeys(walk.statistics)),
        tuple(dict.fromkeys(walk.unknown)),
        (down, across),
        depth if data.kind == "volume" else None,
    )


def _plain(step: Fraction) -> float:
    return step.numerator if step.denominator == 1 else float(step)


STATISTICS = (keras.layers.GroupNormalization, keras.layers.LayerNormalization)


class _OpenSizeError(Exception):
    """A step that is not known leaves the size of its output open."""


class _Walk:
    """From the image to a layer; remembers what it could not know."""

    def __init__(self, start: Axes, tokens: Tokens, data: Data) -> None:
        self._start, self._tokens, self._data = start, tokens, data
        self.stride = Fraction(1)  # the largest on the way
        self.statistics: list[str] = []
        self.unknown: list[str] = []

    def follow(self, graph: Graph, seen: dict[int, Axes], path: tuple[str, ...]) -> Axes:
        """What the output of the step at `path` sees, or of an inner graph the first output."""
        last = graph.step(path[0]) if path else None
        for step in graph.needed_for(last):
            given = [seen[id(tensor)] for tensor in step.node.input_tensors if id(tensor) in seen]
            if not given:
                continue
            if step.inner is not None:
                inner = {
                    id(symbol): seen[id(tensor)]
                    for symbol, tensor in zip(step.inner.inputs, step.node.input_tensors, strict=False)
                    if id(tensor) in seen
                }
                made = self.follow(step.inner, inner, path[1:] if step is last else ())
            else:
                made = self._after(step, given)
                self.stride = max(self.stride, *(each.step for each in made))
            if step is last:
                return made
            seen.update((id(tensor), made) for tensor in step.node.outputs)
        return seen[id(graph.outputs[0])]

    def _after(self, step: Step, given: list[Axes]) -> Axes:
        layer = step.operation
        while isinstance(layer, keras.layers.Wrapper) and not isinstance(layer, keras.layers.TimeDistributed):
            layer = layer.layer
        if isinstance(layer, keras.layers.TimeDistributed):
            if len(step.node.input_tensors[0].shape) != 5 or type(layer.layer) not in OVER_FRAMES:
                return self._over_frames(step, given)
            layer = layer.layer
        if getattr(layer, "data_format", "channels_last") == "channels_last" and (change := behind_windows(layer)):
            return _each(given[0], rank(layer), change)
        if isinstance(layer, keras.layers.Resizing) and _is_plain(layer):
            sizes = (layer.height, layer.width)
            return _each(given[0], 2, lambda each, axis: resized(each, sizes[axis], layer.interpolation == "nearest"))
        if isinstance(layer, keras.layers.Reshape) and given[0] is self._start and self._keeps_places(step):
            return given[0]  # a flat input that is arranged as the image that it is
        if isinstance(layer, STATISTICS):
            axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
            last = len(step.node.outputs[0].shape) - 1
            if isinstance(layer, keras.layers.GroupNormalization) or not set(axes) <= {-1, last}:
                self.statistics.append(step.name)
            return given[0]
        return self._joined(step, given)

    def _over_frames(self, step: Step, given: list[Axes]) -> Axes:
        """Behind any other layer that is distributed over time: of its own frame a position sees all."""
        through, down, across = given[0]
        shape = tuple(step.node.outputs[0].shape)
        if self._data.kind != "volume" or len(shape) not in (3, 5):
            return self._joined(step, given)
        _, high, wide = self._lengths(shape)
        if max(high, wide) > 1:
            self.unknown.append(step.name)
        return through, down.whole(high), across.whole(wide)

    def _joined(self, step: Step, given: list[Axes]) -> Axes:
        """Of what works at each place by itself the fields of its inputs together; else everything that they see."""
        lengths = [max(len(each[axis].first) for each in given) for axis in range(3)]
        if (places := self._tokens.of(step.node.outputs[0])) and keeps_places(step):
            lengths = [1, *places.grid]
            # Of tokens beside the grid, such as a class token, nothing is known here.
            given = [each for each in given if [len(one.first) for one in each] == lengths] or given
        elif not is_pointwise(step):
            self._needs_a_size(step)
            lengths = [1, *places.grid] if places else self._lengths(tuple(step.node.outputs[0].shape))
            if max(lengths) > 1 and not isinstance(step.operation, TAKES_QUERY):
                self.unknown.append(step.name if held_in(step.operation) is None else step.operation.name)
            given = [_all(each, lambda one, _: one.whole(1)) for each in given]
        spread = [
            _all(each, lambda one, axis: one if len(one.first) == lengths[axis] else one.whole(lengths[axis]))
            for each in given
        ]
        result = spread[0]
        for other in spread[1:]:
            result = _all(result, lambda one, axis: one.joined(other[axis]))  # noqa: B023  # called at once
        return result

    def _needs_a_size(self, step: Step) -> None:
        """Gives up where a step that is not known leaves its size open, or has outputs of several, as a loop does."""
        shapes = {tuple(tensor.shape) for tensor in step.node.outputs}
        is_loop = isinstance(step.operation, TracedOperation) and step.operation.op.outputs[0].shape.rank is None
        if len(shapes) > 1 or is_loop or None in next(iter(shapes))[1:-1]:
            self.unknown.append(step.name)
        if len(shapes) > 1 or is_loop:
            raise _OpenSizeError

    def _keeps_places(self, step: Step) -> bool:
        """Whether a signal is reshaped to steps with channels, and not cut into rows."""
        lengths = [len(each.first) for each in self._start]
        return self._data.kind == "image" or self._lengths(tuple(step.node.outputs[0].shape)) == lengths

    def _lengths(self, shape: tuple[int | None, ...]) -> list[int]:
        """Positions over the slices, down and across of an output of that shape, whatever made it."""
        if None in shape[1:-1] and (len(shape) > 3 or not self._data.is_flat):
            raise _OpenSizeError
        sizes = [size or 1 for size in shape[1:-1]]
        if len(shape) == 5:
            return sizes
        if len(shape) == 4:
            return [1, *sizes]
        if len(shape) == 3 and not self._data.is_flat:
            return [sizes[0], 1, 1] if self._data.kind == "volume" else [1, 1, sizes[0]]
        return [1, 1, 1]


def _each(seen: Axes, rank: int, change: Callable[[Seen, int], Seen]) -> Axes:
    """Behind a layer that goes along the last `rank` axes, which it counts from 0."""
    kept = 3 - rank
    through, down, across = (one if axis < kept else change(one, axis - kept) for axis, one in enumerate(seen))
    return through, down, across


def _all(seen: Axes, change: Callable[[Seen, int], Seen]) -> Axes:
    return _each(seen, 3, change)


def _is_plain(layer: Any) -> bool:
    """Whether resizing looks at the nearest places only, and at the whole image."""
    crops = layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias
    return layer.interpolation in ("nearest", "bilinear") and not crops
