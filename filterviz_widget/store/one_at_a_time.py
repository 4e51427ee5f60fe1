"""One process at a time: what is read, changed and written back by several would lose what another wrote between."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Waits until no other process, or thread of this one, is in such a block of the same path.

    A process that dies in it leaves it.

    Args:
        path: Of an empty file that is made for it, and stays: whoever waits holds it open.

    Raises:
        OSError: If the file cannot be made, or the file system knows no locks.
    """
    with path.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            yield
