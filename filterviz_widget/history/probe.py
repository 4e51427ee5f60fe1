"""The probe: the examples on which the gradients are measured, checked and cut into batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True, eq=False)
class Probe:
    """Examples with their targets, each one array or a nest (list, tuple, dict) of arrays over the same examples.

    Attributes:
        x: Inputs as the model takes them.
        y: Targets as the loss takes them; None where it needs none.
        sample_weight: One weight per example, or None.
        size: How many examples.
    """

    x: Any
    y: Any
    sample_weight: Any
    size: int

    @classmethod
    def of(cls, given: Any) -> "Probe":
        """Checks `(x, y)` or `(x, y, sample_weight)`.

        Raises:
            TypeError: If it is something else, such as a data set.
            ValueError: If it is empty, or its arrays are of different lengths.
        """
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise TypeError(
                "probe must be (x, y) or (x, y, sample_weight) with arrays, for example a batch of the validation "
                f"data; got {type(given).__name__}. Of a tf.data.Dataset, take one: next(iter(dataset))."
            )
        x, y, sample_weight = (keras.tree.map_structure(_array, part) for part in (*given, None)[:3])
        lengths = {len(array) for array in keras.tree.flatten((x, y, sample_weight)) if array is not None}
        if len(lengths) != 1 or 0 in lengths:
            found = ", ".join(map(str, sorted(lengths))) or "no arrays"
            raise ValueError(f"probe must have the same number of examples, 1 or more, in each array; got {found}.")
        return cls(x, y, sample_weight, lengths.pop())

    def batches(self, batch_size: int) -> Iterator["Probe"]:
        """Cuts the examples into batches in their order; the last may be smaller."""
        for start in range(0, self.size, batch_size):
            yield self._cut(start, min(start + batch_size, self.size))

    def _cut(self, start: int, stop: int) -> "Probe":
        x, y, sample_weight = (
            keras.tree.map_structure(lambda array: None if array is None else array[start:stop], part)
            for part in (self.x, self.y, self.sample_weight)
        )
        return Probe(x, y, sample_weight, stop - start)


def _array(values: Any) -> Any:
    if values is None:
        return None
    array = np.asarray(values)
    if array.ndim == 0:
        raise TypeError(f"probe must hold arrays, one entry per example; got the single value {values!r}.")
    return array
