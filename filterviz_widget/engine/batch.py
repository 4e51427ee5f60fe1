"""How many pictures ascend together: as many as make each quicker, and as fit into the memory."""

import psutil
import tensorflow as tf

from filterviz_widget.model import ModelView
from filterviz_widget.twin import work

GAIN = 1.05
"""How many times quicker twice as many must make each picture."""

SHARE = 0.25
"""Of the memory that is free: others need it too, and the estimate is a rough one."""

LARGEST = 64


class BatchSize:
    """Doubles as long as that pays, by the time that whole batches take.

    Args:
        most: What the memory holds, 1 or more.

    Example:

    >>> size = BatchSize(most=8)
    >>> size.took(1, 2.0)  # the first one is compiled as well: it says nothing
    >>> size.took(1, 1.0)
    >>> size.now
    2
    >>> size.took(2, 2.0)  # no quicker
    >>> size.now
    1
    """

    def __init__(self, most: int) -> None:
        self.now = 1
        """How many to take next."""
        self._most = most
        self._is_warm = self._is_settled = False
        self._quickest: float | None = None

    def took(self, count: int, seconds: float) -> None:
        """Learns from a batch.

        Args:
            count: How many pictures it had; fewer than asked for tell nothing.
            seconds: How long they took together.
        """
        if not self._is_warm or self._is_settled or count < self.now:
            self._is_warm = True
            return
        each = seconds / count
        if self._quickest is not None and each * GAIN > self._quickest:
            self.now, self._is_settled = self.now // 2, True
        elif self.now * 2 > self._most:
            self._is_settled = True
        else:
            self.now, self._quickest = self.now * 2, each


def most_together(view: ModelView, layer: str) -> int:
    """How many pictures of a layer's filters the memory holds, from 1 to 64.

    An ascent keeps the outputs of the layers on the way. Measured at batches of 16 and 224 x 224 pixels it takes half
    of what all outputs would for MobileNetV2 (folded layers have none), and about all of that for ConvNeXtTiny.
    """
    height, width, _ = view.image_shape
    numbers = work(view.graph, tuple(layer.split("/")), height * width).outputs
    return max(1, min(LARGEST, int(SHARE * _free() / (4 * numbers))))


def _free() -> float:
    """Bytes of memory that are free; on a GPU, which does not say, those of a small one."""
    return 4e9 if tf.config.list_physical_devices("GPU") else float(psutil.virtual_memory().available)
