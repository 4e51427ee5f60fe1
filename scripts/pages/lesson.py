"""What came out of the lesson's tasks, as scripts/lesson_pictures.py kept it, for the page."""

import html
import json
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def kept() -> Any:
    """Rows of pictures, and figures by name."""
    return json.loads((PICTURES / "lesson.json").read_text("utf-8"))


def row(name: str) -> str:
    """A row of pictures with words below each."""
    shown = [
        f'<figure><img src="pictures/{each["file"]}" alt="" width="192" height="192" loading="lazy">'
        f"<figcaption>{html.escape(each['words'])}</figcaption></figure>"
        for each in kept()["rows"][name]
    ]
    return f'<div class="tiles" markdown="0">{"".join(shown)}</div>'


def figure(name: str) -> str:
    """One figure."""
    return str(kept()["figures"][name])
