"""Which pixels of the image one position of a feature map can see: exact arithmetic over the graph of layers."""

import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.keras_private import is_of_keras

Places = npt.NDArray[np.int64]

NOTHING = 2**40
"""Beyond every image: where a position that sees nothing, such as one of padding, begins; it ends at the negative."""


class Seen(NamedTuple):
    """What the positions of a tensor see along one axis of the image, by their index.

    Attributes:
        first: The first pixel, `(length,)`.
        last: The last one.
        far_first: The first one if the image had no borders.
        far_last: The last one likewise.
        step: By how many pixels a position's field lies farther than the one before.
    """

    first: Places
    last: Places
    far_first: Places
    far_last: Places
    step: Fraction = Fraction(1)

    def pick(self, low: Places, high: Places, step: Fraction = Fraction(1)) -> "Seen":
        """What positions see that each see those from `low` to `high` here, which may lie outside.

        `step`: by how many positions here the next one goes on.
        """
        length = len(self.first)
        inside = (high >= 0) & (low < length) & (low <= high)
        from_ = np.clip(low, 0, length - 1)
        to = np.clip(high, from_, length - 1)
        # The ends grow from one position to the next, but where padding sees nothing.
        first = np.array([self.first[a : b + 1].min() for a, b in zip(from_, to, strict=True)])
        last = np.array([self.last[a : b + 1].max() for a, b in zip(from_, to, strict=True)])
        return Seen(
            np.where(inside, first, NOTHING),
            np.where(inside, last, -NOTHING),
            self._beyond(self.far_first, low),
            self._beyond(self.far_last, high),
            self.step * step,
        )

    def joined(self, other: "Seen") -> "Seen":
        """What positions see that see either."""
        return Seen(
            np.minimum(self.first, other.first),
            np.maximum(self.last, other.last),
            np.minimum(self.far_first, other.far_first),
            np.maximum(self.far_last, other.far_last),
            self.step or other.step,
        )

    def whole(self, length: int) -> "Seen":
        """What `length` positions see that all see everything."""
        ends = self.first.min(), self.last.max(), self.far_first.min(), self.far_last.max()
        first, last, far_first, far_last = (np.full(length, each) for each in ends)
        return Seen(first, last, far_first, far_last, Fraction(0))

    def _beyond(self, far: Places, places: Places) -> Places:
        """Values at places that may lie outside, where they go on evenly."""
        inside = np.clip(places, 0, len(far) - 1)
        return np.asarray(far[inside] + np.rint((places - inside) * float(self.step)), np.int64)


Axes = tuple[Seen, Seen]
"""Down and across; of one position each for a tensor that has no places, such as units."""


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a layer's feature maps can see of the image.

    Attributes:
        size: `(height, width)` in pixels, as if the image had no borders; of the whole image, the image's.
        stride: `(down, across)`: by how many pixels the field moves from one position to the next; 0 where it
            does not, a fraction where maps were made larger.
        image_size: `(height, width)` of the image.
        map_size: `(height, width)` of the feature map; (1, 1) of units.
        is_whole: Whether every position sees the whole image, as behind global pooling or squeezes.
        through_statistics: Layers on the way that take means over the whole image, such as group normalization; what
            a position sees through these alone is not counted.
        unknown: Layers on the way that are not known: behind them the whole image is assumed.

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
    _seen: Axes

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


def _middles(seen: Seen, size: int) -> npt.NDArray[np.float64]:
    count = len(seen.first)
    if seen.step == 0:
        return np.asarray((np.arange(count) + 0.5) * size / count)
    return np.asarray((seen.far_first + seen.far_last + 1) / 2)


