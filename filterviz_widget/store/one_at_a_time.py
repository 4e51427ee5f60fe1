"""One process at a time: what is read, changed and written back by several would lose what another wrote between."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filterviz_widget.interrupts import check

PATIENCE = 10.0
"""Seconds to wait at most: somebody may have stopped a process in the midst, and some file systems never answer."""


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Waits until no other process, or thread of this one, is in such a block of the same path.

    A process that dies in it leaves it.

    Args:
        path: Of an empty file that is made for it, and stays: whoever waits holds it open.

    Raises:
        OSError: If the file cannot be made, the file system knows no locks, or it takes more than ten seconds.
    """
    ends = time.monotonic() + PATIENCE
    with path.open("ab") as file:
        while True:
            try:
                _lock(file)
                break
            except (BlockingIOError, PermissionError):  # somebody has it: so says flock, and so Windows
                if time.monotonic() > ends:
                    raise
                check()
                time.sleep(0.01)
        try:
            yield
        finally:
            _unlock(file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
