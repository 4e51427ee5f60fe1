"""What lies in a folder: an atlas, nothing, or something else that must not be touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filterviz_widget.atlas.files import ATLAS, FORMAT, read_json
from filterviz_widget.description.ranges import short


def known(folder: Path) -> dict[str, Any] | None:
    """What atlas.json says; None where there is none.

    Raises:
        ValueError: If it is damaged, or of something else, or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is a file. Expected a folder for the atlas.")
    found = read_json(folder, ATLAS)
    if found is not None:
        if not isinstance(found, dict) or "format" not in found:
            raise ValueError(f"{str(folder / ATLAS)!r} is of something else.")
        if found["format"] != FORMAT:
            raise ValueError(
                f"The atlas in {str(folder)!r} has format {found['format']!r}, made by {found.get('made_by')}; this "
                f"version reads {FORMAT}."
            )
        return found
    return None


def check_is_free(folder: Path) -> None:
    """Refuses a folder that holds something else than what an interrupted atlas leaves.

    Raises:
        ValueError: With what it holds.
    """
    others = [each.name for each in folder.iterdir() if not each.name.startswith(".")] if folder.is_dir() else []
    # The page comes first of all, and of it the script.
    own = {"index.html", "site.js", "site.css", "network.json", "network.json.js", "layers", "photos", "atlas.json.js"}
    if others and ("site.js" not in others or not own.issuperset(others)):
        raise ValueError(
            f"{str(folder)!r} holds something else, such as {others[0]!r}. Expected an empty folder or an atlas."
        )


def difference(folder: Path, known: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Why an atlas is another one."""
    flat = [{**each, **each["reading"], **each["settings"], "images": _digest(each)} for each in (known, wanted)]
    names = [name for name in flat[1] if name not in ("key", "settings", "layers", "reading", "filters")]
    differing = [name for name in names if flat[0].get(name) != flat[1][name]]
    layers = [[each["name"] for each in about["layers"]] for about in (known, wanted)]
    differing += ["layers"] * (layers[0] != layers[1])
    opaque = ("layers", "weights", "images")  # lists and digests, of which nobody wants to read
    told = ", ".join(
        name if name in opaque else f"{name} ({short(flat[0].get(name))} there, {short(flat[1][name])} here)"
        for name in differing[:4]
    )
    told = told or "its architecture or its version"
    return (
        f"{str(folder)!r} holds another atlas: {told} differ. Nothing was changed. Give another folder, or the model "
        "and settings that it was begun with."
    )


def _digest(about: dict[str, Any]) -> Any:
    return about["images"] and about["images"]["digest"]
