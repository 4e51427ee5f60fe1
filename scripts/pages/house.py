"""The house as a drawing: the storeys that lint-imports enforces, with the first line of each room's docstring."""

import ast
import html
import textwrap
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "filterviz_widget"
WIDTH, GAP, PADDING, ROOF = 700, 7, 10, 40
LINE, CHARACTER = 13.5, 5.7
"""Of a room's description: height of a line, and width of a character at most."""


def storeys() -> list[list[str]]:
    """The rooms from top to bottom, as pyproject.toml has them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = config["tool"]["importlinter"]["contracts"]
    return [[room.strip() for room in storey.split("|")] for storey in contract["layers"]]


def purpose(room: str) -> str:
    """What a room is for: the first line of its docstring."""
    path = ROOT / PACKAGE / room / "__init__.py"
    path = path if path.exists() else ROOT / PACKAGE / f"{room}.py"
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()[0].rstrip(".").replace("`", "")


def drawing() -> str:
    """An SVG in the page's own colours, to stand inline in it."""
    parts, top = list[str](), ROOF + GAP
    for rooms in storeys():
        wide = (WIDTH - (len(rooms) - 1) * GAP) / len(rooms)
        words = [textwrap.wrap(purpose(room), int((wide - 2 * PADDING) / CHARACTER)) for room in rooms]
        high = 2 * PADDING + 14 + LINE * max(map(len, words))
        for column, (room, lines) in enumerate(zip(rooms, words, strict=True)):
            parts += _room(room, lines, column * (wide + GAP), top, wide, high)
        top += high + GAP
    title = "The storeys of the package: a room uses those below it"
    return (
        f'<svg class="house" viewBox="-1 0 {WIDTH + 2} {top + 2:g}" role="img" aria-label="{title}">'
        f'<path class="roof" d="M 0 {ROOF} L {WIDTH / 2:g} 4 L {WIDTH} {ROOF} Z"/>'
        f'{"".join(parts)}<path class="ground" d="M 0 {top:g} H {WIDTH}"/></svg>'
    )


def _room(room: str, lines: list[str], left: float, top: float, wide: float, high: float) -> list[str]:
    x, y = left + PADDING, top + PADDING + 10
    return [
        f'<rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{high:g}" rx="4"/>',
        f'<text class="room" x="{x:g}" y="{y:g}">{html.escape(room)}</text>',
        *(
            f'<text x="{x:g}" y="{y + 4 + LINE * number:g}">{html.escape(line)}</text>'
            for number, line in enumerate(lines, 1)
        ),
    ]
