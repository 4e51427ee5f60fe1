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
        image: uint8 `(height, width, channels)`, scaled for display; a signal drawn, and the slices of a volume one
            below the other.
        raw: float32 `(height, width, channels)` in units of the model's input, as it was optimised: not clipped. Of a
            signal the height is 1, and of a volume the channels are those of all slices: see `values`.
        activations: float32 `(steps + 1,)`, the activation before the first step and after each; as many steps as
            iterations were asked for, unless an error or the method's patience ended it sooner.
        description: The complete description; the same one gives the same bytes.
        note: What a reader of the picture should know, such as that the filter is dead; "" for nothing.
        facet: Which of the description's facets it is, counted from 0.
        error: Why the ascent was ended before its last step, such as a gradient that is not finite; the picture is
            then as it was before. "" for a finished one.
        is_dead: Whether nothing that was tried gave the filter a gradient, so that this is the start image.
        span: Of a signal, the first step that the position in the middle of the feature map sees, and the one behind
            the last; None for all else.

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
    span: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for array in (self.image, self.raw, self.activations):
            array.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Of the arrays, the photo that it began with included."""
        photo = self.description.photo
        return self.image.nbytes + self.raw.nbytes + self.activations.nbytes + (len(photo.data) if photo else 0)

    def __repr__(self) -> str:
        wanted, (height, width) = self.description, self.description.image_size
        size = f"{height} x {width} pixels"
        if wanted.reading.data == "signal":
            size = f"{width} steps"
        elif wanted.reading.data == "volume":
            size = f"{wanted.reading.slices} slices of {size}"
        return f"FilterPicture: {wanted.layer}, filter {wanted.filter}, {size}"

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """`raw` in the order of the model's input: `(length, channels)` of a signal, `(slices, height, width,
        channels)` of a volume, and itself of an image.
        """
        height, width = self.description.image_size
        if self.description.reading.data == "signal":
            return self.raw[0]
        if self.description.reading.data == "volume":
            slices = self.description.reading.slices
            return self.raw.reshape(height, width, slices, -1).transpose(2, 0, 1, 3)
        return self.raw

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
        """Draws the picture beside its activation curve, with the description above and the note below.

        A signal is drawn over its steps, with what the position in the middle of the map sees shaded; the slices of a
        volume side by side.
        """
        from filterviz_widget.picture.figure import NotebookFigure
        from filterviz_widget.picture.optimum import draw_optimum

        wanted = self.description
        figure = NotebookFigure(figsize=(8, 3.6))
        picture, curve = figure.subplots(1, 2, width_ratios=(1, 1.2))
        draw_optimum(picture, self)
        curve.plot(self.activations)
        curve.set_xlabel("iteration")
        curve.set_ylabel("activation")
        figure.suptitle(f"{wanted.layer}, filter {wanted.filter}")
        if self.note:
            figure.supxlabel(self.note, fontsize="small", wrap=True)
        return figure

    def _repr_png_(self) -> bytes:
        return png(self.image)
