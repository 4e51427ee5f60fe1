"""The gallery: a page for each notebook that is there, and one that leads to them. A new one needs no edit."""

import html
from collections.abc import Iterator
from pathlib import Path

from scripts.pages.notebook import Notebook, read

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ORDER = ("quickstart", "whole", "training", "own_photo", "fine_tuning", "dead_filters")
"""Those that come first, in this order; others follow by name."""


def notebooks() -> list[Notebook]:
    """All notebooks, in the order in which they are to be read."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    place = {name: number for number, name in enumerate(ORDER)}
    return [read(path) for path in sorted(paths, key=lambda path: place.get(path.stem, len(ORDER)))]


def cards(found: list[Notebook]) -> str:
    """What leads to them: the first picture of each, its title and a sentence."""
    return '<div class="gallery">' + "".join(_card(each, number) for number, each in enumerate(found)) + "</div>"


def _card(notebook: Notebook, number: int) -> str:
    # One that was stored without outputs gets a picture of another page.
    picture = next(iter(notebook.files), f"../pictures/lesson-layers-{1 + number % 6}.webp")
    shown = f'<img src="{picture}" alt="" loading="lazy">'
    title, about = html.escape(notebook.title), html.escape(notebook.about.replace("`", ""))
    return f'<a class="card" href="{notebook.name}.html">{shown}<b>{title}</b><span>{about}</span></a>'


def files(found: list[Notebook]) -> Iterator[tuple[str, str | bytes]]:
    """Pages and pictures by their place in the site."""
    for each in found:
        yield f"gallery/{each.name}.md", each.page
        yield f"gallery/{each.name}.ipynb", (NOTEBOOKS / f"{each.name}.ipynb").read_bytes()
        for name, content in each.files.items():
            yield f"gallery/{name}", content
