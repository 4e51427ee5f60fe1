"""The pictures that recorded filters respond to, drawn by the model's engine with its present weights."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.engine import Engine
from filterviz_widget.engine.paint import paint
from filterviz_widget.model.reason import reason

FAILED = "failed: "
"""How the note of a picture begins that could not be drawn, or not to its end."""


class Drawn(NamedTuple):
    """The pictures of one layer's filters.

    Attributes:
        pictures: uint8 `(filters, height, width, 1 or 3)`, each scaled for display by itself; mid-grey for one that
            failed before it had begun.
        activations: float32 `(filters,)`, what each filter answers to its picture; NaN where that is not known.
        dead: bool `(filters,)`, whether nothing gave its picture a gradient, so that it is the start image.
        notes: What the viewer should know of each picture; "" for nothing.
        is_lost: Whether the layer cannot be drawn at all, so that there is no use in trying again.
    """

    pictures: npt.NDArray[np.uint8]
    activations: npt.NDArray[np.float32]
    dead: npt.NDArray[np.bool_]
    notes: tuple[str, ...]
    is_lost: bool = False


def draw(engine: Engine, layers: Mapping[str, Sequence[int]], *, strict: bool = False, **how: Any) -> dict[str, Drawn]:
    """Draws filters with the model's weights as they are now: the same pictures as by any other door.

    Args:
        engine: The model's.
        layers: Names of layers, each with the filters to draw, counted from 0; none for a layer without pictures.
        strict: Whether a picture that fails raises; otherwise its note says why, and the others are drawn.
        **how: As for `Engine.describe`: method, iterations, step_size, seed, precision, axes.
    """
    return {name: _draw(engine, name, filters, how, strict) for name, filters in layers.items() if filters}


def _draw(engine: Engine, name: str, filters: Sequence[int], how: Mapping[str, Any], strict: bool) -> Drawn:
    images, activations, dead, notes, failure = [], [], [], [], ""
    # One by one: together they would differ by rounding from those of the other doors.
    for filter in filters:
        picture = None
        try:
            if not failure:
                picture = engine.facets(engine.describe(name, filter, **how))[0]
        except Exception as error:  # a layer's, and the layer is every filter's
            if strict:
                raise
            failure = FAILED + reason(error)
        if picture is not None and picture.error and strict:
            raise FloatingPointError(picture.error)
        images.append(_nothing(engine) if picture is None else picture.image)
        activations.append(np.nan if picture is None else picture.activations[-1])
        dead.append(picture is not None and picture.is_dead)
        notes.append(failure if picture is None else FAILED + picture.error if picture.error else picture.note)
    is_lost = bool(failure) and notes[0] == failure
    return Drawn(np.stack(images), np.array(activations, np.float32), np.array(dead, bool), tuple(notes), is_lost)


def _nothing(engine: Engine) -> npt.NDArray[np.uint8]:
    """A picture of the right shape with nothing in it."""
    return paint(engine.view, np.zeros(engine.view.image_shape, np.float32))
