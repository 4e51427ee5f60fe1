"""What is kept of one epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Record:
    """One epoch. Arrays are read-only.

    Those of `gradients`, `kernels` and `pictures` may lie in a file; then they are read each time they are asked for.

    Attributes:
        epoch: How many epochs the model had been trained; 0 is before training.
        logs: The numbers that Keras logged for the epoch (none before training), "probe_loss", the total loss on
            the probe, and "record_seconds", how long the recording took.
        weights: Names of the weights that were trainable, in the order of `gradients`.
        norms: float64 `(weights,)`, the gradients' L2 norms.
        gradients: One array per trainable weight, of its shape; empty without a probe.
        kernels: Per layer, its kernels (two for a separable convolution), `(height, width, inputs, filters)`.
        pictures: Per layer, uint8 `(filters, height, width, channels)`; empty where none are drawn.
        activations: Per layer, float32 `(filters,)`, what each picture's filter answered; NaN for one that failed.
        dead: Per layer, bool `(filters,)`, filters without any gradient.
        notes: Per layer, what a viewer should know of each picture, such as that the filter had to be woken or that it
            failed; "" for nothing.
        problems: Why there are no "gradients", or no "pictures", though they were wanted.
    """

    epoch: int
    logs: Mapping[str, float]
    weights: tuple[str, ...]
    norms: npt.NDArray[np.float64]
    gradients: Sequence[Array]
    kernels: Mapping[str, Sequence[Array]]
    pictures: Mapping[str, Array]
    activations: Mapping[str, Array]
    dead: Mapping[str, Array]
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def large_arrays(self) -> list[Array]:
        """The arrays that take up memory: gradients, kernels and pictures, always in the same order."""
        kernels = [kernel for parts in self.kernels.values() for kernel in parts]
        return [*self.gradients, *kernels, *self.pictures.values()]

    @property
    def nbytes(self) -> int:
        """Bytes of the large arrays."""
        return sum(array.nbytes for array in self.large_arrays())

    def frozen(self) -> "Record":
        """The same record, of whose arrays nobody can write any."""
        return replace(
            self,
            norms=read_only(self.norms),
            gradients=tuple(map(read_only, self.gradients)),
            kernels={name: tuple(map(read_only, parts)) for name, parts in self.kernels.items()},
            pictures={name: read_only(array) for name, array in self.pictures.items()},
            activations={name: read_only(array) for name, array in self.activations.items()},
            dead={name: read_only(array) for name, array in self.dead.items()},
        )

    def in_memory(self) -> "Record":
        """The same record with all arrays read."""
        return replace(
            self,
            gradients=tuple(self.gradients),
            kernels={name: tuple(parts) for name, parts in self.kernels.items()},
            pictures=dict(self.pictures),
        )

    def copied(self) -> "Record":
        """The same record for somebody else, who may change its dictionaries."""
        own: dict[str, Any] = {name: dict(value) for name, value in vars(self).items() if isinstance(value, dict)}
        return replace(self, **own)


def read_only(array: Array) -> Array:
    """The array, or a copy of it if its numbers are another's; nobody can make it writable again."""
    own = np.asarray(array)  # a gradient of a single number may be no array
    own = own if own.base is None else own.copy()
    own.flags.writeable = False
    view = own.view()
    view.flags.writeable = False
    return view
