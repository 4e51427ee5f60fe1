"""The ways to ascend: every axis of the method in one frozen description."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from filterviz_widget.description.axes import Axis, amount, axes_of, choice
from filterviz_widget.description.ranges import short

Objective = Literal["mean", "center", "layer"]
Parameterization = Literal["pixels", "fourier", "phase"]
Update = Literal["normalized", "adam"]
Moves = Literal["both", "down", "across"]

MOST_OCTAVES = 6
MOST_WEIGHTS = 4096
"""Of a direction: more filters than any layer of a known network has."""


@dataclass(frozen=True)
class Method:
    """How the picture is sought. The default is the plain ascent.

    Each axis is declared here once, with its label, unit, limit and words (`AXES`); docs/methods.md lists them.

    - objective: Mordvintsev et al. 2015, "Inceptionism", for the whole layer.
    - parameterization: Olah et al. 2017, "Feature Visualization", for Fourier coefficients with decorrelated colour;
      Fel et al. 2023 (MaCo, arXiv 2306.06805) for the phase alone.
    - update: Mordvintsev et al. 2015 for steps of equal size along the gradient; Kingma and Ba 2014 for Adam.
    - transformations and diversity: Olah et al. 2017.
    - nearness: Hamblin et al. 2024, "Feature Accentuation" (arXiv 2402.10039).
    - direction: weights of several filters, `((filter, weight), ...)`, in place of the one filter.

    Weights of penalties are relative to the activation's gradient, which is scaled to an RMS of 1 first, so
    that one weight means the same for every layer.

    Example:

    >>> Method(jitter=8).replaced(jitter=16).jitter
    16.0
    """

    objective: Objective = choice(
        {"mean": "Mean of the feature map", "center": "Centre of the feature map", "layer": "Whole layer (DeepDream)"},
        "Maximise",
        "What the ascent maximises",
        group="Objective",
    )
    sign: int = choice(
        {1: "Excites", -1: "Inhibits"},
        "Sign",
        "Seek what excites the filter most, or what inhibits it most",
        group="Objective",
    )
    direction: tuple[tuple[int, float], ...] = ()
    parameterization: Parameterization = choice(
        {"pixels": "Pixels", "fourier": "Fourier coefficients", "phase": "Phase only (MaCo)"},
        "Parameterization",
        "What is optimised: the pixels, or something that they are made from",
        group="Parameterization and update",
    )
    update: Update = choice(
        {"normalized": "Normalised gradient", "adam": "Adam"},
        "Update",
        "How a gradient becomes a step",
        group="Parameterization and update",
    )
    jitter: float = amount(
        "Jitter",
        "Random shift in each iteration, up to so many pixels",
        group="Transformations",
        unit="px",
        high=64,
        reach=32,
        step=1,
    )
    scale: float = amount(
        "Scale",
        "Random enlarging and shrinking, up to this share: 0.1 is 10 %",
        group="Transformations",
        high=0.5,
        reach=0.5,
        step=0.01,
    )
    rotation: float = amount(
        "Rotation",
        "Random rotation, up to so many degrees",
        group="Transformations",
        unit="°",
        high=180,
        reach=45,
        step=1,
    )
    moves: Moves = choice(
        {"both": "In both directions", "down": "Down only", "across": "Across only"},
        "Moves",
        "Along which direction of the image jitter and scale act",
        group="Transformations",
    )
    blur: float = amount(
        "Blur",
        "Random Gaussian blur, up to this standard deviation in pixels",
        group="Transformations",
        unit="px",
        high=8,
        reach=4,
        step=0.1,
    )
    octaves: int = choice(
        {count: str(count) for count in range(1, MOST_OCTAVES + 1)},
        "Octaves",
        "From coarse to fine: sizes that the image passes through, each twice the last",
        group="Parameterization and update",
    )
    patience: int = amount(
        "Patience",
        "Stop, or go on to the next octave, once the activation's mean over so many iterations has risen by less than "
        "1 % over as many before; 0 or None: never",
        group="Parameterization and update",
        high=1000,
        reach=50,
        step=1,
        whole=True,
    )
    l2: float = amount(
        "L2",
        "Weight of the penalty on the mean square of the contrast",
        group="Regularizers",
        high=100,
        reach=10,
        step=0.1,
    )
    total_variation: float = amount(
        "Total variation",
        "Weight of the penalty on the mean absolute difference between neighbours",
        group="Regularizers",
        high=100,
        reach=2,
        step=0.02,
    )
    nearness: float = amount(
        "Nearness",
        "Weight of the penalty on leaving the photo, in the layer's features; where the ascent starts at a photo only",
        group="Regularizers",
        high=100,
        reach=10,
        step=0.1,
    )
    diversity: float = amount(
        "Diversity",
        "Weight of the penalty on likeness (of the layer's Gram matrices) among pictures that ascend together",
        group="",
        high=100,
        reach=10,
        step=0.1,
    )

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

    @classmethod
    def from_options(cls, options: Any) -> "Method":
        """The method of what `options` gave.

        Raises:
            ValueError: If it is something else.
        """
        if not isinstance(options, dict):
            raise ValueError(f"Expected the axes of a method by name, got {short(options)}.")
        try:
            return cls().replaced(**options)
        except TypeError as error:
            raise ValueError(str(error)) from None

    @property
    def kind(self) -> tuple[object, ...]:
        """What one compiled ascent can do: methods that differ in numbers only share it."""
        penalties = self.l2 > 0 or self.total_variation > 0, self.nearness > 0, self.diversity > 0
        return self.objective, self.parameterization, self.update, self.transforms, self.blur > 0, *penalties

    @property
    def transforms(self) -> bool:
        """Whether the model sees randomly moved images."""
        return self.jitter > 0 or self.scale > 0 or self.rotation > 0

    @property
    def is_random(self) -> bool:
        """Whether the model sees something else in each iteration, as the seed has it."""
        return self.transforms or self.blur > 0

    @property
    def regularizes(self) -> bool:
        """Whether anything but the activation has a say in where the image goes."""
        return self.l2 > 0 or self.total_variation > 0 or self.nearness > 0 or self.diversity > 0


CLASSIC = Method()
AXES: dict[str, Axis] = axes_of(Method)
"""All but the direction, which is no number and none of few values."""

OPTIONS = tuple(field.name for field in fields(Method))


def check_option(name: str, value: Any) -> Any:
    """Returns the value of one axis as `Method` holds it.

    Raises:
        TypeError: For an unknown axis.
        ValueError: For a value that the axis does not take.
    """
    if name == "direction":
        return _check_direction(value)
    if name not in AXES:
        close = difflib.get_close_matches(name, OPTIONS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(OPTIONS)}."
        raise TypeError(f"There is no option {short(name)}; {hint}")
    return AXES[name].check(value)


def _check_direction(value: Any) -> tuple[tuple[int, float], ...]:
    pairs = value.items() if isinstance(value, dict) else value
    expected = "direction must be weights of filters, such as {3: 1.0, 7: -0.5}"
    try:
        if len(pairs) > MOST_WEIGHTS:
            raise ValueError(f"{expected}, at most {MOST_WEIGHTS:,} of them, got {len(pairs):,}.")
        checked = tuple((number.__index__(), float(weight)) for number, weight in pairs)
    except (TypeError, AttributeError, OverflowError):
        raise ValueError(f"{expected}, got {short(value)}.") from None
    except ValueError as error:
        raise (error if expected in str(error) else ValueError(f"{expected}, got {short(value)}.")) from None
    if any(not 0 <= number < 2**31 or not math.isfinite(weight) for number, weight in checked):
        raise ValueError(f"direction must have filters from 0 and finite weights, got {short(value)}.")
    return checked


def inapplicable(
    method: Method, kind: str, *, has_photo: bool = False, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Says which settings have no effect, and why.

    Args:
        method: The method in force.
        kind: The layer's: "convolution", "units" or "other".
        has_photo: Whether the ascent starts at a photo.
        more: What means nothing for such data, with the reasons (`data.meaningless`).
    """
    reasons = dict(more or {})
    if kind == "units":
        if method.objective != "layer":  # from which there is a way back to the one unit
            reasons["objective"] = "Units have no positions: there is no mean to take, and no centre."
        reasons["octaves"] = "Units see the whole image, at its own size only."
    if method.objective == "layer":
        reasons["filter"] = "The objective is the whole layer."
        reasons["direction"] = "The objective is the whole layer."
    elif method.direction:
        reasons["filter"] = "The objective is a direction of several filters."
    if has_photo:
        reasons["octaves"] = "An ascent that starts at a photo has the photo's size only."
    else:
        reasons["nearness"] = "Nearness is for an ascent that starts at a photo."
    if method.parameterization == "phase":
        reasons["l2"] = "With fixed magnitudes the contrast cannot fade."
    reasons["diversity"] = "Diversity needs several pictures at once: visualize_facets(model, layer, filter)."
    return reasons
