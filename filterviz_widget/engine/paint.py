"""What a person sees of an optimised image: pixels, a drawn signal, or the slices of a volume in a strip."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from filterviz_widget.images.signal import SIZE, drawn
from filterviz_widget.images.volume import strip
from filterviz_widget.model import Colours, ModelView
from filterviz_widget.model.receptive_field import ReceptiveField
from filterviz_widget.picture import display, enlarge
from filterviz_widget.picture.display import accentuated

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]


def shown_size(view: ModelView) -> tuple[int, int]:
    """Height and width of a picture in pixels; of a volume all slices together."""
    height, width, _ = view.image_shape
    return SIZE if view.data.kind == "signal" else (height * view.data.slices, width)


def paint(view: ModelView, raw: Floats, saliency: Floats | None = None, *, is_photo: bool = False) -> Pixels:
    """Draws an optimised image, also one of a smaller octave.

    Args:
        view: The model.
        raw: float32 `(height, width, channels)`, in units of its input.
        saliency: float32 `(height, width, 1)`, how much each place mattered; None where that is not known.
        is_photo: Whether the ascent began with a photo, which is shown as it is, and not by its contrast.

    Returns:
        uint8 `(height, width, 1 or 3)` of `shown_size`.
    """
    if view.data.kind == "signal":
        return drawn(raw[0], None if saliency is None else saliency[0, :, 0])
    if saliency is not None:
        saliency = np.tile(saliency, (view.data.slices, 1, 1))
    pixels = (accentuated if is_photo else display)(colours(view, raw).pixels, saliency)
    return enlarge(pixels, shown_size(view))


def colours(view: ModelView, raw: Floats) -> Colours:
    """True colour, or colours that the caption explains; of a signal its words only."""
    if view.data.kind == "signal":
        return Colours(np.zeros((0, 0, 1), np.float32), "")
    return view.to_rgb(strip(raw, view.data.slices))


def shown_centres(view: ModelView, field: ReceptiveField) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where in a picture the middles of the positions' fields lie, in its pixels; down a strip those of each slice."""
    down, across = field.centres
    if view.data.kind == "signal":
        return down * SIZE[0], across * SIZE[1] / view.image_shape[1]
    height = view.image_shape[0]
    return np.concatenate([down + place * height for place in range(view.data.slices)]), across


def laid_rows(field: ReceptiveField) -> npt.NDArray[np.int64] | None:
    """Which row of a layer's map lies at each of the rows whose middles `shown_centres` says; None for just those.

    Over each slice of a volume lies the slice of the map whose field has its middle nearest to it.
    """
    if field.depth is None:
        return None
    rows = np.arange(field.map_size[0])
    return (field.depth.nearest[:, None] * len(rows) + rows).ravel()


def box_on(view: ModelView, field: ReceptiveField) -> Callable[[tuple[int, int]], Box]:
    """What a position of a layer's map, as `Fold` lays it out, sees of a picture: `(top, left, bottom, right)`.

    In a strip it is on one slice, the middle one of those that the position sees.
    """
    height, width, _ = view.image_shape
    rows = field.map_size[0]

    def box(position: tuple[int, int]) -> Box:
        row, column = position
        top, left, bottom, right = field.box((row % rows, column))
        if view.data.kind == "signal":
            share = SIZE[1] / width
            # A step is a few pixels wide, or less than one.
            return (0, int(left * share), SIZE[0], max(int(left * share) + 1, round(right * share)))
        if field.depth is None or bottom <= top:
            return (top, left, bottom, right)
        place = int(min(field.depth.centres[row // rows], field.depth.slices - 1)) * height
        return (top + place, left, bottom + place, right)

    return box
