"""What the widget shows of one filter at one epoch: kernel, gradient and picture as images, and the words for them."""

from typing import Any, NamedTuple

import numpy as np

from filterviz_widget.history.layout import RecordedLayer
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.recorded import Recorded
from filterviz_widget.model.kernels import canonical
from filterviz_widget.picture import data_url
from filterviz_widget.picture.signed_colours import colour_grid, kernel_grid, symmetric_limit

MOST_INPUTS = 64
"""Tiles of a kernel: more are too small to see."""

WEIGHT = 8
"""Side of a weight in pixels, so that the lines between tiles are thin."""

EXPLODING = 100
"""A layer explodes whose gradient norm is so many times the median over the layers, or not finite."""

DEAD = 1e-9
"""A layer is dead whose gradient norm is below this share of the median over the layers."""


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
    """Draws one filter of a record.

    Args:
        record: The epoch.
        layer: One of the recorded layers.
        filter: A filter that was drawn.
        has_probe: Whether gradients were recorded.
    """
    kernel, kernel_limit, kernel_words = "", 1.0, "no kernel"
    gradient, gradient_limit, gradient_words = "", 1.0, "no probe was given" if not has_probe else "no kernel"
    if layer.parts:
        part, kernels = layer.parts[-1], record.kernels[layer.name][-1]
        colours = layer.sees_colours and kernels.shape[2] == 3
        kernel, kernel_limit, kernel_words = _grid(kernels, filter, colours)
        if part.name != "kernel":
            kernel_words += f", the {part.name} part"
        if part.weight in record.weights and has_probe:
            found = canonical(record.gradients[record.weights.index(part.weight)], part.kind)
            gradient, gradient_limit, gradient_words = _grid(found, filter, colours)
        elif has_probe:
            gradient_words = "frozen: no gradient"
    picture, picture_words = "", "no picture"
    if layer.name in record.pictures and filter in layer.filters:
        column = layer.filters.index(filter)
        picture = data_url(record.pictures[layer.name][column])
        picture_words = f"activation {record.activations[layer.name][column]:.3g}"
        if record.dead[layer.name][column]:
            picture_words = "dead: no gradient from the start, so this is the start image"
    return Shown(
        *(kernel, gradient, picture, kernel_limit, gradient_limit),
        *(kernel_words, gradient_words, picture_words),
    )


def marks(history: Recorded) -> dict[str, list[str]]:
    """Says per layer and record whether it is "dead", "exploding", "frozen" or, in the empty word, none of these."""
    norms = history.layer_gradient_norms()
    owners = [name.rpartition("/")[0] for name in history.weights]
    own = {name: np.array([owner == name for owner in owners]) for name in norms}
    present = {name: (history.has_gradient & own[name]).any(axis=1).tolist() for name in norms}
    count = len(next(iter(norms.values()), ()))
    table = np.array(list(norms.values())).reshape(len(norms), count)
    usual = np.where(np.isfinite(table) & (table > 0), table, np.nan)
    found: dict[str, list[str]] = {name: [] for name in norms}
    for record in range(count):
        others = usual[~np.isnan(usual[:, record]), record]
        middle = float(np.median(others)) if len(others) else 0.0
        for name, row in norms.items():
            found[name].append(_mark(float(row[record]), middle) if present[name][record] else "frozen")
    for layer in history.layout:
        dead = [bool(one.dead[layer.name].all()) if layer.name in one.dead else False for one in history.records]
        words = found.get(owner(layer), [""] * len(dead)) if any(dead) else []
        for record, word in enumerate(words):
            words[record] = word or "dead" * dead[record]
        if words:
            found[owner(layer)] = words
    return found


def owner(layer: RecordedLayer) -> str:
    """The layer's name among the gradient norms: the path of its weights."""
    return layer.parts[-1].weight.rpartition("/")[0] if layer.parts else layer.name


def plain(values: Any) -> list[float | None]:
    """Numbers as JSON has them: it knows no NaN and no infinity."""
    return [float(value) if value is not None and np.isfinite(value) else None for value in values]


def _mark(norm: float, middle: float) -> str:
    if not np.isfinite(norm) or (middle and norm > EXPLODING * middle):
        return "exploding"
    return "dead" if norm <= DEAD * middle else ""


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
