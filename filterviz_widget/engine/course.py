"""What an ascent has gone through: its curve, where the filter was closed, and what follows from that."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from filterviz_widget.ascent import Chunk
from filterviz_widget.engine.wake import AS_ASKED, Remedy

Flags = npt.NDArray[np.bool_]

TOLERANCE = 0.01
"""The rise, as a share of the activation, below which a curve is flat."""


class Course:
    """Of images that ascend together, chunk by chunk; whatever it says does not depend on where chunks end.

    Args:
        remedy: How it ascends.

    Attributes:
        activations: For each iteration float32 `(images,)`.
        broken: For each image the first iteration, from 1, whose gradient was not finite; 0 for none.
    """

    def __init__(self, remedy: Remedy) -> None:
        self.activations: list[npt.NDArray[np.float32]] = []
        self.broken = np.zeros(0, np.int64)
        self._remedy = remedy
        self._redirected: list[Flags] = []
        self._silent: list[Flags] = []
        self._stuck: Flags | None = None

    def add(self, chunk: Chunk) -> npt.NDArray[np.float32]:
        """Goes on by a chunk; returns its activations, `(iterations, images)`."""
        new, sizes, was_closed = (each.numpy() for each in (chunk.activations, chunk.gradient_rms, chunk.redirected))
        wrong = ~np.isfinite(sizes)
        first = np.where(wrong.any(0), self.taken + 1 + wrong.argmax(0), 0)
        self.broken = np.where(self.broken, self.broken, first) if len(self.broken) else first
        self.activations.extend(new)
        self._redirected.extend(was_closed & (sizes > 0))
        self._silent.extend(was_closed | (sizes == 0))
        self._stuck = sizes[0] == 0 if self._stuck is None else self._stuck
        return np.asarray(new)

    @property
    def taken(self) -> int:
        """How many iterations were taken."""
        return len(self._silent)

    @property
    def stuck(self) -> Flags:
        """Which images had not even a redirected gradient in the first iteration, `(images,)`."""
        assert self._stuck is not None, "an ascent takes one step at least"
        return self._stuck

    @property
    def silent(self) -> Flags:
        """Which filters did not answer by themselves in any iteration that counts, `(images,)`."""
        return np.asarray(np.all(self._silent[: self._remedy.enough], axis=0))

    @property
    def is_hopeless(self) -> bool:
        """Whether going on like this is in vain, for all images."""
        if self._remedy == AS_ASKED and self.stuck.all():
            return True
        return self.taken >= self._remedy.enough and bool(self.silent.all())

    def dead(self, closed: Flags) -> Flags:
        """Which filters this ascent did not wake; `closed`: those without a gradient of their own at the end."""
        never = self.silent & (closed | (self.taken >= self._remedy.enough))
        return np.asarray((self.stuck & (self._remedy == AS_ASKED)) | never)

    def is_flat(self, count: int, patience: int, sign: int) -> bool:
        """Whether the last `count` iterations, those at this size, end in a flat curve of filters that answer."""
        if np.any(self._silent[-count:][-2 * patience :]):
            return False
        return is_flat(self.activations[-count:], patience, sign)

    def redirected(self, image: int) -> Flags:
        """In which iterations an image had redirected gradients, `(iterations,)`."""
        return np.array(self._redirected)[:, image]


def is_flat(curves: Sequence[npt.NDArray[np.float32]], patience: int, sign: int = 1) -> bool:
    """Whether every mean over the last `patience` iterations is hardly above that over as many before.

    Means, as the activations of moved images go up and down with the moves.

    Args:
        curves: The activations so far, an array `(batch,)` per iteration.
        patience: 1 or more.
        sign: -1 where the activation is to fall.

    >>> is_flat([np.float32([value]) for value in (1, 2, 3, 3)], 1)
    True
    """
    if len(curves) < 2 * patience:
        return False
    last, before = (np.mean(part, axis=0) for part in (curves[-patience:], curves[-2 * patience : -patience]))
    return bool(np.all(sign * (last - before) <= TOLERANCE * np.abs(before)))
