"""What the steps between the image and a layer do to what positions see, one after the other."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import keras

from filterviz_widget.description.data import Data
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


STATISTICS = (keras.layers.GroupNormalization, keras.layers.LayerNormalization)


class OpenSizeError(Exception):
    """A step that is not known leaves the size of its output open."""


class Walk:
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
            raise OpenSizeError

    def _keeps_places(self, step: Step) -> bool:
        """Whether a signal is reshaped to steps with channels, and not cut into rows."""
        lengths = [len(each.first) for each in self._start]
        return self._data.kind == "image" or self._lengths(tuple(step.node.outputs[0].shape)) == lengths

    def _lengths(self, shape: tuple[int | None, ...]) -> list[int]:
        """Positions over the slices, down and across of an output of that shape, whatever made it."""
        if None in shape[1:-1] and (len(shape) > 3 or not self._data.is_flat):
            raise OpenSizeError
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
