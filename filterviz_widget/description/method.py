"""The ways to ascend: every axis of the method in one frozen description, and the presets that have names."""

import difflib
import math
import numbers
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple, get_args

Objective = Literal["mean", "center", "layer"]
Parameterization = Literal["pixels", "fourier", "phase"]
Update = Literal["normalized", "adam"]

LARGEST = {
    "jitter": 64.0,
    "scale": 0.5,
    "rotation": 180.0,
    "blur": 8.0,
    "l2": 100.0,
    "total_variation": 100.0,
    "diversity": 100.0,
}
"""Highest value of each amount; the lowest is 0, which turns it off."""

MOST_OCTAVES = 6


@dataclass(frozen=True)
class Method:
    """How the picture is sought. The default is the plain ascent.

    Attributes:
        objective: What is maximised: "mean" of the filter's feature map, its "center" position, or the mean
            square of the whole "layer" (Mordvintsev et al. 2015, DeepDream).
        sign: 1 seeks what excites, -1 what inhibits.
        direction: Weights of several filters, `((filter, weight), ...)`, in place of the one filter.
        parameterization: What is optimised: the "pixels"; their "fourier" coefficients with decorrelated
            colour, so that all spatial frequencies move alike (Olah et al. 2017, "Feature Visualization");
            or only the "phase" of the coefficients, while their magnitude stays that of natural images (Fel
            et al. 2023, MaCo, arXiv 2306.06805).
        update: "normalized" takes steps of equal size along the gradient; "adam" is Kingma and Ba 2014.
        jitter: Random shift before the model sees the image, up to so many pixels.
        scale: Random enlarging and shrinking, up to this share.
        rotation: Random rotation, up to so many degrees.
        blur: Random Gaussian blur, up to this standard deviation in pixels.
        octaves: How many sizes the image passes through, each 1.4 times the last, ending with its own.
        l2: Weight of the penalty on the mean square of the contrast.
        total_variation: Weight of the penalty on the mean absolute difference between neighbours.
        diversity: Weight of the penalty on likeness (of the layer's Gram matrices) within a batch.

    Weights of penalties are relative to the activation's gradient, which is scaled to an RMS of 1 first, so
    that one weight means the same for every layer.

    Example:

    >>> METHODS["robust"].replaced(jitter=16)
    """

    objective: Objective = "mean"
    sign: int = 1
    direction: tuple[tuple[int, float], ...] = ()
    parameterization: Parameterization = "pixels"
    update: Update = "normalized"
    jitter: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    blur: float = 0.0
    octaves: int = 1
    l2: float = 0.0
    total_variation: float = 0.0
    diversity: float = 0.0

    def replaced(self, **options: Any) -> "Method":
        """Returns the method with some axes changed.

        Raises:
            TypeError: For an unknown axis.
            ValueError: For a value that the axis does not take.
        """
        return replace(self, **{name: check_option(name, value) for name, value in options.items()})

    def options(self) -> dict[str, Any]:
        """The axes by name, as JSON has them: lists for tuples."""
        return {name: getattr(self, name) for name in OPTIONS} | {"direction": [list(each) for each in self.direction]}

    @property
    def kind(self) -> tuple[object, ...]:
        """What one compiled ascent can do: methods that differ in numbers only share it."""
        amounts = self.transforms, self.blur > 0, self.l2 > 0 or self.total_variation > 0, self.diversity > 0
        return self.objective, self.parameterization, self.update, *amounts

    @property
    def transforms(self) -> bool:
        """Whether the model sees randomly moved images."""
        return self.jitter > 0 or self.scale > 0 or self.rotation > 0

    @property
    def regularizes(self) -> bool:
        """Whether anything but the activation has a say in where the image goes."""
        return self.l2 > 0 or self.total_variation > 0 or self.diversity > 0


CLASSIC = Method()


class Preset(NamedTuple):
    """A method with a name, and the numbers it works well with."""

    method: Method
    step_size: float
    iterations: int


PRESETS = {
    "classic": Preset(CLASSIC, 1.0, 20),
    "robust": Preset(
        Method(parameterization="fourier", update="adam", jitter=8.0, scale=0.15, rotation=12.0),
        0.5,
        80,
    ),
    "natural": Preset(
        Method(parameterization="phase", update="adam", jitter=6.0, scale=0.25, rotation=6.0),
        10.0,
        100,
    ),
}
"""`classic` is the plain ascent as published in 2016; `robust` is Olah et al. 2017; `natural` is MaCo (2023).

The numbers of `robust` were measured on the flower model (`benchmarks/quality.py`): with wide moves and small steps its
pictures reach a little less, but hold more of it when moved and are a little more the filter's own.
"""

OPTIONS = tuple(field.name for field in fields(Method))
CHOICES: dict[str, tuple[Any, ...]] = {
    "objective": get_args(Objective),
    "sign": (1, -1),
    "parameterization": get_args(Parameterization),
    "update": get_args(Update),
    "octaves": tuple(range(1, MOST_OCTAVES + 1)),
}


def preset(name: Any) -> Preset:
    """Looks a preset up.

    Raises:
        ValueError: If there is none of that name.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"method must be one of {', '.join(map(repr, PRESETS))}, got {name!r}.")
    return PRESETS[name]


def check_option(name: str, value: Any) -> Any:
    """Returns the value of one axis as `Method` holds it.

    Raises:
        TypeError: For an unknown axis.
        ValueError: For a value that the axis does not take.
    """
    if name not in OPTIONS:
        close = difflib.get_close_matches(name, OPTIONS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(OPTIONS)}."
        raise TypeError(f"There is no option {name!r}; {hint}")
    if name == "direction":
        return _check_direction(value)
    if choices := CHOICES.get(name):
        if isinstance(value, bool) or value not in choices:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}.")
        return choices[choices.index(value)]
    largest = LARGEST[name]
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= float(value) <= largest:
        raise ValueError(f"{name} must be a number from 0 to {largest:g}, got {value!r}.")
    return float(value)


def _check_direction(value: Any) -> tuple[tuple[int, float], ...]:
    pairs = value.items() if isinstance(value, dict) else value
    try:
        checked = tuple((number.__index__(), float(weight)) for number, weight in pairs)
    except (TypeError, ValueError, AttributeError):
        raise ValueError(f"direction must be weights of filters, such as {{3: 1.0, 7: -0.5}}, got {value!r}.") from None
    if any(number < 0 or not math.isfinite(weight) for number, weight in checked):
        raise ValueError(f"direction must have filters from 0 and finite weights, got {value!r}.")
    return checked


def inapplicable(method: Method, kind: str) -> dict[str, str]:
    """Says which settings have no effect, and why.

    Args:
        method: The method in force.
        kind: The layer's: "convolution", "units" or "other".
    """
    reasons: dict[str, str] = {}
    if kind == "units":
        if method.objective != "layer":  # from which there is a way back to the one unit
            reasons["objective"] = "Units have no positions: there is no mean to take, and no centre."
        reasons["octaves"] = "Units see the whole image, at its own size only."
    if method.objective == "layer":
        reasons["filter"] = "The objective is the whole layer."
        reasons["direction"] = "The objective is the whole layer."
    elif method.direction:
        reasons["filter"] = "The objective is a direction of several filters."
    if method.parameterization == "phase":
        reasons["l2"] = "With fixed magnitudes the contrast cannot fade."
    reasons["diversity"] = "Diversity needs several pictures at once: visualize_facets(model, layer, filter)."
    return reasons
