"""What a page may send that nobody should: for settings, for custom messages, and in place of a message."""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from filterviz_widget.description.method import OPTIONS

MEGABYTE = 1_000_000

KINDS = (
    *("hello", "bye", "news", "cancel", "run", "sheet", "attention", "photo", "pin", "unpin", "swap", "save"),
    *("file", "stop", "receipt"),
)
"""Of custom messages that some widget of the package hears."""

ARGUMENTS = ("since", "pages", "row", "column", "name", "kind", "path", "id", "msg", "view", "number", "at")
"""What such messages have."""


def nested(depth: int, inside: Any = None, dictionary: bool = False) -> Any:
    """Lists, or dictionaries, in one another."""
    for _ in range(depth):
        inside = {"a": inside} if dictionary else [inside]
    return inside


MAKERS: tuple[Callable[[Random], Any], ...] = (
    lambda _: None,
    lambda random: random.choice([True, False]),
    lambda random: random.choice([-1, 0, 1, 3, 2**31, 2**63, 2**64, -(2**63)]),
    lambda random: random.choice([1, -1]) * 10 ** random.choice([30, 400, 4000]),
    lambda random: random.choice([math.nan, math.inf, -math.inf, -0.0, 0.5, 1e308, 5e-324]),
    lambda random: random.choice(["", "first", "second", "3", "1e9", "NaN", "__class__", "IPY_MODEL_", "../x.json"]),
    lambda random: random.choice(
        ["<img src=x onerror=alert(1)>", "</script><script>", "${7*7}", "\0", "\u202e", "\x1b"]
    ),
    lambda _: "\ud800",  # half a character: JSON may have it, and UTF-8 has not
    lambda random: random.choice(["x", "\U0001f98a", "<b>"]) * (MEGABYTE // random.choice([1, 4])),
    lambda random: nested(random.choice([50, 900, 5000]), dictionary=random.random() < 0.5),
    lambda random: random.choice([b"", b"\xff\xfe", bytes(MEGABYTE), memoryview(b"123"), bytearray(b"1")]),
    lambda random: [random.choice([0, 1.5, "a", None, [], {}])] * random.choice([0, 1, 70, 10_000]),
    lambda random: {str(number): number for number in range(random.choice([0, 1, 10_000]))},
    lambda random: [[random.choice([0, 1, 10**400, math.nan, "x"]), random.choice([1, math.inf, 10**400])]] * 3,
    lambda random: {"x" * MEGABYTE: 1, "\ud800": {}},
)


def value(random: Random) -> Any:
    """Anything."""
    return random.choice(MAKERS)(random)


def settings(random: Random, names: Sequence[str]) -> dict[str, Any]:
    """One to three of the widget's traits, with anything in them."""
    made: dict[str, Any] = {}
    for name in random.sample(names, random.randint(1, min(3, len(names)))):
        if name == "options" and random.random() < 0.7:
            made[name] = {axis: value(random) for axis in random.sample(OPTIONS, 2)}
        else:
            made[name] = value(random)
    return made


def custom(random: Random) -> Any:
    """A custom message of some kind that a widget hears, or of none, with anything beside it."""
    kind = random.choice(KINDS) if random.random() < 0.8 else value(random)
    content = {"type": kind, **{name: value(random) for name in random.sample(ARGUMENTS, 3)}}
    return content if random.random() < 0.95 else value(random)


def message(random: Random, names: Sequence[str]) -> tuple[Any, list[Any]]:
    """What comes over the wire, and the buffers beside it."""
    buffers = [random.choice([b"", b"x", bytes(1000), memoryview(b"12")])] * random.choice([0, 0, 0, 1, 3])
    way = random.random()
    if way < 0.5:
        data: Any = {"method": "update", "state": settings(random, names)}
        if buffers:
            data["buffer_paths"] = random.choice(
                [value(random), [[random.choice(names)]], [["options", "jitter"]], [[]], [[0, "x"]] * 3]
            )
    elif way < 0.9:
        data = {"method": "custom", "content": custom(random)}
    elif way < 0.95:
        data = {"method": random.choice(["update", "custom", "request_state"])}
    else:
        data = random.choice([{"method": value(random)}, value(random), {"method": "update", "state": value(random)}])
    return data, buffers
