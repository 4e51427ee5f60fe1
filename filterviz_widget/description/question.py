"""What can be asked of a filter beside its optimum, as plain data: the same question has the same answer."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from filterviz_widget.description.ranges import short
from filterviz_widget.description.reading import Array, Reading

Reduction = Literal["mean", "position"]


@dataclass(frozen=True)
class Question:
    """What every question has.

    Attributes:
        layer: The layer's name, by path for nested models.
        reading: How the model is understood.

    Example:

    >>> asked = FeatureMapsOf("conv3", engine.reading, Array.of(pixels))
    >>> from_json(json.loads(json.dumps(asked.to_json()))) == asked
    True
    """

    kind: ClassVar[str] = ""

    layer: str
    reading: Reading

    @cached_property
    def digest(self) -> str:
        """The same for equal questions, in every process: 32 hexadecimal digits."""
        text = json.dumps(self.to_json(), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """Plain data, for `from_json`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"kind": self.kind} | {
            name: value.to_json() if hasattr(value, "to_json") else value for name, value in values.items()
        }

    @classmethod
    def _from_json(cls, data: dict[str, Any]) -> Self:
        if missing := {field.name for field in fields(cls)} - data.keys():
            raise ValueError(f"The question lacks {', '.join(sorted(missing))}.")
        readers: dict[str, Callable[[Any], Any]] = {"reading": Reading.from_json, "photo": Array.from_json}
        values = {field.name: readers.get(field.name, _plain)(data[field.name]) for field in fields(cls)}
        if not isinstance(values["layer"], str):
            raise ValueError(f"The question's layer must be a name, got {short(values['layer'])}.")
        return cls(**values)


@dataclass(frozen=True)
class KernelOf(Question):
    """The weights that make a filter."""

    kind = "kernel"

    filter: int


@dataclass(frozen=True)
class FieldOf(Question):
    """What the positions of a layer's feature maps see."""

    kind = "receptive field"


@dataclass(frozen=True)
class FeatureMapsOf(Question):
    """All feature maps of a layer over a photo, float32 `(height, width, channels)` in units of the model's input."""

    kind = "feature maps"

    photo: Array


@dataclass(frozen=True)
class StrongestOf(Question):
    """The images of a set that excite each filter of a layer the most and the least.

    `images` is what `PhotoSet.key` says of the set; `by`: the mean of the feature map, or its strongest position.
    """

    kind = "strongest images"

    images: str
    k: int = 9
    by: Reduction = "mean"


@dataclass(frozen=True)
class AblationOf(Question):
    """The model's outputs on a photo, or on a set of images, with and without the filter.

    `output` is the name of the one with a number for each class; "" for the likeliest.
    """

    kind = "ablation"

    filter: int
    images: str
    to: Literal["zero", "mean"] = "zero"
    output: str = ""


@dataclass(frozen=True)
class NeighboursOf(Question):
    """The filters before and behind with the strongest effective weights to the filter, so many on each side."""

    kind = "neighbours"

    filter: int
    most: int = 8


@dataclass(frozen=True)
class AttentionOf(Question):
    """Where the heads of a layer look in a photo.

    `row` and `column` are the place that looks; -1 for the class token, or the mean of all places.
    """

    kind = "attention"

    photo: Array
    row: int = -1
    column: int = -1


KINDS: dict[str, type[Question]] = {
    each.kind: each for each in (KernelOf, FieldOf, FeatureMapsOf, StrongestOf, AblationOf, NeighboursOf, AttentionOf)
}


def from_json(data: Any) -> Question:
    """The question of what `Question.to_json` wrote. Whether the model has such a layer and filter is not checked.

    Raises:
        ValueError: If it is something else, with what is wrong.
    """
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"Expected a question of kind {', '.join(KINDS)}; got {short(data)}.")
    return KINDS[kind]._from_json(data)


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f"A question has names and whole numbers, got {short(value)}.")
    return value
