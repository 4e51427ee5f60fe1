"""Sizes that a call read where they were open, such as the batch's: Keras keeps None, which cannot be run."""

import math
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.keras_private import is_of_keras


class OpenSizes:
    """Goes over the nodes of one call in order and closes what they left open."""

    def __init__(self) -> None:
        self._moved: set[int] = set()  # tensors whose rows may be others than the images

    def closed(self, node: Any) -> Any:
        """What stands in for a node's operation: a reshape with numbers, or with -1, for None; else itself."""
        operation, given = node.operation, node.input_tensors
        is_moved = any(id(tensor) in self._moved for tensor in given)
        shape = _wanted(operation)
        if shape and len(given) == 1:
            before, after = _size(given[0].shape[1:]), _size(shape[1:])
            is_moved = is_moved or not (shape[0] is None or (shape[0] == -1 and before and before == after))
        if is_moved:
            self._moved.update(map(id, node.outputs))
        if shape is None or None not in shape:
            return operation
        if shape.count(None) == 1 and -1 not in shape:
            return altered(operation, newshape=tuple(-1 if size is None else size for size in shape))
        if shape[0] is None and shape.count(None) == 1 and not is_moved and (before := _size(given[0].shape[1:])):
            rest = before // math.prod(size for size in shape[1:] if size != -1)
            return altered(operation, newshape=(-1, *(rest if size == -1 else size for size in shape[1:])))
        return operation


def is_faithful(nodes: Iterable[tuple[Any, Any]]) -> bool:
    """Whether a followed call can be run again later: no size is open, and no weight was read once and for all.

    Args:
        nodes: With each what stands in for its operation.
    """
    for node, operation in nodes:
        if None in (_wanted(operation) or ()):
            return False
        for value in keras.tree.flatten((node.arguments.args, node.arguments.kwargs)):
            # Arithmetic on variables alone, such as a kernel of two others, is done while the call is followed.
            if tf.is_tensor(value) and not isinstance(value, tf.Variable) and value.dtype.is_floating and value.shape:
                return False
    return True


def _wanted(operation: Any) -> tuple[Any, ...] | None:
    is_reshape = type(operation).__name__ == "Reshape" and is_of_keras(type(operation))
    shape = getattr(operation, "newshape", None) if is_reshape else None
    return tuple(shape) if isinstance(shape, list | tuple) else None


def _size(shape: Any) -> int | None:
    """How many numbers; None where that is open."""
    return None if None in shape or -1 in shape else math.prod(shape)
