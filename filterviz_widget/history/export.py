"""A history for others: a grid of pictures, an animation, a table."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.store.atomic import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 12
"""Pictures side by side: more are too small in a notebook."""

ROWS = 16
SHORTEST_SIDE = 224
"""Pixels of an animation: smaller pictures are enlarged."""

CAPTION = 18


def picture_grid(
    layer: str, filters: Sequence[int], epochs: Sequence[int], pictures: npt.NDArray[np.uint8]
) -> "Figure":
    """Draws one row per filter and one column per epoch; a single filter is wrapped over several rows.

    Args:
        layer: For the title.
        filters: Numbers of the filters.
        epochs: Numbers of the epochs.
        pictures: uint8 `(epochs, filters, height, width, channels)`.
    """
    from filterviz_widget.picture.figure import NotebookFigure

    most = COLUMNS * ROWS if len(filters) == 1 else COLUMNS
    shown = np.unique(np.linspace(0, len(epochs) - 1, min(most, len(epochs))).round().astype(int))
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns) if len(filters) == 1 else len(filters)
    figure = NotebookFigure(figsize=(max(1.1 * columns, 3.5), 1.25 * rows + 0.5))
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for column, number in enumerate(filters):
        for place, epoch in enumerate(shown):
            row, across = (column, place) if len(filters) > 1 else divmod(place, columns)
            axis = axes[row, across]
            axis.imshow(as_rgb(pictures[epoch, column]))
            title = f"epoch {epochs[epoch]}" if row == 0 or len(filters) == 1 else ""
            axis.set_title(title, fontsize=7, pad=2)
            if across == 0 and len(filters) > 1:
                axis.text(-0.05, 0.5, str(number), fontsize=7, ha="right", va="center", transform=axis.transAxes)
    some = "" if len(shown) == len(epochs) else f", {len(shown)} of {len(epochs)} records"
    which = f"filter {filters[0]}" if len(filters) == 1 else f"{len(filters)} filters"
    figure.suptitle(f"{layer}, {which}{some}", fontsize=9, parse_math=False)
    return figure


def write_gif(path: str | Path, frames: npt.NDArray[np.uint8], captions: Sequence[str], seconds: float) -> None:
    """Writes an animation that repeats without end, its captions below the pictures.

    Args:
        path: Ends in ".gif".
        frames: uint8 `(frames, height, width, channels)`.
        captions: One per frame.
        seconds: How long each frame is shown.
    """
    from PIL import Image, ImageDraw, ImageFont

    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f"The animation is written as GIF: expected a name ending in .gif, got {str(path)!r}.")
    images = []
    for frame, caption in zip(frames, captions, strict=True):
        times = max(1, -(-SHORTEST_SIDE // min(frame.shape[:2])))
        picture = Image.fromarray(as_rgb(frame).repeat(times, axis=0).repeat(times, axis=1))
        image = Image.new("RGB", (picture.width, picture.height + CAPTION), "white")
        image.paste(picture)
        ImageDraw.Draw(image).text((4, picture.height + 3), caption, "black", ImageFont.load_default(11))
        images.append(image)
    with written_whole(path) as file:
        images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=round(seconds * 1000), loop=0)


def dataframe(
    epochs: Sequence[int],
    logs: Sequence[Mapping[str, float]],
    weights: Sequence[str],
    norms: npt.NDArray[np.float64],
) -> Any:
    """A pandas.DataFrame with one row per record."""
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        raise ImportError("to_dataframe() needs pandas, which is not installed: pip install pandas.") from error
    rows: list[dict[str, Any]] = []
    for epoch, one, row in zip(epochs, logs, norms, strict=True):
        named = {f"gradient_norm/{name}": norm for name, norm in zip(weights, row.tolist(), strict=True)}
        rows.append({"epoch": epoch, **one, **named})
    return pandas.DataFrame(rows)


def as_rgb(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """uint8 `(height, width, 3)`: grey is repeated, and of more than three channels the first three are shown."""
    return picture[..., :3] if picture.shape[-1] >= 3 else np.repeat(picture[..., :1], 3, axis=-1)