def receptive_field(graph: Graph, position: int, image_size: tuple[int, int], path: tuple[str, ...]) -> ReceptiveField:
    """The receptive field of the step at `path` for images that enter at the graph's input `position`."""
    rows, columns = (Seen(*(np.arange(size),) * 4) for size in image_size)
    start = rows, columns
    walk = _Walk(start)
    seen = walk.follow(graph, {id(graph.inputs[position]): start}, path)
    down, across = seen
    is_whole = all(
        (each.first <= 0).all() and (each.last >= size - 1).all() for each, size in zip(seen, image_size, strict=True)
    )
    middles = [len(each.first) // 2 for each in seen]
    sizes = [int(each.far_last[at] - each.far_first[at]) + 1 for each, at in zip(seen, middles, strict=True)]
    return ReceptiveField(
        (sizes[0], sizes[1]),
        (_plain(down.step), _plain(across.step)),
        image_size,
        (len(down.first), len(across.first)),
        is_whole,
        tuple(dict.fromkeys(walk.statistics)),
        tuple(dict.fromkeys(walk.unknown)),
        seen,
    )


def _plain(step: Fraction) -> float:
    return step.numerator if step.denominator == 1 else float(step)


WINDOWS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
)

POINTWISE = frozenset(
    [
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Relu",
        "Relu6",
        "LeakyRelu",
        "Elu",
        "Selu",
        "Celu",
        "Gelu",
        "Silu",
        "Sigmoid",
        "HardSigmoid",
        "HardSilu",
        "Tanh",
        "HardTanh",
        "Softplus",
        "Softsign",
        "LogSigmoid",
        "Mish",
        "Identity",
        "Dropout",
        "SpatialDropout2D",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "ActivityRegularization",
        "BatchNormalization",
        "Dense",
        "Rescaling",
        "Normalization",
        "LayerScale",
        "StochasticDepth",
        "Add",
        "Subtract",
        "Multiply",
        "Divide",
        "TrueDivide",
        "FloorDivide",
        "Average",
        "Maximum",
        "Minimum",
        "Power",
        "Clip",
        "Absolute",
        "Negative",
        "Positive",
        "Exp",
        "Expm1",
        "Log",
        "Log1p",
        "Sqrt",
        "Rsqrt",
        "Square",
        "Reciprocal",
        "Sign",
        "Sin",
        "Cos",
        "Round",
        "Floor",
        "Ceil",
        "Where",
        "Cast",
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "Equal",
        "NotEqual",
        "LogicalAnd",
        "LogicalOr",
        "LogicalNot",
        "StopGradient",
        "Copy",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomColorJitter",
        "RandomGrayscale",
        "RandomHue",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
    ]
)
"""Keras' layers and operations that work at each place by itself; of augmentation, in inference."""

STATISTICS = (keras.layers.GroupNormalization, keras.layers.LayerNormalization)


class _Walk:
    """From the image to a layer; remembers what it could not know."""

    def __init__(self, start: Axes) -> None:
        self._start = start
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
            if step is last:
                return made
            seen.update((id(tensor), made) for tensor in step.node.outputs)
        return seen[id(graph.outputs[0])]

    def _after(self, step: Step, given: list[Axes]) -> Axes:
        layer = step.operation
        while isinstance(layer, keras.layers.Wrapper) and not isinstance(layer, keras.layers.TimeDistributed):
            layer = layer.layer
        if getattr(layer, "data_format", "channels_last") == "channels_last":
            if isinstance(layer, keras.layers.Conv2DTranspose):
                return _both(given[0], lambda each, axis: _transposed(each, layer, axis))
            if isinstance(layer, WINDOWS):
                return _both(given[0], lambda each, axis: _window(each, layer, axis))
            if isinstance(layer, keras.layers.ZeroPadding2D):
                return _both(
                    given[0], lambda each, axis: _shifted(each, -layer.padding[axis][0], sum(layer.padding[axis]))
                )
            if isinstance(layer, keras.layers.Cropping2D):
                return _both(
                    given[0], lambda each, axis: _shifted(each, layer.cropping[axis][0], -sum(layer.cropping[axis]))
                )
            if isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation in ("nearest", "bilinear"):
                is_near = layer.interpolation == "nearest"
                return _both(given[0], lambda each, axis: _resized(each, len(each.first) * layer.size[axis], is_near))
        if isinstance(layer, keras.layers.Resizing) and _is_plain(layer):
            sizes = (layer.height, layer.width)
            return _both(given[0], lambda each, axis: _resized(each, sizes[axis], layer.interpolation == "nearest"))
        if isinstance(layer, keras.layers.Reshape) and given[0] is self._start:
            return given[0]  # a flat input that is arranged as the image that it is
        if isinstance(layer, STATISTICS):
            axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
            if isinstance(layer, keras.layers.GroupNormalization) or not set(axes) <= {-1, 3}:
                self.statistics.append(step.name)
            return given[0]
        return self._joined(step, given)

    def _joined(self, step: Step, given: list[Axes]) -> Axes:
        """Of what works at each place by itself the fields of its inputs together; else everything that they see."""
        lengths = [max(len(each[axis].first) for each in given) for axis in (0, 1)]
        if not _is_pointwise(step):
            shape = step.node.outputs[0].shape
            lengths = [size or 1 for size in shape[1:3]] if len(shape) == 4 else [1, 1]
            if max(lengths) > 1:
                self.unknown.append(step.name)
            given = [_both(each, lambda one, _: one.whole(1)) for each in given]
        spread = [
            _both(each, lambda one, axis: one if len(one.first) == lengths[axis] else one.whole(lengths[axis]))
            for each in given
        ]
        result = spread[0]
        for other in spread[1:]:
            result = result[0].joined(other[0]), result[1].joined(other[1])
        return result


