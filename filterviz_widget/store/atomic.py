"""Writing a file whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filterviz_widget.interrupts import WHOLE, check
from filterviz_widget.store.paths import full


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file beside `path`, which takes its name when the block ends without an exception.

    A crash, a full disk or an interruption leaves what was at `path` before; who writes for long calls
    `interrupts.check`.

    Raises:
        OSError: If it cannot be written.
    """
    with whole_file(path) as part, part.open("wb") as file:
        yield file


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """The same for who needs a name to write to: yields one beside `path`, where nothing is yet.

    Raises:
        OSError: If it cannot be written.
    """
    # What a symbolic link leads to is replaced, not the link.
    path = full(path)
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if path.exists() and not path.is_file():  # a device would be replaced, which root may do
        raise FileExistsError(errno.EEXIST, "There is a folder or a device of that name", str(path))
    # Two threads, or machines, may save to one place: the later one wins, and neither finds half of the other's.
    part = path.with_name(f".{os.getpid()}-{secrets.token_hex(6)}.part")
    with WHOLE:  # an interruption just before the `finally` would leave the part
        try:
            yield part
            check()
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            if error.errno is None or not _is_of(error, part):
                raise
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        finally:
            with contextlib.suppress(OSError):  # where its folder is none, say
                part.unlink()


def _is_of(error: OSError, part: Path) -> bool:
    """Whether it says of nothing else than of what was to be written; of a full disk it names no file."""
    return error.filename is None or os.fsdecode(error.filename).startswith(str(part))
