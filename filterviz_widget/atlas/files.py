"""The files of an atlas: where they lie, and how they are written, whole or not at all (docs/atlas-format.md)."""

import json
import math
import re
from pathlib import Path
from typing import Any

from filterviz_widget.store.atomic import written_whole

FORMAT = 1
"""Of docs/atlas-format.md."""

PAGE = 32
"""Filters of a shard."""

TILE = 128
"""Side of a tile of the sheet, in pixels."""

COLUMNS = 8
"""Tiles in a row."""

ATLAS, NETWORK, LAYER, SHARD, EXAMPLES = "atlas.json", "network.json", "layer.json", "shard.json", "examples.json"

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


def write_json(folder: Path, name: str, data: Any) -> None:
    """Writes a JSON file and, before it, its twin, which a page can run where it may not read files."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # In a script these two end a line, and "</" might end the script where somebody puts it into a page.
    script = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("</", "<\\/")
    write_bytes(folder / f"{name}.js", f"filterviz_atlas({json.dumps(name)},{script});\n".encode())
    write_bytes(folder / name, f"{text}\n".encode())


def read_json(folder: Path, name: str) -> Any:
    """What `write_json` wrote; None where there is no such file.

    Raises:
        ValueError: If the file is something else.
    """
    try:
        return json.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{str(folder / name)!r} is damaged: {error}. Delete it, and it is made again.") from None


def number(value: Any, digits: int = 6) -> float | None:
    """A number in as many digits as a reader has use for, as JSON has it, which knows no NaN."""
    return float(f"{float(value):.{digits}g}") if math.isfinite(value) else None


def numbers(values: Any) -> list[float | None]:
    """Several of them."""
    return [number(each) for each in values]
