"""One HTML file with pictures that were made beforehand: it opens anywhere, without a kernel and without a network."""

from __future__ import annotations

import base64
import html
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget._version import __version__
from filterviz_widget.picture import image_url, jpeg, webp
from filterviz_widget.store.atomic import written_whole
from filterviz_widget.store.numbers import number
from filterviz_widget.widgets.frontend import frontend

PICTURE = 85
"""Quality of pictures that are looked at closely."""

LIGHT = 30
"""And of those that are looked at in passing: the frames of a time line are most of a page."""

FEW = 4000
"""Bytes up to which a picture keeps all its pixels."""

ALIKE = 0.9
"""Correlation with the picture from which on WebP will do: it takes least, and keeps colours at half the resolution."""

EFFORT = 4
"""Of WebP's 6 that smaller files are worth."""

DIGITS = 6
"""Of numbers, of which the views show 3."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{css}
</style>
</head>
<body class="filterviz-page">
<header><h1>{title}</h1></header>
<noscript><p>The pictures on this page are shown by a script: allow it to run JavaScript.</p></noscript>
<main><h2 class="filterviz-spoken">The filters, one by one</h2><div></div></main>
<footer><p>{about} Made with filterviz-widget {version}.</p></footer>
<script id="filterviz-data" type="application/json">{data}</script>
<script>
{script}
</script>
</body>
</html>
"""


class Images:
    """The pictures of a page, each once, however many entries show it."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def lifted(self, value: Any) -> Any:
        """Plain data with `{"$image": place}` where a picture's data URL was, and shorter numbers."""
        if isinstance(value, str) and value.startswith("data:"):
            return {"$image": self._places.setdefault(value, len(self._places))}
        if isinstance(value, Mapping):
            return {name: self.lifted(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.lifted(each) for each in value]
        return number(value, DIGITS) if isinstance(value, float) else value

    @property
    def sources(self) -> list[str]:
        """Their data URLs, in the order of their places."""
        return list(self._places)


def lighter(source: str, quality: int = PICTURE) -> str:
    """A picture's data URL in fewer bytes; "" stays what it is."""
    return url(_pixels(base64.b64decode(source.partition(",")[2])), quality) if source else source


def url(image: npt.NDArray[np.uint8], quality: int = PICTURE) -> str:
    """A picture `(height, width, 1 or 3)` as a data URL: without losses if it is small, else in that quality."""
    if len(whole := webp(image, None, EFFORT)) <= FEW:
        return image_url(whole)
    small = webp(image, quality, EFFORT)
    return image_url(small if _likeness(image, _pixels(small)) >= ALIKE else jpeg(image, quality))


def _pixels(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _likeness(image: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """The correlation of two pictures' values; of one that is all the same, 1."""
    one, two = (np.broadcast_to(each, other.shape).astype(np.float32).ravel() for each in (image, other))
    one, two = one - one.mean(), two - two.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / size if size else 1.0


def page(kind: str, title: str, about: str, content: Mapping[str, Any]) -> str:
    """The page as text.

    Args:
        kind: Whose view it is: "explorer" or "history".
        title: Its heading.
        about: A sentence at its end.
        content: `state`, the traits at first; `prepared`, what can be chosen; `keys`, the settings that can be moved;
            `entries`, by the values of these, one within the other, what changes with them.
    """
    images = Images()
    lifted = images.lifted({"kind": kind, **content})
    data = json.dumps({**lifted, "images": images.sources}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return PAGE.format(
        title=html.escape(str(title)),
        about=html.escape(about),
        version=__version__,
        css=frontend("handout.css"),
        # Within a script no text may end it.
        data=data.replace("<", "\\u003c"),
        script=frontend("handout.js").replace("</script", "<\\/script"),
    )


def kept(names: Iterable[str]) -> set[str]:
    """Those of a widget's traits that its view follows, but for what is about messages."""
    others = {"layout", "tooltip", "tabbable", "heard", "told", "working"}
    return {name for name in names if not name.startswith("_")} - others


def checked(path: str | Path | None) -> Path | None:
    """Where a page is to be written.

    Raises:
        ValueError: If the name ends in something else than `.html` or `.htm`.
        OSError: If there is no such folder, or it cannot be written.
    """
    if path is None:
        return None
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"Expected a name ending in .html, got {str(path)!r}.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.absolute().parent)!r} for {path.name!r}.")
    if not os.access(path.absolute().parent, os.W_OK):
        raise PermissionError(f"The folder {str(path.absolute().parent)!r} for {path.name!r} cannot be written.")
    return path


def handed_out(text: str, path: Path | None) -> str | None:
    """Writes the page, whole or not at all; without a path returns it."""
    if path is None:
        return text
    with written_whole(path) as file:
        file.write(text.encode("utf-8"))
    return None