def _both(seen: Axes, change: Any) -> Axes:
    return change(seen[0], 0), change(seen[1], 1)


def _window(seen: Seen, layer: Any, axis: int) -> Seen:
    """Behind a convolution or pooling."""
    sizes = getattr(layer, "pool_size", None) or layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1))[axis]
    length, step, reach = len(seen.first), layer.strides[axis], (sizes[axis] - 1) * dilation
    if layer.padding == "same":
        count = -(-length // step)
        before = max((count - 1) * step + reach + 1 - length, 0) // 2
    else:
        count, before = (length - reach - 1) // step + 1, 0
    low = np.arange(count) * step - before
    # In the borders' padding there is nothing to see, so ends are cut by `pick`.
    return seen.pick(low, low + reach, Fraction(step))


def _transposed(seen: Seen, layer: Any, axis: int) -> Seen:
    length, size, step = len(seen.first), layer.kernel_size[axis], layer.strides[axis]
    reach = (size - 1) * layer.dilation_rate[axis] + 1
    extra = None if layer.output_padding is None else layer.output_padding[axis]
    if layer.padding == "same":
        count = length * step if extra is None else (length - 1) * step + reach - 2 * (reach // 2) + extra
        before = max((length - 1) * step + reach - count, 0) // 2
    else:
        count = length * step + max(reach - step, 0) if extra is None else (length - 1) * step + reach + extra
        before = 0
    places = np.arange(count) + before
    return seen.pick(-((reach - 1 - places) // step), places // step, Fraction(1, step))


def _shifted(seen: Seen, by: int, more: int) -> Seen:
    places = np.arange(len(seen.first) + more) + by
    return seen.pick(places, places)


def _resized(seen: Seen, count: int, is_nearest: bool) -> Seen:
    length = len(seen.first)
    middles, step = (np.arange(count) + 0.5) * length / count, Fraction(length, count)
    if is_nearest:
        places = np.floor(middles).astype(np.int64)
        return seen.pick(places, places, step)
    low, high = (np.clip(each(middles - 0.5), 0, length - 1).astype(np.int64) for each in (np.floor, np.ceil))
    return seen.pick(low, high, step)


def _is_plain(layer: Any) -> bool:
    """Whether resizing looks at the nearest places only, and at the whole image."""
    crops = layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias
    return layer.interpolation in ("nearest", "bilinear") and not crops


def _is_pointwise(step: Step) -> bool:
    """Whether an operation is known to keep places apart. No code of the user's is run to find out."""
    layer = step.operation
    if any(len(tensor.shape) != 4 for tensor in (*step.node.input_tensors, *step.node.outputs)):
        return False
    if isinstance(layer, keras.layers.Concatenate) or type(layer).__name__ == "Concatenate":
        return layer.axis in (-1, 3)
    if isinstance(layer, (keras.layers.Softmax, keras.layers.UnitNormalization)):
        return layer.axis in (-1, 3)
    if type(layer).__name__ in ("Softmax", "LogSoftmax"):
        return layer.axis in (-1, 3)
    return is_of_keras(type(layer)) and type(layer).__name__ in POINTWISE
