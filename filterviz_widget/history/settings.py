"""How a history is recorded: every choice in one frozen description, checked where it is made."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from filterviz_widget.description import Method, Precision, checked_precision
from filterviz_widget.description.data import checked_kind
from filterviz_widget.description.method import OPTIONS
from filterviz_widget.description.presets import preset
from filterviz_widget.description.ranges import RANGES, Range, fitting, short
from filterviz_widget.description.reading import Array, held, named
from filterviz_widget.model.dimensions import LONGEST
from filterviz_widget.model.size import checked_size

NEWER: dict[str, Any] = {"data": "auto"}
NEWER_AXES = frozenset(["moves"])
"""What files of a history have not that were written before there was more than images."""


@dataclass(frozen=True)
class Settings:
    """The choices of a `FilterHistory`, whose documentation says what they mean; all but the probe, the layers and
    the limit of memory.

    `axes` is the method with what was changed of it; of `preprocess` there is the name (`description.reading.named`),
    and of `other_inputs` there are the values.
    """

    filters: tuple[int, ...]
    every: int
    method: str
    axes: Method
    iterations: int
    step_size: float
    seed: int
    precision: Precision | Literal["auto"]
    training: bool
    initial: bool
    batch_size: int
    strict: bool
    image_size: int | tuple[int, ...] | None
    input_range: tuple[float, float] | str
    input: str | None
    preprocess: str
    other_inputs: tuple[tuple[str, Array], ...]
    channels: tuple[int, int, int] | None
    data: str

    @property
    def how(self) -> dict[str, Any]:
        """What `Engine.describe` needs to know beside the layer and the filter: of the axes what was changed."""
        own = preset(self.method).method
        axes = {name: value for name in OPTIONS if (value := getattr(self.axes, name)) != getattr(own, name)}
        chosen = {name: getattr(self, name) for name in ("method", "iterations", "step_size", "seed", "precision")}
        return axes | chosen

    def to_json(self) -> dict[str, Any]:
        """Plain data, for `from_json`."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        others = {name: array.to_json() for name, array in self.other_inputs}
        return plain | {"axes": self.axes.options(), "other_inputs": others}

    @classmethod
    def from_json(cls, data: Any) -> "Settings":
        """The settings of what `to_json` wrote.

        Raises:
            ValueError: If it is something else, with what is wrong.
        """
        if not isinstance(data, dict) or any(not isinstance(name, str) for name in data):
            raise ValueError(f"Expected the settings by name, got {short(data)}.")
        data = NEWER | data
        own = {field.name for field in fields(cls)}
        if own != data.keys():
            raise ValueError(f"Expected the settings {', '.join(sorted(own))}; got {short(sorted(data))}.")
        for name in ("training", "initial", "strict"):
            if not isinstance(data[name], bool):
                raise ValueError(f"{name} must be true or false, got {short(data[name])}.")
        if not isinstance(data["filters"], list) or not isinstance(data["preprocess"], str):
            raise ValueError("filters must be a list, and preprocess a text.")
        if not isinstance(data["other_inputs"], dict):
            raise ValueError(f"other_inputs must be arrays by name, got {short(data['other_inputs'])}.")
        rest = {name: value for name, value in data.items() if name not in ("axes", "other_inputs")}
        axes = Method.from_options(data["axes"]).options()
        if axes.keys() != data["axes"].keys() | NEWER_AXES:
            raise ValueError(f"axes must hold {', '.join(sorted(axes))}; got {', '.join(sorted(data['axes']))}.")
        others = held(data["other_inputs"], Array.from_json)
        try:
            return checked(**rest, other_inputs={name: array.numpy() for name, array in others}, options=axes)
        except TypeError as error:
            raise ValueError(str(error)) from None


