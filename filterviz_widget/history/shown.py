"""What the widget shows of one filter at one epoch: kernel, gradient and picture as images, and the words for them."""

from typing import NamedTuple

import numpy as np

from filterviz_widget.history.layout import RecordedLayer
from filterviz_widget.history.record import Array, Record
from filterviz_widget.model.kernels import canonical
from filterviz_widget.picture import data_url
from filterviz_widget.picture.signed_colours import colour_grid, kernel_grid, symmetric_limit

MOST_INPUTS = 64
"""Tiles of a kernel: more are too small to see."""

WEIGHT = 8
"""Side of a weight in pixels, so that the lines between tiles are thin."""

LONGEST = 200
"""Characters of a reason: it stands below a picture."""


class Shown(NamedTuple):
    """Data URLs, "" where there is nothing; the largest absolute weight of the scales; and words."""

    kernel: str
    gradient: str
    picture: str
    kernel_limit: float
    gradient_limit: float
    kernel_words: str
    gradient_words: str
    picture_words: str


def shown(record: Record, layer: RecordedLayer, filter: int, has_probe: bool) -> Shown:  # the field's word
    """Draws one filter of a record. Of a record in a file, only what is shown is read.

    Args:
        record: The epoch.
        layer: One of the recorded layers.
        filter: A filter that was drawn.
        has_probe: Whether gradients were recorded.
    """
    kernel, kernel_limit, kernel_words = "", 1.0, "no kernel"
    gradient, gradient_limit, gradient_words = "", 1.0, "no kernel"
    if layer.parts:
        part, kernels = layer.parts[-1], record.kernels[layer.name][-1]
        colours = layer.sees_colours and kernels.shape[2] == 3
        kernel, kernel_limit, kernel_words = _grid(kernels, filter, colours)
        if part.name != "kernel":
            kernel_words += f", the {part.name} part"
        if has_probe and part.weight in record.weights:
            found = canonical(record.gradients[record.weights.index(part.weight)], part.kind)
            gradient, gradient_limit, gradient_words = _grid(found, filter, colours)
        elif "gradients" in record.problems:
            gradient_words = f"no gradient: {_reason(record.problems['gradients'])}"
        else:
            gradient_words = "frozen: no gradient"
    if not has_probe:
        gradient_words = "no probe was given"
    picture, picture_words = "", "no picture"
    if "pictures" in record.problems and not layer.filters:
        picture_words = f"no picture: {_reason(record.problems['pictures'])}"
    if layer.name in record.pictures and filter in layer.filters:
        column = layer.filters.index(filter)
        picture = data_url(record.pictures[layer.name][column])
        picture_words = _words(record, layer.name, column)
    return Shown(
        *(kernel, gradient, picture, kernel_limit, gradient_limit),
        *(kernel_words, gradient_words, picture_words),
    )


def _words(record: Record, layer: str, column: int) -> str:
    """The activation, and what there is to know about the picture."""
    note = record.notes[layer][column] if layer in record.notes else ""
    activation = record.activations[layer][column]
    if record.dead[layer][column]:
        return note or "dead: no gradient from the start, so this is the start image"
    words = f"activation {activation:.3g}" if np.isfinite(activation) else ""
    return ". ".join(filter(None, [words, note]))


def _reason(problem: str) -> str:
    """The first line of why something is missing."""
    line = problem.partition("\n")[0]
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def _grid(kernels: Array, filter: int, colours: bool) -> tuple[str, float, str]:  # the field's word
    limit = symmetric_limit(kernels)
    own = kernels[..., min(filter, kernels.shape[3] - 1)]
    height, width, inputs = own.shape
    words = f"{height} x {width}, {inputs} input{'s' * (inputs != 1)}"
    if colours:
        words = f"{height} x {width}: in colour and red, above green and blue"
    elif inputs > MOST_INPUTS:
        places = np.linspace(0, inputs - 1, MOST_INPUTS).round().astype(int)
        own, words = own[..., places], f"{height} x {width}, {MOST_INPUTS} of {inputs} inputs"
    if not own.any():
        words += "; all zero"
    if colours:
        return data_url(colour_grid(own, limit, enlarge=WEIGHT)), limit, words
    return data_url(kernel_grid(own, limit, columns=_columns(own.shape[2]), enlarge=WEIGHT)), limit, words


def _columns(tiles: int) -> int | None:
    """So many columns that no place stays empty, unless that makes more than twice as many as in a square."""
    side = np.sqrt(tiles)
    return next((columns for columns in range(int(np.ceil(side)), int(2 * side) + 1) if tiles % columns == 0), None)
