"""What lies between layers, made linear: changes of their outputs are followed to the layers behind them."""

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.circuit import DENSE, Circuit, is_activation
from filterviz_widget.model.evaluate import without_activation
from filterviz_widget.model.gradient import gradient_of
from filterviz_widget.model.graph import CONVOLUTIONS, Step
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.opening import flat_step
from filterviz_widget.model.route import Route

Leaves = list[Any]

NORMALIZATIONS = (
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)

LINEAR = frozenset(
    [
        "Add",
        "Average",
        "AveragePooling2D",
        "BatchNormalization",
        "Concatenate",
        "Cropping2D",
        "Dropout",
        "Flatten",
        "GetItem",
        "GlobalAveragePooling2D",
        "Identity",
        "Mean",
        "Multiply",
        "Pad",
        "Permute",
        "Rescaling",
        "Reshape",
        "SpatialDropout2D",
        "Subtract",
        "Sum",
        "Transpose",
        "UpSampling2D",
        "ZeroPadding2D",
    ]
)
"""Layers and operations whose derivative is the same everywhere, so that nobody needs to know where it is taken. Others
may be linear, too."""

MAX_POOLING = (keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D)


class Between:
    """Follows changes of layers' outputs to layers behind them, while a function is traced.

    What lies between is made linear:

    - An activation function, also one that is written as an operation, passes as identity, the slope of a rectifier
      that is open. So do those that have no such slope: sigmoid, tanh, softmax.
    - Max pooling becomes average pooling, and the larger of two branches their mean.
    - Batch normalization takes its moving statistics; dropout is inert.
    - Layer, group, RMS and unit normalization hold the statistics that they have for the image.
    - Of a product of two branches the gate is held as it is for the image: the smaller tensor, or the one that passed
      more activation functions. Where neither is, both count. In a quotient the divisor is held. What nothing but a
      gate or divisor is made of has no weight.
    - What comes through another convolution or dense layer is held, too: that way is not direct.
    - Everything else is replaced by its derivative at the image.

    The true values for the image are computed only where they matter.

    Args:
        route: Of the model.
        around: The layers.
        image: `(1, height, width, channels)`: at which what is not linear is looked at.
        rows: How many changes are followed at once.
    """

    def __init__(self, route: Route, around: Circuit, image: tf.Tensor, rows: int) -> None:
        self.rows, self._route, self._around = rows, route, around
        self._given = route.prepared(image)
        # Of an image of another size Keras' shapes are not true.
        self._knows_shapes = self._given.shape[1:] == route.graph.inputs[route.position].shape[1:]
        self._is_careful = False
        self._known: dict[int, tuple[Any, Leaves]] = {}
        self._changes: dict[int, Leaves] = {}
        self._sources: set[str] = set()

    def begin_anew(self) -> None:
        """Forgets the changes, and trusts no shape that Keras says: the values for the image tell all."""
        self._knows_shapes, self._is_careful = False, True
        self._changes = {}

    def value(self, name: str) -> Any:
        """The output of a step for the image, by its path."""
        return self._route.feed(self._given, self._route.graph.path(name), call=self._compute)

    def shape(self, name: str) -> list[Any]:
        """The shape of so many changes of a step's output: of one after the other."""
        known = self._known_shape(self._around.steps[name].node.outputs[0])
        return known or _many(self.value(name), self.rows)

    def follow(self, changes: Mapping[str, tf.Tensor], name: str) -> tf.Tensor:
        """How a step's output, before its own activation, changes when the outputs of others do.

        Args:
            changes: By the others' names; the same for each name that is followed.
            name: Of the step.
        """
        if not self._changes:
            self._sources = set(changes)
            self._changes = {
                id(step): [tf.cast(change, step.node.outputs[0].dtype)]
                for step, change in ((self._around.steps[source], change) for source, change in changes.items())
            }
        nothing = tf.zeros(_many(self._given, self.rows), self._given.dtype)
        return self._route.feed(nothing, self._route.graph.path(name), call=self._differentiate)

    def _known_shape(self, symbol: Any) -> list[Any] | None:
        known = self._knows_shapes and None not in symbol.shape[1:]
        return [self.rows, *symbol.shape[1:]] if known else None

    def _compute(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        if id(step) not in self._known:
            self._known[id(step)] = (args, kwargs), keras.tree.flatten(operation(*args, **kwargs))
        return self._known[id(step)][1]

    def _differentiate(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        if id(step) not in self._changes:
            self._changes[id(step)] = self._changed(step, operation, args, kwargs)
        return self._changes[id(step)]

    def _changed(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Leaves:
        """How a step's outputs change, of how what it is given does."""
        changes = keras.tree.flatten((args, kwargs))
        symbols = keras.tree.flatten((step.node.arguments.args, step.node.arguments.kwargs))
        places = [place for place, symbol in enumerate(symbols) if isinstance(symbol, keras.KerasTensor)]
        carried = dict(zip(places, self._around.given[id(step)], strict=True))
        branches = [place for place in places if carried[place].layers]
        moved = [place for place in branches if not carried[place].layers.isdisjoint(self._sources)]
        kind, is_linear = type(operation).__name__, _is_linear(operation, len(places))
        if not moved and not self._is_careful:  # nobody looks at it
            return [tf.zeros([1] * len(symbol.shape), symbol.dtype) for symbol in step.node.outputs]
        if len(branches) > 1:
            if kind in ("Divide", "TrueDivide"):
                moved = [place for place in moved if place == branches[0]]
            elif kind == "Multiply":
                gate = {place: (_size(symbols[place]), -carried[place].bends) for place in branches}
                moved = [place for place in moved if gate[place] == max(gate.values())]
            elif kind in ("Maximum", "Minimum"):
                operation, is_linear = _mean, True
        if not moved:
            return self._nothing(step)
        if len(places) == 1:
            change, output = changes[moved[0]], step.node.outputs[0]
            keeps_shape = symbols[moved[0]].shape == output.shape
            if keeps_shape and (is_activation(operation) or (not is_linear and flat_step(step))):
                return [tf.cast(change, output.dtype)]
            if (pooled := _averaged(operation, change)) is not None:
                return [pooled]
        shapes = {place: self._known_shape(symbols[place]) for place in places if place not in moved}
        if is_linear and None not in shapes.values():
            values = {place: tf.zeros(shape, symbols[place].dtype) for place, shape in shapes.items()}
            values |= {place: changes[place] for place in moved}
        else:
            values = self._values(step, places)
        return _derived(
            (without_activation(operation) if len(places) == 1 else None) or operation,
            lambda points: keras.tree.pack_sequence_as(
                (args, kwargs), [(values | points).get(place, leaf) for place, leaf in enumerate(changes)]
            ),
            {place: values[place] for place in moved},
            {place: changes[place] for place in moved},
        )

    def _nothing(self, step: Step) -> Leaves:
        shapes = [self._known_shape(symbol) for symbol in step.node.outputs]
        if None in shapes:
            shapes = [_many(result, self.rows) for result in self._computed(step)[1]]
        return [tf.zeros(shape, symbol.dtype) for shape, symbol in zip(shapes, step.node.outputs, strict=True)]

    def _computed(self, step: Step) -> tuple[Any, Leaves]:
        if id(step) not in self._known:
            self.value(self._around.paths[id(step)])
        return self._known[id(step)]

    def _values(self, step: Step, places: list[int]) -> dict[int, tf.Tensor]:
        """What a step is given for the image, as often as there are changes."""
        values = keras.tree.flatten(self._computed(step)[0])
        return {place: tf.tile(values[place], [self.rows] + [1] * (len(values[place].shape) - 1)) for place in places}


def _is_linear(operation: Any, operands: int) -> bool:
    """Whether a layer or operation is known as linear, up to a constant, in all its tensors together."""
    kind = type(operation).__name__
    if not is_of_keras(type(operation)) or (kind == "Multiply" and operands > 1):
        return False
    return kind in LINEAR or isinstance(unwrapped(operation), (*CONVOLUTIONS, *DENSE))


def _mean(*args: Any, **kwargs: Any) -> Any:
    branches = keras.tree.flatten((args, kwargs))
    return sum(branches) / len(branches)


def _averaged(operation: Any, change: tf.Tensor) -> tf.Tensor | None:
    """Average pooling in place of max pooling, or of the largest of a map; None for anything else."""
    kind = type(operation).__name__
    if isinstance(operation, MAX_POOLING) or kind == "MaxPool":
        how = operation.pool_size, operation.strides, operation.padding, operation.data_format
        return keras.ops.average_pool(change, *how)
    if kind.startswith("AdaptiveMaxPool"):
        return keras.ops.adaptive_average_pool(change, operation.output_size, operation.data_format)
    if kind.startswith("GlobalMaxPool"):
        return keras.ops.mean(change, tuple(range(1, len(change.shape) - 1)), operation.keepdims)
    if kind in ("Max", "Amax", "Min", "Amin"):
        return keras.ops.mean(change, operation.axis, operation.keepdims)
    return None


def _derived(
    operation: Any,
    arguments: Callable[[dict[int, Any]], tuple[Any, Any]],
    points: dict[int, tf.Tensor],
    changes: dict[int, tf.Tensor],
) -> Leaves:
    """How an operation's results change when the points do: its derivative there, times their changes.

    Args:
        operation: Any.
        arguments: Makes its arguments of what is at the places.
        points: By place.
        changes: By place.
    """

    def run(points: dict[int, tf.Tensor]) -> Leaves:
        with contextlib.ExitStack() as held:
            if isinstance(operation, NORMALIZATIONS):
                for statistic in ("Mean", "Sum"):
                    held.enter_context(gradient_of(statistic, _no_gradient))
            args, kwargs = arguments(points)
            return keras.tree.flatten(operation(*args, **kwargs))

    points = {place: tf.identity(point) for place, point in points.items()}
    results = run(points)
    try:
        return [_derivative(result, [*points.values()], [*changes.values()]) for result in results]
    except LookupError:  # a gradient that has none itself, as of interpolation: of what is linear, the difference
        moved = run({place: point + tf.cast(changes[place], point.dtype) for place, point in points.items()})
        return [after - before for after, before in zip(moved, results, strict=True)]


def _derivative(result: tf.Tensor, points: Leaves, changes: Leaves) -> tf.Tensor:
    """The gradient's own derivative, with respect to what the gradient is linear in.

    Raises:
        LookupError: If the gradient has none.
    """
    weights = tf.zeros(sizes(result), result.dtype)
    gradients = tf.gradients(result, points, weights) if result.dtype.is_floating else []
    pairs = [
        (tf.convert_to_tensor(each), change)
        for each, change in zip(gradients, changes, strict=False)
        if each is not None
    ]
    if not pairs:
        return weights
    found = tf.gradients([each for each, _ in pairs], weights, [tf.cast(change, each.dtype) for each, change in pairs])
    if found[0] is None:
        raise LookupError
    return found[0]


def _no_gradient(_: tf.Tensor, __: tf.Tensor, *inputs: tf.Tensor) -> list[None]:
    return [None] * len(inputs)


def _size(symbol: Any) -> int:
    """How many numbers there are for an image; what is not known is taken to be large."""
    return math.prod(size or 1000 for size in symbol.shape[1:])


def sizes(tensor: tf.Tensor) -> list[Any]:
    """The shape of a tensor: numbers, and where they are not known tensors."""
    return [tf.shape(tensor)[axis] if size is None else size for axis, size in enumerate(tensor.shape)]


def _many(value: tf.Tensor, rows: int) -> list[Any]:
    """The shape of so many of it, one after the other."""
    first, *others = sizes(value)
    return [rows * first, *others]
