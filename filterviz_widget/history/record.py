"""What is kept of one epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Record:
    """One epoch. Arrays are read-only.

    Attributes:
        epoch: How many epochs the model had been trained; 0 is before training.
        logs: The numbers that Keras logged for the epoch (none before training), "probe_loss", the total loss on
            the probe, and "record_seconds", how long the recording took.
        weights: Names of the weights that were trainable, in the order of `gradients`.
        norms: float64 `(weights,)`, the gradients' L2 norms.
        gradients: One array per trainable weight, of its shape; empty without a probe.
        kernels: Per layer, its kernels (two for a separable convolution), `(height, width, inputs, filters)`.
        pictures: Per layer, uint8 `(filters, height, width, channels)`; empty where none are drawn.
        activations: Per layer, float32 `(filters,)`, what each picture's filter answered.
        dead: Per layer, bool `(filters,)`, filters without any gradient.
    """

    epoch: int
    logs: Mapping[str, float]
    weights: tuple[str, ...]
    norms: npt.NDArray[np.float64]
    gradients: tuple[Array, ...]
    kernels: Mapping[str, tuple[Array, ...]]
    pictures: Mapping[str, Array]
    activations: Mapping[str, Array]
    dead: Mapping[str, Array]

    def large_arrays(self) -> list[Array]:
        """The arrays that take up memory: gradients, kernels and pictures, always in the same order."""
        kernels = [kernel for parts in self.kernels.values() for kernel in parts]
        return [*self.gradients, *kernels, *self.pictures.values()]

    def with_large(self, arrays: list[Array]) -> "Record":
        """The same record with other arrays in the place of `large_arrays`."""
        left = iter(arrays)
        return replace(
            self,
            gradients=tuple(next(left) for _ in self.gradients),
            kernels={name: tuple(next(left) for _ in parts) for name, parts in self.kernels.items()},
            pictures={name: next(left) for name in self.pictures},
        )

    def mapped(self, change: Callable[[Array], Array]) -> "Record":
        """The same record with each large array changed."""
        return self.with_large([change(array) for array in self.large_arrays()])

    @property
    def nbytes(self) -> int:
        """Bytes of the large arrays."""
        return sum(array.nbytes for array in self.large_arrays())
