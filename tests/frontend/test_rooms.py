"""The front end's rooms: each uses those below it, never those above or beside it."""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "js" / "src"
BELOW = {
    "base": set(),
    "host": {"base"},
    "controls": {"base", "host"},
    "panels": {"base"},  # a panel takes what is shown, and knows no host
    "views": {"base", "host", "controls", "panels"},
}


def test_there_are_no_other_rooms() -> None:
    assert {path.relative_to(SOURCES).parts[0] for path in SOURCES.rglob("*") if path.is_file()} == set(BELOW)


@pytest.mark.parametrize("room", BELOW)
def test_a_room_uses_those_below_it(room: str) -> None:
    used = {
        other
        for path in (SOURCES / room).iterdir()
        for other in re.findall(r'(?:from|@import) "\.\./(\w+)/', path.read_text("utf-8"))
    }
    assert used <= BELOW[room]


def test_every_file_says_first_what_it_is_for() -> None:
    beginning = {".ts": "// ", ".css": "/* "}
    silent = [
        path.name for path in SOURCES.rglob("*.*") if not path.read_text("utf-8").startswith(beginning[path.suffix])
    ]
    assert silent == []
