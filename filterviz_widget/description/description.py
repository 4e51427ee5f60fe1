"""The complete description of a picture: the same description gives the same bytes."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np

from filterviz_widget.description.method import CLASSIC, Method
from filterviz_widget.description.ranges import RANGES, Range, fitting, short
from filterviz_widget.description.reading import Array, Reading

Precision = Literal["float32", "bfloat16", "float16"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

MOST_FACETS = 64


@dataclass(frozen=True)
class Description:
    """Everything that an optimum depends on, apart from the model's weights.

    Attributes:
        layer: The layer's name, by path for nested models: "vgg16/block3_conv1".
        filter: The filter, an output channel counted from 0.
        step_size: Grey levels per iteration (RMS); one is 1/255 of the input range.
        iterations: How many steps are taken.
        seed: The start image's seed, in [0, 2**31 - 1]; each further facet has the next one.
        reading: How the model is understood: image size, input range and the like.
        method: How the picture is sought.
        precision: In which dtype the layers are computed; image, activation and step are float32 in any case.
        facets: How many pictures of the filter ascend together, kept apart by `Method.diversity`; 1 for one by itself.
        photo: Where the ascent starts, and what it stays near to: float32 `(height, width, channels)`, finite, in units
            of the model's input and of `Reading.image_size`. None for grey with a little noise. What in a photo excites
            a filter is feature accentuation (Hamblin et al. 2024, arXiv 2402.10039); `Method.nearness` says how near.

    Raises:
        ValueError: If the photo is something else, or has several facets that nothing would keep apart.

    Example:

    >>> wanted = explorer.wait().description
    >>> Description.from_json(json.loads(json.dumps(wanted.to_json()))) == wanted
    True
    """

    layer: str
    filter: int
    step_size: float
    iterations: int
    seed: int
    reading: Reading
    method: Method = CLASSIC
    precision: Precision = "float32"
    facets: int = 1
    photo: Array | None = None

    def __post_init__(self) -> None:
        if self.photo is None:
            return
        check_photo(self.photo, self.reading.image_size)
        if self.facets > 1 and not self.method.is_random:
            raise ValueError(
                f"{self.facets} facets that start at one photo differ by their random moves alone, and the method has "
                "none: expected a jitter, scale, rotation or blur above 0, or 1 facet."
            )

    @property
    def image_size(self) -> tuple[int, int]:
        """`(height, width)` in pixels."""
        return self.reading.image_size

    @property
    def input_range(self) -> tuple[float, float]:
        """The lowest and highest value that the model's input pixels take."""
        return self.reading.input_range

    @property
    def seeds(self) -> tuple[int, ...]:
        """One per facet."""
        return tuple((self.seed + facet) % (int(RANGES["seed"].high) + 1) for facet in range(self.facets))

    @cached_property
    def digest(self) -> str:
        """The same for equal descriptions, in every process: 32 hexadecimal digits."""
        text = json.dumps(self.to_json(), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """Plain data, for `from_json`."""
        return {
            "kind": "optimum",
            "layer": self.layer,
            "filter": self.filter,
            "step_size": self.step_size,
            "iterations": self.iterations,
            "seed": self.seed,
            "reading": self.reading.to_json(),
            "method": self.method.options(),
            "precision": self.precision,
            "facets": self.facets,
            "photo": None if self.photo is None else self.photo.to_json(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The description of what `to_json` wrote. Whether the model has such a layer and filter is not checked.

        Raises:
            ValueError: If it is something else, with what is wrong.
        """
        if not isinstance(data, dict) or data.get("kind") != "optimum":
            raise ValueError(f'Expected a description, a dictionary of kind "optimum"; got {short(data)}.')
        if missing := cls.__dataclass_fields__.keys() - data.keys() - {"photo"}:  # 0.1 knew no photo
            raise ValueError(f"The description lacks {', '.join(sorted(missing))}.")
        precision = checked_precision(data["precision"])
        if not isinstance(data["layer"], str) or precision == "auto":
            raise ValueError("The description's layer must be a name, and its precision one of PRECISIONS.")
        photo = data.get("photo")
        return cls(
            data["layer"],
            fitting("filter", data["filter"], Range(0, 2**31 - 1, whole=True)),
            float(fitting("step_size", data["step_size"], RANGES["step_size"])),
            fitting("iterations", data["iterations"], RANGES["iterations"]),
            fitting("seed", data["seed"], RANGES["seed"]),
            Reading.from_json(data["reading"]),
            Method.from_options(data["method"]),
            precision,
            fitting("facets", data["facets"], Range(1, MOST_FACETS, whole=True)),
            None if photo is None else Array.from_json(photo),
        )


def check_photo(photo: Array, image_size: tuple[int, int]) -> None:
    """Checks what an ascent is to start at.

    Raises:
        ValueError: If it is no float32 `(height, width, channels)` of finite numbers in that size.
    """
    height, width = image_size
    if photo.dtype != "float32" or len(photo.shape) != 3 or photo.shape[:2] != (height, width) or not photo.shape[2]:
        expected = f"float32 of shape ({height}, {width}, channels), as large as the image"
        raise ValueError(f"The photo must be {expected}; got {photo.dtype} of shape {photo.shape}.")
    if not np.isfinite(photo.numpy()).all():
        raise ValueError("The photo must be finite numbers, got NaN or infinity.")


def checked_precision(wanted: Any) -> Precision | Literal["auto"]:
    """Returns what the user gave.

    Raises:
        ValueError: If it is no precision.
    """
    choices: tuple[Precision | Literal["auto"], ...] = ("auto", *PRECISIONS)
    for known in choices:
        if isinstance(wanted, str) and wanted == known:
            return known
    raise ValueError(f"precision must be one of {', '.join(map(repr, choices))}; got {short(wanted)}.")
