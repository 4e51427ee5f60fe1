"""What the world is told while a picture forms: one frozen frame after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from filterviz_widget.description import Description
from filterviz_widget.picture import FilterPicture

Status = Literal["compiling", "running", "done", "cancelled", "error"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One state of a run.

    Attributes:
        status: Where the run is.
        description: The picture that was asked for; None where the status belongs to no picture.
        iteration: How many steps the image has taken.
        activations: The activations since the frame before, each before a step; in the last frame the whole curve,
            with that of the final image.
        image: uint8 `(height, width, 1 or 3)`; None where there is nothing new to see.
        picture: The finished picture, in the last frame only.
        error: What went wrong and what to try, in plain words.
        note: What the viewer should know about the picture.
    """

    status: Status
    description: Description | None = None
    iteration: int = 0
    activations: Sequence[float] = ()
    image: npt.NDArray[np.uint8] | None = None
    picture: FilterPicture | None = None
    error: str = ""
    note: str = ""
