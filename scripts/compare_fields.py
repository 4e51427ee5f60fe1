"""Compares receptive fields, which are worked out from the graph of layers, with where the image has a gradient."""

import bisect
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model import ModelView, read_model

ROUNDS = 6
"""Of random images: more than a ReLU or a maximum needs to let through, in one of them, what it ever does."""

Box = tuple[int, int, int, int]


class Compared(NamedTuple):
    """How many layers were compared whose positions see a part of the image, or the whole, and what differs."""

    part: int
    whole: int
    differ: list[str]


def compare_architecture(name: str) -> Compared:
    """Compares some layers of an architecture of keras.applications, with random weights and its native image size."""
    model = getattr(keras.applications, name)(weights=None)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if len(variable.shape) == 1:
            # Statistics, and scales that begin too small for float32 to see through many; but not so large that what
            # residual blocks add up saturates the sigmoid of a squeeze, where a gradient is exactly zero.
            variable.assign(rng.uniform(0.25, 0.75, variable.shape))
    return compare_fields(read_model(model), part=7, whole=2)


def compare_fields(view: ModelView, part: int, whole: int, look_at: int = 24) -> Compared:
    """Compares the receptive fields of layers from the first to the last with where the image has a gradient.

    Args:
        view: Of any model.
        part: Of how many layers, or fewer, of which a position sees a part of the image.
        whole: Of how many of which it sees the whole; the last convolution comes to either.
        look_at: Among how many they are chosen.
    """
    names = [info.name for info in view.layers]
    last = [info.name for info in view.layers if info.recommended][-1]
    fields = {name: view.receptive_field(name) for name in [*_spread(names, look_at), last]}
    # A squeeze may come early.
    first_whole = bisect.bisect_left(names, True, key=lambda name: view.receptive_field(name).is_whole)
    fields |= {name: view.receptive_field(name) for name in _spread(names[:first_whole], part)}
    partial, complete = (
        [name for name in names if name in fields and fields[name].is_whole == is_whole] for is_whole in (False, True)
    )
    chosen = dict.fromkeys([*_spread(partial, part), *_spread(complete, whole), last])
    differ = []
    for name in chosen:
        field = fields[name]
        positions = corners_and_between(field.map_size)
        if field.is_whole:  # all see the same, and far behind in a network that takes long to compute
            positions = positions[:1]
        expected = [field.box(position) for position in positions]
        found = gradient_boxes(view, name, positions, expected)
        for position, box, other in zip(positions, expected, found, strict=True):
            if box != other:
                differ.append(f"{name} at {position}: {box}, and the gradient {other}")
        differ += [f"{name}: {unknown} is not known" for unknown in field.unknown]
        for centres, stride in zip(field.centres, field.stride, strict=True):
            if not (np.diff(centres) == stride if stride else np.diff(centres) > 0).all():
                differ.append(f"{name}: the centres do not go on evenly")
    count = sum(fields[name].is_whole for name in chosen)
    return Compared(len(chosen) - count, count, differ)


def corners_and_between(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Two corners of a map, and a position that lies far from both axes of symmetry."""
    rows, columns = size
    return list(dict.fromkeys([(0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1)]))


def gradient_boxes(
    view: ModelView,
    layer: str,
    positions: Sequence[tuple[int, int]],
    expected: Sequence[Box] | None = None,
    rounds: int = ROUNDS,
) -> list[Box]:
    """Where the image has a gradient from each position of a layer, as `ReceptiveField.box` says it.

    Each round adds a random image, and random weights of the filters, for each position; the last is that after which
    the boxes are those `expected`.
    """
    features, rng = view.cut(layer), np.random.default_rng(0)
    shape = (len(positions), *view.image_shape)
    total = np.zeros(shape[:3])
    for _ in range(rounds):
        images = tf.constant(rng.uniform(*view.input_range, shape), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(images)
            maps = features(images)
            if len(maps.shape) == 4:
                maps = tf.gather_nd(maps, [(index, *position) for index, position in enumerate(positions)])
            value = tf.reduce_sum(maps * tf.constant(rng.normal(size=maps.shape), maps.dtype))
        total += np.abs(tape.gradient(value, images)).sum(-1)
        if not np.isfinite(total).all():
            raise FloatingPointError("The gradient is not finite.")
        found = [_box(*np.nonzero(each)) for each in total]
        if found == expected:
            break
    return found


def _box(rows: Any, columns: Any) -> Box:
    if not len(rows):
        return (0, 0, 0, 0)
    return (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)


def _spread(values: Sequence[str], count: int) -> list[str]:
    """The first, the last, and some between."""
    count = min(count, len(values))
    return [values[round(index * (len(values) - 1) / max(count - 1, 1))] for index in range(count)]
