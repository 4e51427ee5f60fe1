"""What an ascent has gone through: its curve, where the filter was closed, and what follows from that."""

import numpy as np
import numpy.typing as npt

from filterviz_widget.ascent import Chunk
from filterviz_widget.engine.rest import is_flat
from filterviz_widget.engine.wake import AS_ASKED, Remedy

Flags = npt.NDArray[np.bool_]


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
