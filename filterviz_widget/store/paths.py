"""Paths as people write them."""

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path with the user's folder in place of `~`; that of nobody stays as it is written.

    Raises:
        ValueError: For a path that no file can have.
    """
    name = os.path.expanduser(path)  # noqa: PTH111  # pathlib's raises RuntimeError for a user that there is not
    if "\0" in name:
        raise ValueError(f"A path cannot have a NUL character in it, got {name[:200]!r}.")
    return Path(name)


def full(path: str | Path) -> Path:
    """The same from the root on, its links followed as far as they lead.

    Raises:
        ValueError: For a path that no file can have.
    """
    return Path(os.path.realpath(expanded(path)))  # pathlib's raises RuntimeError for links that lead in a circle