def checked(
    *,
    filters: Any,
    every: Any,
    method: Any,
    iterations: Any,
    step_size: Any,
    seed: Any,
    precision: Any,
    training: bool,
    initial: bool,
    batch_size: Any,
    strict: bool,
    image_size: Any,
    input_range: Any,
    input: Any,  # Keras' word
    preprocess: Any,
    other_inputs: Any,
    channels: Any,
    data: Any,
    options: Mapping[str, Any],
) -> Settings:
    """Checks the choices; None for iterations and step size is what suits the method.

    Raises:
        TypeError, ValueError: If one is not allowed, in words.
    """
    named_method = preset(method)
    wanted = [filters] if hasattr(filters, "__index__") else list(filters) if isinstance(filters, Iterable) else None
    if wanted is None or any(isinstance(one, bool) or not hasattr(one, "__index__") or one < 0 for one in wanted):
        raise ValueError(f"filters must be whole numbers from 0, such as range(8), got {short(filters)}.")
    return Settings(
        filters=tuple(dict.fromkeys(one.__index__() for one in wanted)),
        every=_whole("every", every),
        method=method,
        axes=named_method.method.replaced(**options),
        iterations=_allowed("iterations", named_method.iterations if iterations is None else iterations),
        step_size=float(_allowed("step_size", named_method.step_size if step_size is None else step_size)),
        seed=_allowed("seed", seed),
        precision=checked_precision(precision),
        training=bool(training),
        initial=bool(initial),
        batch_size=_whole("batch_size", batch_size),
        strict=bool(strict),
        image_size=_size(image_size),
        input_range=input_range if isinstance(input_range, str) and input_range == "auto" else _pair(input_range),
        input=_name(input),
        preprocess=named(_preprocess(preprocess)),
        other_inputs=_others(other_inputs),
        channels=_triple(channels),
        data=checked_kind(data),
    )


def refuse_unknown(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuses arguments that are neither a method's axes nor among `known`.

    Raises:
        TypeError: With the nearest known name.
    """
    names = [*OPTIONS, *known]
    for name in options:
        if name not in OPTIONS:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(sorted(names))}."
            raise TypeError(f"FilterHistory got an unknown argument {name!r}. {hint}")


def _allowed(name: str, value: Any) -> Any:
    return fitting(name, value, RANGES[name])


def _whole(name: str, value: Any) -> int:
    return int(fitting(name, value, Range(1, 10**9, whole=True)))


def _size(image_size: Any) -> int | tuple[int, ...] | None:
    if image_size is None:
        return None
    height, width = checked_size(image_size, LONGEST)  # perhaps a signal's: the model is not known yet
    return (height, width) if isinstance(image_size, list | tuple) else height


def _pair(input_range: Any) -> tuple[float, float]:
    try:
        low, high = map(float, input_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not -float("inf") < low < high < float("inf"):
        raise ValueError(
            f'input_range must be "auto" or (lowest, highest) pixel value, such as (0, 255), got {short(input_range)}.'
        )
    return low, high


def _name(input: Any) -> str | None:
    if input is not None and not isinstance(input, str):
        raise TypeError(f"input must be the name of an input of the model, got {short(input)}.")
    return input


def _preprocess(preprocess: Any) -> Any:
    if preprocess is not None and not isinstance(preprocess, str) and not callable(preprocess):
        raise TypeError(f'preprocess must be a function, "caffe", "tf" or "torch", got {short(preprocess)}.')
    return preprocess


def _others(other_inputs: Any) -> tuple[tuple[str, Array], ...]:
    if other_inputs is not None and not isinstance(other_inputs, Mapping):
        raise TypeError(f"other_inputs must be a dictionary of arrays by the input's name, got {short(other_inputs)}.")
    return held(other_inputs)


def _triple(channels: Any) -> tuple[int, int, int] | None:
    if channels is None:
        return None
    try:
        red, green, blue = (each.__index__() for each in channels)
    except (TypeError, ValueError, AttributeError):
        red = green = blue = -1
    if min(red, green, blue) < 0:
        raise ValueError(
            f"channels must be three channel numbers from 0, for red, green and blue; got {short(channels)}."
        )
    return red, green, blue
