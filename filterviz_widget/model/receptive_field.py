"""Which pixels of the image one position of a feature map can see: exact arithmetic over the graph of layers."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.data import IMAGE, Data
from filterviz_widget.model.field_walk import OpenSizeError, Walk
from filterviz_widget.model.graph import Graph
from filterviz_widget.model.seen import Seen
from filterviz_widget.model.tokens import Tokens


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
    ((20, 20), (4, 4))
    >>> field.box((3, 5))  # top, left, bottom, right; the last two just outside
    (12, 20, 32, 40)
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

    Raises:
        ValueError: If the map is empty: the image is too small for the layer.
    """
    lengths = (data.slices, *image_size)
    stack, rows, columns = (Seen(*(np.arange(size, dtype=np.int64),) * 4) for size in lengths)
    start = stack, rows, columns
    walk = Walk(start, tokens, data)
    try:
        seen = walk.follow(graph, {id(graph.inputs[position]): start}, path)
    except OpenSizeError:  # behind a step that is not known the whole image is assumed
        high, wide = measured()
        seen = stack.whole(1), rows.whole(high), columns.whole(wide)
    through, down, across = seen
    if not all(len(each.first) for each in seen):
        height, width = image_size
        raise ValueError(f"The layer {'/'.join(path)!r} has an empty map for an image of {height} x {width} pixels.")
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
