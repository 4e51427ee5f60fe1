"""What is stored of a notebook that was run: its outputs, with a still picture in the place of each widget."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

WIDGET = "application/vnd.jupyter.widget-view+json"

LARGEST = 150_000
"""Bytes of a picture, in JSON a third more: GitHub shows notebooks slowly or not at all that have many megabytes."""

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Still(NamedTuple):
    """A picture of a widget as it stood, and in words what it shows."""

    png: bytes
    words: str


def stored(
    notebook: Mapping[str, Any], stills: Mapping[str, Sequence[Still]], private: Sequence[str | Path] = ()
) -> dict[str, Any]:
    """What is kept of a notebook.

    The widget's own entry is left out: without a kernel JupyterLab and VS Code would show "model not found" in place of
    the picture, and `nbconvert` nothing at all. When the cell is run again, the widget is there.

    Args:
        notebook: As Jupyter has saved it, of format 4.
        stills: By the cell's id, a picture for each of its widgets.
        private: Paths that must not be in it.

    Raises:
        ValueError: If there is an error, a warning or a private path in an output, or not a picture for each widget.
    """
    cells = [_cell(cell, list(stills.get(cell["id"], ()))) for cell in notebook["cells"]]
    for cell in cells:
        for output in cell.get("outputs", ()):
            words = str({**output, "data": {**output.get("data", {}), "image/png": ""}})
            if output["output_type"] == "error" or output.get("name") == "stderr" or "WARNING" in words:
                raise ValueError(f"Cell {cell['id']} has an error or a warning in its output: {words[:2000]}")
            if found := [str(path) for path in private if str(path) in words]:
                raise ValueError(f"Cell {cell['id']} shows {found[0]} in its output.")
    return {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: Mapping[str, Any], stills: list[Still]) -> dict[str, Any]:
    kept = {name: cell[name] for name in ("cell_type", "id", "source")}
    tags = cell["metadata"].get("tags")
    kept["metadata"] = {"tags": tags} if tags else {}
    if cell["cell_type"] == "code":
        kept["execution_count"] = cell["execution_count"]
        kept["outputs"] = _joined([_output(output, stills) for output in cell["outputs"]])
        if stills:
            raise ValueError(f"Cell {cell['id']} has more pictures of widgets than widgets.")
    return dict(sorted(kept.items()))


def _output(output: Mapping[str, Any], stills: list[Still]) -> dict[str, Any]:
    kept = dict(output)
    data = dict(kept.get("data", {}))
    if WIDGET in data:
        if not stills:
            raise ValueError(f"There is no picture of {data.get('text/plain')}.")
        still = stills.pop(0)
        kept["data"] = {"image/png": _text(small(still.png)), "text/plain": still.words}
        kept["metadata"] = {"image/png": {"alt": still.words}}
    elif "image/png" in data:
        png = base64.b64decode("".join(data["image/png"]))
        kept["data"] = {**data, "image/png": _text(small(png))}
    return kept


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Text that came in several messages as one."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] = "".join(before["text"]) + "".join(output["text"])
        else:
            joined.append(output)
    return joined


def small(png: bytes) -> bytes:
    """A picture with a palette, and with fewer colours and pixels until it is small enough.

    Without k-means, small things lose their colour: the palette is spent on what covers many pixels.
    """
    with Image.open(io.BytesIO(png)) as opened:
        rgba = opened.convert("RGBA")
    whole = Image.new("RGB", rgba.size, "white")
    whole.paste(rgba, mask=rgba.getchannel("A"))
    best = png
    for share, colours in ((1, 256), (1, 128), (0.85, 128), (0.7, 128), (0.6, 64), (0.5, 64)):
        image = whole.resize([round(share * side) for side in whole.size], Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.quantize(colours, kmeans=4).save(buffer, "PNG", optimize=True)
        best = min(best, buffer.getvalue(), key=len)
        if len(best) <= LARGEST:
            break
    return best


def _text(png: bytes) -> str:
    return base64.b64encode(png).decode() + "\n"
