"""The files of an atlas: where they lie, and how they are written, whole or not at all (docs/atlas-format.md)."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from filterviz_widget.description.ranges import short
from filterviz_widget.store.atomic import written_whole
from filterviz_widget.store.paths import full

FORMAT = 1
"""Of docs/atlas-format.md."""

PAGE = 32
"""Filters of a shard."""

TILE = 128
"""Side of a tile of the sheet, in pixels."""

DIGITS = 6
"""Of a number: as many as a reader has use for."""

COLUMNS = 8
"""Tiles in a row."""

ATLAS, NETWORK, LAYER, SHARD, EXAMPLES = "atlas.json", "network.json", "layer.json", "shard.json", "examples.json"

WITH_DIGEST = re.compile(rb'(.*)"digest":"([0-9a-f]{32})"}\s*', re.DOTALL)
"""A JSON file that ends with the digest of what it would be without; what is white may be changed by other programs."""

_DAMAGED = " is damaged: "

WORK = ".work"
"""A folder in the atlas for what is needed while it is made."""


def layer_folder(place: int, name: str) -> str:
    """The address of a layer's folder; `place` is the layer's in the atlas, from 0."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return f"layers/{place:02d}-{plain}"


def shard_folder(layer: str, first: int) -> str:
    """The address of a shard's folder, in that of its layer."""
    return f"{layer}/{first:05d}"


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(data)


def write_json(folder: Path, name: str, data: dict[str, Any]) -> None:
    """Writes a JSON file with its digest and, before it, its twin, which a page can run where it may not read files."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text = f'{text[:-1]}{"," if data else ""}"digest":"{_digest(name, text.encode())}"}}'
    # In a script these two end a line, and "</" might end the script where somebody puts it into a page.
    script = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("</", "<\\/")
    write_bytes(folder / f"{name}.js", f"filterviz_atlas({json.dumps(name)},{script});\n".encode())
    write_bytes(folder / name, f"{text}\n".encode())


def read_json(folder: Path, name: str) -> dict[str, Any] | None:
    """What `write_json` wrote, less the digest; None where there is no such file.

    A file without a digest was written by another program, or before there were any, and is taken as it is.

    Raises:
        ValueError: If the file is something else, or not as it was written.
    """
    path = inside(folder, name)
    try:
        data = path.read_bytes()
        found = json.loads(data)
        if not isinstance(found, dict):
            raise ValueError(f"it holds {short(found)}")
        if found.pop("digest", None) is not None:
            told = WITH_DIGEST.fullmatch(data)
            if told is None or told[2].decode() != _digest(name, told[1].removesuffix(b",") + b"}"):
                raise ValueError("it is not as it was written, or not in its place")
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from None
    return found


def inside(folder: Path, address: Any) -> Path:
    """The path of a file of the atlas.

    Raises:
        ValueError: If the address leads out of the folder.
    """
    if (
        not isinstance(address, str)
        or "\0" in address
        or not _is_below(address)
        or not full(folder / address).is_relative_to(full(folder))  # a link may lead out of it
    ):
        raise ValueError(f"The atlas in {str(folder)!r} is damaged: expected an address in it, got {short(address)}.")
    return folder / address


@contextlib.contextmanager
def understood(path: Path) -> Iterator[None]:
    """Says of which file it is that something in it is missing or of another kind.

    Raises:
        ValueError: In place of what Python raises there.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
        if _DAMAGED in str(error):  # which says already of which file it is
            raise
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def damaged(path: Path, why: object) -> ValueError:
    """What is said of a file that is not as it was written."""
    return ValueError(f"{str(path)!r}{_DAMAGED}{why}. Expected what Atlas.make wrote. Delete it, and it is made again.")


def missing(path: Path) -> ValueError:
    """What is said where a finished file is gone."""
    return ValueError(f"{str(path)!r} is missing. Expected what Atlas.make wrote. Run it again, and it is made again.")


def _digest(address: str, text: bytes) -> str:
    return hashlib.sha256(f"{address}\n".encode() + text).hexdigest()[:32]


def _is_below(address: str) -> bool:
    return not any(
        path.is_absolute() or path.drive or ".." in path.parts
        for path in (PurePosixPath(address), PureWindowsPath(address))
    )
