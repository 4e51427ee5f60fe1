"""The numbers that a person sets: what is allowed, and the words for what is not."""

import itertools
import math
import numbers
import reprlib
from typing import Any, NamedTuple

LARGEST_SEED = 2**31 - 1


class Range(NamedTuple):
    """What a number may be: from `low` to `high`, whole or not, in a unit."""

    low: float
    high: float
    whole: bool
    unit: str = ""


RANGES = {
    "step_size": Range(0.01, 1000.0, whole=False, unit=" grey levels"),
    "iterations": Range(1, 10_000, whole=True),
    "seed": Range(0, LARGEST_SEED, whole=True),
}


def fit(name: str, value: Any, allowed: Range) -> tuple[Any, str]:
    """Moves a number into its range.

    Args:
        name: What the number is called in messages.
        value: Anything.
        allowed: Its range.

    Returns:
        The nearest allowed number (int or float), and what was wrong in words: "" if nothing was.

    Raises:
        ValueError: If it is not such a number at all: another type, a fraction where a whole number is
            expected, NaN or infinite.
    """
    kind = "a whole number" if allowed.whole else "a number"
    expected = f"{name} must be {kind} from {_plain(allowed.low)} to {_plain(allowed.high)}{allowed.unit}"
    if allowed.whole and isinstance(value, float) and value.is_integer():
        value = int(value)  # JavaScript has one type for both
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if allowed.whole else numbers.Real):
        raise ValueError(f"{expected}, got {short(value)}.")
    number: float
    try:
        number = int(value) if isinstance(value, numbers.Integral) and allowed.whole else float(value)
    except OverflowError:
        number = math.inf
    if not allowed.whole and not math.isfinite(number):
        raise ValueError(f"{expected}, got {short(value)}.")
    fitted = min(max(number, allowed.low), allowed.high)
    problem = "" if fitted == number else f"{expected}, got {short(value)}; {_plain(fitted)} is used."
    return fitted, problem


def fitting(name: str, value: Any, allowed: Range) -> Any:
    """Returns a number that lies in its range, as an int or float.

    Raises:
        ValueError: If it is anything else.
    """
    fitted, problem = fit(name, value, allowed)
    if problem:
        raise ValueError(problem.rpartition(";")[0] + ".")
    return fitted


def readable(count: float) -> str:
    """A number of bytes, for a message.

    >>> readable(2_130_000_000), readable(17)
    ('2.13 GB', '17 bytes')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} bytes"


def short(value: Any) -> str:
    """What was given, for a message: in at most 60 characters, whatever it is.

    >>> short([[[[[[[[1]]]]]]]]), short("x" * 100)
    ('[[[[[[[...]]]]]]]', "'xxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxx'")
    """
    try:
        text = _SHORT.repr(value)
    except Exception:  # an integer of thousands of digits, or somebody's broken __repr__
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


class _Short(reprlib.Repr):
    """Looks at no more of a value than is shown of it; reprlib writes down all bytes, and sorts all keys."""

    MOST = 100

    def repr1(self, x: Any, level: int) -> str:
        """Called for the value and for what is in it."""
        if isinstance(x, bytes | bytearray):
            x = x[: self.MOST]
        elif isinstance(x, dict) and len(x) > self.MOST:
            x = dict(itertools.islice(x.items(), self.MOST))
        return super().repr1(x, level)


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 57


def _plain(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,g}"
