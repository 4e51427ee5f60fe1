"""The complete description of a picture: the same description gives the same bytes."""

from dataclasses import dataclass
from typing import Literal

from filterviz_widget.description.method import CLASSIC, Method

Precision = Literal["float32", "bfloat16", "float16"]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Description:
    """Everything that a picture depends on, apart from the model with its weights.

    Attributes:
        layer: The layer's name.
        filter: The filter, an output channel counted from 0.
        step_size: Grey levels per iteration (RMS); one is 1/255 of the input range.
        iterations: How many steps are taken.
        seed: The start image's seed, in [0, 2**31 - 1].
        image_size: `(height, width)` in pixels.
        input_range: The lowest and highest value that the model's input pixels take.
        method: How the picture is sought.
        together: Seeds of all pictures of a batch that influence one another (`Method.diversity`); empty for a
            picture by itself.
        precision: In which dtype the layers are computed; image, activation and step are float32 in any case.
    """

    layer: str
    filter: int
    step_size: float
    iterations: int
    seed: int
    image_size: tuple[int, int]
    input_range: tuple[float, float]
    method: Method = CLASSIC
    together: tuple[int, ...] = ()
    precision: Precision = "float32"


def checked_precision(wanted: str) -> Precision | Literal["auto"]:
    """Returns what the user gave.

    Raises:
        ValueError: If it is no precision.
    """
    choices: tuple[Precision | Literal["auto"], ...] = ("auto", *PRECISIONS)
    for known in choices:
        if wanted == known:
            return known
    raise ValueError(f"precision must be one of {', '.join(map(repr, choices))}; got {wanted!r}.")
