"""An axis of the method, declared once: its name, group, unit, reach, limit and words, for checks, page and docs."""

import dataclasses
import math
import numbers
from typing import Any, NamedTuple

from filterviz_widget.description.ranges import short


class Axis(NamedTuple):
    """What an axis can be, and how it is called.

    Attributes:
        name: Of the field.
        label: On the page.
        help: A sentence for the tooltip and the documentation.
        group: Under which heading the page offers it; "" where it does not.
        unit: Of an amount.
        high: The highest value of an amount; the lowest is 0, which turns it off. 0 for an axis of few values.
        reach: How far an amount's slider goes; its number box goes on.
        step: Of the slider.
        whole: Whether an amount is a count; None, too, turns it off.
        words: The values of an axis that is no amount, each with its word.
    """

    name: str
    label: str
    help: str
    group: str
    unit: str = ""
    high: float = 0.0
    reach: float = 0.0
    step: float = 0.0
    whole: bool = False
    words: tuple[tuple[Any, str], ...] = ()

    @property
    def is_amount(self) -> bool:
        """Whether it is a number from 0 to `high`."""
        return self.high > 0

    @property
    def values(self) -> str:
        """What it can be, in words."""
        if self.is_amount:
            unit = f" {self.unit}" if self.unit else ""
            return f"0 to {self.high:g}{unit}"
        return ", ".join(repr(value) for value, _ in self.words)

    def check(self, value: Any) -> Any:
        """Returns the value as `Method` holds it.

        Raises:
            ValueError: If the axis does not take it.
        """
        if not self.is_amount:
            for known, _ in self.words:
                if type(value) in (str, int, float) and value == known:
                    return known
            raise ValueError(f"{self.name} must be one of {self.values}, got {short(value)}.")
        if value is None and self.whole:
            return 0
        try:
            number = math.nan if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
        except OverflowError:
            number = math.inf
        if not 0 <= number <= self.high or (self.whole and not number.is_integer()):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"{self.name} must be {kind} from 0 to {self.high:g}, got {short(value)}.")
        return int(number) if self.whole else number

    def to_json(self) -> dict[str, Any]:
        """What the page needs to offer it."""
        about: dict[str, Any] = {"name": self.name, "label": self.label, "help": self.help, "group": self.group}
        if self.is_amount:
            return about | {"unit": self.unit, "low": 0, "high": self.high, "reach": self.reach, "step": self.step}
        return about | {"choices": [list(each) for each in self.words]}


def choice(words: dict[Any, str], label: str, help: str, *, group: str) -> Any:
    """A field of few values, the first of them its default."""
    return dataclasses.field(
        default=next(iter(words)),
        metadata={"axis": {"label": label, "help": help, "group": group, "words": tuple(words.items())}},
    )


def amount(
    label: str, help: str, *, group: str, high: float, reach: float, step: float, unit: str = "", whole: bool = False
) -> Any:
    """A field for a number from 0, its default, to `high`."""
    about = {"label": label, "help": help, "group": group, "unit": unit, "high": high, "reach": reach, "step": step}
    return dataclasses.field(default=0 if whole else 0.0, metadata={"axis": about | {"whole": whole}})


def axes_of(kind: Any) -> dict[str, Axis]:
    """The axes that the fields of a dataclass declare, by name."""
    return {
        field.name: Axis(field.name, **field.metadata["axis"])
        for field in dataclasses.fields(kind)
        if "axis" in field.metadata
    }
