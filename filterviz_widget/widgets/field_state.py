"""What the page knows of a receptive field: where each row and column of the map looks at in the picture."""

from typing import Any

import numpy as np

from filterviz_widget.engine.paint import laid_rows
from filterviz_widget.images.signal import SIZE
from filterviz_widget.model import ModelView
from filterviz_widget.model.receptive_field import ReceptiveField

State = dict[str, Any]


def field_state(view: ModelView, found: ReceptiveField) -> State:
    """Where each row and each column of the map looks at, and the size in words.

    Rows are those of the map as it lies over the picture: of a volume those of each of its slices, one below the other.
    Numbers are pixels of the picture, as which a signal is drawn.
    """
    rows, columns = found.edges
    down, across = found.centres
    height, width = found.image_size
    if view.data.kind == "signal":
        high, wide = SIZE
        rows, columns = rows * high, np.rint(columns * wide / width).astype(np.int64)
        down, across, height, width = down * high, across * wide / width, high, wide
    if found.depth is not None:
        above = np.arange(view.data.slices) * height
        rows = (above[:, None, None] + rows).reshape(-1, 2)
        down, height = (above[:, None] + down).ravel(), height * view.data.slices
    state: State = {
        "rows": rows.tolist(),
        "columns": columns.tolist(),
        "centres": [each.round(2).tolist() for each in (down, across)],
        "image": [height, width],
        "whole": found.is_whole,
        "words": _words(view, found),
    }
    if (order := laid_rows(found)) is not None:
        # Which slice of the map lies over each slice of the picture, and what that sees of them.
        nearest = order[:: found.map_size[0]] // found.map_size[0]
        assert found.depth is not None
        state["depth"] = found.depth.edges[nearest].tolist()
    return state


def _words(view: ModelView, found: ReceptiveField) -> str:
    seen = {"signal": "signal", "volume": "volume", "spectrogram": "spectrogram"}.get(view.data.kind, "image")
    if found.is_whole:
        words = f"Every position sees the whole {seen}."
    elif view.data.kind == "signal":
        words = f"{_steps(found.size[1])}; the next position lies {_steps(found.stride[1])} on."
    else:
        height, width = found.size
        down, across = found.stride
        moves = f"{down:g}" if down == across else f"{down:g} down and {across:g} across"
        words = f"{height} x {width} pixels; the next position lies {moves} pixel{'s' * (moves != '1')} on."
        if found.depth is not None:
            deep, stride = found.depth.size, found.depth.stride
            words = f"{deep} slice{'s' * (deep != 1)} of {words} The next slice of the map lies {stride:g} on."
    if found.through_statistics:
        words += f" Means over the whole {seen} in {', '.join(found.through_statistics[:3])} are not counted."
    if found.unknown:
        words += f" Behind {', '.join(found.unknown[:3])} the whole {seen} is assumed."
    return words


def _steps(count: float) -> str:
    return f"{count:g} step{'s' * (count != 1)}"
