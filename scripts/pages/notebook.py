"""A notebook as it was stored, as a page in Markdown with its pictures as files; nothing is run."""

import base64
import html
import io
import json
import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

PICTURES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg", "image/gif": "gif"}
WIDGET = "application/vnd.jupyter.widget-view+json"
SHORT = 140
"""Characters of what is said of a notebook where it is listed."""

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Notebook(NamedTuple):
    """What the site shows of one.

    Attributes:
        name: Of its file, without the ending.
        title: Its first heading.
        about: How the first paragraph below that begins.
        page: The page.
        files: Contents of the pictures by name, which the page refers to.
    """

    name: str
    title: str
    about: str
    page: str
    files: dict[str, bytes]


def read(path: Path) -> Notebook:
    """Reads a stored notebook."""
    stored = json.loads(path.read_text("utf-8"))
    name, files, parts = path.stem, dict[str, bytes](), list[str]()
    for cell in stored["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code" and source.strip():
            parts.append(f"```python\n{source.rstrip()}\n```")
            parts += [shown for each in cell["outputs"] if (shown := _output(each, name, files))]
    words = "\n\n".join(part for part in parts if not part.startswith("```"))
    title = next(iter(re.findall(r"^# (.+)$", words, re.MULTILINE)), name)
    first = next((line for line in re.split(r"\n\s*\n", words) if line.strip() and not line.startswith("#")), "")
    about = textwrap.shorten(re.sub(r"\[([^]]*)\]\([^)]*\)|[*`]", r"\1", first), SHORT, placeholder=" …")
    page = "\n\n".join([*parts, f'[Download the notebook]({name}.ipynb){{ .download download="{name}.ipynb" }}'])
    return Notebook(name, title, about, page + "\n", files)


def _output(output: dict[str, Any], name: str, files: dict[str, bytes]) -> str:
    if output["output_type"] == "stream":
        return _text("".join(output["text"])) if output["name"] == "stdout" else ""
    if output["output_type"] == "error":
        return _text("\n".join(output["traceback"]))
    data = {kind: "".join(each) if isinstance(each, list) else each for kind, each in output["data"].items()}
    for kind, ending in PICTURES.items():
        if kind in data:
            file = f"{name}-{len(files) + 1}.{ending}"
            files[file] = base64.b64decode(data[kind])
            width, height = Image.open(io.BytesIO(files[file])).size  # so that nothing jumps when it comes
            return f'![What the cell shows]({file}){{ .output loading="lazy" width="{width}" height="{height}" }}'
    if "image/svg+xml" in data:
        return f'<div class="output" markdown="0">{data["image/svg+xml"]}</div>'
    if WIDGET in data:
        return '<p class="output widget">A live widget: run the notebook to see it.</p>'
    if "text/html" in data:
        return f'<div class="output" markdown="0">{data["text/html"]}</div>'
    return _text(data.get("text/markdown") or data.get("text/plain", ""))


def _text(text: str) -> str:
    text = ANSI.sub("", text).rstrip()
    return f'<pre class="output" markdown="0">{html.escape(text)}</pre>' if text else ""
