"""What a row of the soak found: figures, and promises with whether they were kept."""

from typing import Any

MOST_EXAMPLES = 5
"""Of what broke a promise, in words, that are kept."""


class Found:
    """Figures, promises and examples of one row, as JSON in `state`."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"figures": {}, "promises": {}, "broken": []}

    def figure(self, name: str, value: Any) -> None:
        """Notes a figure that nothing is promised about."""
        self.state["figures"][name] = _short(value)

    def at_most(self, name: str, value: float, most: float, *, time: bool = False) -> None:
        """Notes a figure that is promised to be no larger than `most`; `time` if it is one, which no test asserts."""
        kept = bool(value <= most)  # NaN is not
        self.state["promises"][name] = {"found": _short(value), "at most": most, "kept": kept, "time": time}

    def none(self, name: str, broken: list[str]) -> None:
        """Notes how often something happened that is promised never to happen, with examples."""
        self.at_most(name, len(broken), 0)
        self.state["broken"] += [f"{name}: {each}"[:500] for each in broken[:MOST_EXAMPLES]]


def _short(value: Any) -> Any:
    """Four significant digits are enough."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
