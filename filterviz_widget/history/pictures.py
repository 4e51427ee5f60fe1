"""The pictures that recorded filters respond to, drawn by the model's engine with its present weights."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.engine import Engine


class Drawn(NamedTuple):
    """The pictures of one layer's filters.

    Attributes:
        pictures: uint8 `(filters, height, width, 1 or 3)`, each scaled for display by itself.
        activations: float32 `(filters,)`, what each filter answers to its picture.
        dead: bool `(filters,)`, whether nothing gave its picture a gradient, so that it is the start image.
        notes: What the viewer should know of each picture; "" for nothing.
    """

    pictures: npt.NDArray[np.uint8]
    activations: npt.NDArray[np.float32]
    dead: npt.NDArray[np.bool_]
    notes: tuple[str, ...]


def draw(engine: Engine, layers: Mapping[str, Sequence[int]], **how: Any) -> dict[str, Drawn]:
    """Draws filters with the model's weights as they are now: the same pictures as by any other door.

    Args:
        engine: The model's.
        layers: Names of layers, each with the filters to draw, counted from 0; none for a layer without pictures.
        **how: As for `Engine.describe`: method, iterations, step_size, seed, precision.
    """
    return {name: _draw(engine, name, filters, how) for name, filters in layers.items() if filters}


def _draw(engine: Engine, name: str, filters: Sequence[int], how: Mapping[str, Any]) -> Drawn:
    # One by one: together they would differ by rounding from those of the other doors.
    pictures = [engine.facets(engine.describe(name, filter, **how))[0] for filter in filters]
    return Drawn(
        np.stack([picture.image for picture in pictures]),
        np.array([picture.activations[-1] for picture in pictures], np.float32),
        np.array([picture.is_dead for picture in pictures]),
        tuple(picture.error or picture.note for picture in pictures),
    )
