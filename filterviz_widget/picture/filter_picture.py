"""A finished picture with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.description import Description
from filterviz_widget.picture.encode import png
from filterviz_widget.store.atomic import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class FilterPicture:
    """What a filter responds to, and how it was found. Arrays are read-only.

    Attributes:
        image: uint8 `(height, width, channels)`, scaled for display.
        raw: float32 `(height, width, channels)` in units of the model's input, as it was optimised: not
            clipped.
        activations: float32 `(steps + 1,)`, the activation before the first step and after each; as many steps as
            iterations were asked for, unless an error or the method's patience ended it sooner.
        description: The complete description; the same one gives the same bytes.
        note: What a reader of the picture should know, such as that the filter is dead; "" for nothing.
        facet: Which of the description's facets it is, counted from 0.
        error: Why the ascent was ended before its last step, such as a gradient that is not finite; the picture is
            then as it was before. "" for a finished one.
        is_dead: Whether nothing that was tried gave the filter a gradient, so that this is the start image.

    Example:

    >>> picture = explorer.wait()
    >>> picture.save("filter.png")
    >>> picture.description.layer, picture.activations[-1]
    """

    image: npt.NDArray[np.uint8]
    raw: npt.NDArray[np.float32]
    activations: npt.NDArray[np.float32]
    description: Description
    note: str = ""
    facet: int = 0
    error: str = ""
    is_dead: bool = False

    def __post_init__(self) -> None:
        for array in (self.image, self.raw, self.activations):
            array.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Of the arrays, the photo that it began with included."""
        photo = self.description.photo
        return self.image.nbytes + self.raw.nbytes + self.activations.nbytes + (len(photo.data) if photo else 0)

    def __repr__(self) -> str:
        wanted, (height, width) = self.description, self.image.shape[:2]
        return f"FilterPicture: {wanted.layer}, filter {wanted.filter}, {height} x {width} pixels"

    def save(self, path: str | Path) -> None:
        """Writes the displayed image as a PNG file, whole or not at all.

        Raises:
            ValueError: If the file's name ends in something else than `.png`.
            OSError: If it cannot be written; what was there before stays.
        """
        path = Path(path)
        if path.suffix.lower() != ".png":
            raise ValueError(f"The picture is written as PNG: expected a name ending in .png, got {str(path)!r}.")
        with written_whole(path) as file:
            file.write(png(self.image))

    def plot(self) -> Figure:
        """Draws the picture beside its activation curve, with the description above and the note below."""
        from filterviz_widget.picture.figure import NotebookFigure

        wanted = self.description
        figure = NotebookFigure(figsize=(8, 3.6))
        picture, curve = figure.subplots(1, 2, width_ratios=(1, 1.2))
        picture.imshow(self.image, cmap="gray", vmin=0, vmax=255)
        picture.set_axis_off()
        curve.plot(self.activations)
        curve.set_xlabel("iteration")
        curve.set_ylabel("activation")
        figure.suptitle(f"{wanted.layer}, filter {wanted.filter}")
        if self.note:
            figure.supxlabel(self.note, fontsize="small", wrap=True)
        return figure

    def _repr_png_(self) -> bytes:
        return png(self.image)
