"""How many pictures ascend together: as many as make each quicker, and as fit into the memory."""

GAIN = 1.05
"""How many times quicker twice as many must make each picture."""


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
