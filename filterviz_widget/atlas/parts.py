"""The parts of an atlas in its folder, read one by one: each must be the one that its place says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filterviz_widget.atlas.files import EXAMPLES, LAYER, SHARD, damaged, missing, read_json, shard_folder, understood


def shard(folder: Path, layer: str, address: str, first: int) -> dict[str, Any] | None:
    """What is known of the filters from `first` on; None where they are not finished.

    Args:
        folder: Of the atlas.
        layer: The layer's name.
        address: Of the layer's folder.
        first: The first filter.

    Raises:
        ValueError: If the file is damaged, or of other filters.
    """
    name = f"{shard_folder(address, first)}/{SHARD}"
    if (found := read_json(folder, name)) is None:
        return None
    with understood(folder / name):
        numbers = [entry["filter"] for entry in found["filters"]]
        if (found["layer"], numbers) != (layer, list(range(first, first + len(numbers)))):
            raise damaged(folder / name, f"it is of other filters than those of {layer} from {first} on")
    return dict(found)


def layer(folder: Path, about: dict[str, Any]) -> dict[str, Any] | None:
    """What is known of a layer; None where that is not written yet.

    Args:
        folder: Of the atlas.
        about: What atlas.json says of the layer.

    Raises:
        ValueError: If the file is damaged, or of another layer.
    """
    name = f"{about['folder']}/{LAYER}"
    if (found := read_json(folder, name)) is None:
        return None
    with understood(folder / name):
        if (found["name"], found["filters"]) != (about["name"], about["filters"]):
            raise damaged(folder / name, f"it is of another layer than {about['name']}")
    return dict(found)


def examples(folder: Path, about: dict[str, Any]) -> list[dict[str, Any]] | None:
    """For each filter of a layer the images that excite it most; None where there are none, or not yet.

    Args:
        folder: Of the atlas.
        about: What atlas.json says of the layer.

    Raises:
        ValueError: If the file is damaged, or gone.
    """
    name = f"{about['folder']}/{EXAMPLES}"
    if (found := read_json(folder, name)) is None:
        if about.get("examples"):
            raise missing(folder / name)
        return None
    with understood(folder / name):
        if len(found["filters"]) != about["filters"]:
            raise damaged(folder / name, f"it is of {len(found['filters'])} filters, not of {about['filters']}")
        return list(found["filters"])
