"""How a history is recorded: every choice in one frozen description, checked where it is made."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from filterviz_widget.description.method import preset
from filterviz_widget.description.ranges import RANGES, Range, fit


@dataclass(frozen=True)
class Settings:
    """The choices of a `FilterHistory`, whose documentation says what they mean; all but the probe, the layers and
    the limit of memory."""

    filters: tuple[int, ...]
    every: int
    method: str
    iterations: int
    step_size: float
    seed: int
    training: bool
    initial: bool
    batch_size: int
    strict: bool
    image_size: int | tuple[int, ...] | None
    input_range: tuple[float, float] | str


def checked(
    *,
    filters: Any,
    every: Any,
    method: Any,
    iterations: Any,
    step_size: Any,
    seed: Any,
    training: bool,
    initial: bool,
    batch_size: Any,
    strict: bool,
    image_size: Any,
    input_range: Any,
) -> Settings:
    """Checks the choices; None for iterations and step size is what suits the method.

    Raises:
        TypeError, ValueError: If one is not allowed, in words.
    """
    named = preset(method)
    wanted = [filters] if isinstance(filters, int) else list(filters) if isinstance(filters, Iterable) else None
    if wanted is None or any(isinstance(one, bool) or not hasattr(one, "__index__") or one < 0 for one in wanted):
        raise ValueError(f"filters must be whole numbers from 0, such as range(8), got {filters!r}.")
    return Settings(
        filters=tuple(dict.fromkeys(one.__index__() for one in wanted)),
        every=_whole("every", every),
        method=method,
        iterations=_allowed("iterations", named.iterations if iterations is None else iterations),
        step_size=_allowed("step_size", named.step_size if step_size is None else step_size),
        seed=_allowed("seed", seed),
        training=bool(training),
        initial=bool(initial),
        batch_size=_whole("batch_size", batch_size),
        strict=bool(strict),
        image_size=tuple(image_size) if isinstance(image_size, list | tuple) else image_size,
        input_range=input_range if input_range == "auto" else _pair(input_range),
    )


def _allowed(name: str, value: Any) -> Any:
    number, problem = fit(name, value, RANGES[name])
    if problem:
        raise ValueError(problem)
    return number


def _whole(name: str, value: Any) -> int:
    number, problem = fit(name, value, Range(1, 10**9, whole=True))
    if problem:
        raise ValueError(problem)
    return int(number)


def _pair(input_range: Any) -> tuple[float, float]:
    try:
        low, high = map(float, input_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ValueError(
            f'input_range must be "auto" or (lowest, highest) pixel value, such as (0, 255), got {input_range!r}.'
        )
    return low, high
