"""What a model's input is: image, spectrogram, signal or volume; and what of the method has a meaning there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, get_args

from filterviz_widget.description.method import CLASSIC, Method, Moves
from filterviz_widget.description.ranges import short

Kind = Literal["image", "spectrogram", "signal", "volume"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Data(NamedTuple):
    """What the optimised input is.

    Inside, all are images. A signal `(length, channels)` is an image of height 1; a volume, or frames, `(slices,
    height, width, channels)` is an image `(height, width, slices * channels)`: what is done to an image is done within
    each slice, and alike in all of them.

    Attributes:
        kind: Which.
        slices: How many slices a volume has; 1 for all else.
    """

    kind: Kind = "image"
    slices: int = 1

    @property
    def is_flat(self) -> bool:
        """Whether it is one image, with or without colours."""
        return self.kind in ("image", "spectrogram")


IMAGE = Data()

ALONG_TIME: Moves = "down"
"""How random moves act on a spectrogram `(time, frequency, channels)`: another pitch is another sound."""


def checked_kind(wanted: Any) -> Kind | Literal["auto"]:
    """Returns what the user gave.

    Raises:
        ValueError: If it is no kind of data.
    """
    choices: tuple[Kind | Literal["auto"], ...] = ("auto", *KINDS)
    for known in choices:
        if isinstance(wanted, str) and wanted == known:
            return known
    raise ValueError(f"data must be one of {', '.join(map(repr, choices))}; got {short(wanted)}.")


def meaningless(data: Data) -> dict[str, str]:
    """The axes of the method that mean nothing for such data, each with the reason."""
    if data.kind != "signal":
        return {}
    return {
        "rotation": "A signal has one direction: there is nothing to rotate.",
        "moves": "A signal has one direction: it is moved along that.",
    }


def fitted(method: Method, data: Data) -> Method:
    """A preset's method without what means nothing for such data."""
    if data.kind == "spectrogram":
        return replace(method, rotation=0.0, moves=ALONG_TIME)
    return replace(method, **{name: getattr(CLASSIC, name) for name in meaningless(data)})


def said_of_fitting(method: Method, wanted: Method, data: Data) -> str:
    """What of a preset's `method` was left out for such data, where `wanted` is the rest of it; "" for nothing."""
    if data.kind in ("image", "volume"):  # what moves an image moves each slice
        return ""
    alike = replace(fitted(method, data), sign=wanted.sign, direction=wanted.direction, objective=wanted.objective)
    if wanted != alike or not method.transforms:
        return ""
    if data.kind == "spectrogram":
        return "Moved along time only, and not rotated: another frequency is another sound."
    return "Without the method's rotation: a signal has one direction." if method.rotation else ""


def check_meaning(options: Mapping[str, Any], data: Data) -> None:
    """Refuses axes that were asked for and mean nothing for such data.

    Raises:
        ValueError: With the reason.
    """
    for name, reason in meaningless(data).items():
        if name in options and options[name] != getattr(CLASSIC, name):
            raise ValueError(f"{name}={options[name]!r} has no meaning here. {reason}")
