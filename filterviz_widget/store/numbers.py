"""Numbers as JSON has them: it knows no NaN and no infinity, and each digit is a byte of every message and file."""

import math
from collections.abc import Iterable

FLOAT32, FLOAT64 = 9, 17
"""Digits that tell all numbers of that kind apart."""


def number(value: float, digits: int = FLOAT32) -> float | None:
    """A number in so many digits; None for what is none.

    >>> number(0.1 + 0.2), number(float("nan"))
    (0.3, None)
    """
    return float(f"{float(value):.{digits}g}") if math.isfinite(value) else None


def numbers(values: Iterable[float], digits: int = FLOAT32) -> list[float | None]:
    """Several of them."""
    return [number(each, digits) for each in values]
