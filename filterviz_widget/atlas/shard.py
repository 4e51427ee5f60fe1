"""Some filters of a layer in full: their pictures and numbers, written as the files of one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from filterviz_widget.atlas.files import COLUMNS, DIGITS, TILE, write_bytes, write_json
from filterviz_widget.atlas.job import Job, Task, description, faceted, opposite
from filterviz_widget.atlas.profile import profiles, size
from filterviz_widget.description.code import code
from filterviz_widget.description.question import KernelOf, NeighboursOf
from filterviz_widget.picture import FilterPicture, jpeg, webp
from filterviz_widget.picture.small import Picture, middle_slice, thumbnail, tiled
from filterviz_widget.store.numbers import number, numbers

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.engine import Engine
    from filterviz_widget.picture.kernel import FilterKernel
    from filterviz_widget.picture.neighbours import Neighbour

NEIGHBOURS = 8
"""On each side."""

LONGEST = 16_383
"""Pixels of a side of a WebP file, at most."""

EFFORT = 4
"""Of WebP: in a tenth of the time that the largest takes."""

SMALL, LARGE = 80, 85
"""JPEG qualities: of a sheet, and of the pictures beside an optimum."""


def make_shard(engine: Engine, job: Job, task: Task, check: Callable[[], None] = lambda: None) -> None:
    """Makes them. Files that are there already are written anew, with the same bytes.

    Args:
        engine: Of the model.
        job: The atlas.
        task: Which filters.
        check: Called often; it may raise to give the work up.

    Raises:
        OSError: If a file cannot be written.
        Exception: Whatever the model raises.
    """
    layer = job.layers[task.layer]
    folder = job.folder / job.shard(task)
    chosen = range(task.first, task.first + task.filters)
    wanted = [description(engine, job.settings, layer.name, filter) for filter in chosen]
    optima = [_drawn(engine, each, check)[0] for each in wanted]
    inhibits = [_drawn(engine, opposite(each), check)[0] for each in wanted]
    several = job.settings.facets
    facets = [_drawn(engine, faceted(each, several), check) if several > 1 else [] for each in wanted]
    kernels = [_kernel(engine, layer.name, filter) for filter in chosen]
    rows = _profiles(engine, layer.name, optima)

    entries = []
    for place, filter in enumerate(chosen):
        picture, kernel = optima[place], kernels[place]
        if not picture.error:
            write_bytes(folder / f"{filter}.webp", webp(picture.image, None, EFFORT))
        near, problem = _neighbours(engine, layer.name, filter)
        entries.append(
            {
                "filter": filter,
                "optimum": None if picture.error else f"{job.shard(task)}/{filter}.webp",
                "activations": numbers(picture.activations, DIGITS),
                "note": f"{picture.note} {problem}".strip(),
                "error": picture.error,
                "is_dead": picture.is_dead,
                "inhibits": _beside(inhibits[place]),
                "facets": [_last(each) for each in facets[place]],
                "kernel": kernel and {"limit": number(kernel.limit, DIGITS), "words": kernel.words},
                "profile": rows[place].tolist(),
                **near,
                "code": code(wanted[place], job.settings.method, job.reading),
            }
        )
    against = _fitting([None if each.error else each.image for each in inhibits], COLUMNS)
    drawn = _fitting([None if kernel is None else kernel.image for kernel in kernels], COLUMNS)
    every = _fitting([None if each.error else each.image for row in facets for each in row], max(1, several))
    sprites = {
        "inhibits": _sprite(against),
        "facets": _sprite(every, several) if several > 1 else None,
        "kernels": _sprite(drawn) if any(kernels) else None,
    }
    slices = engine.view.data.slices
    small = [None if each.error else thumbnail(middle_slice(each.image, slices), TILE) for each in optima]
    write_bytes(folder / "sheet.jpg", jpeg(tiled(small, (TILE, TILE), COLUMNS), SMALL))
    write_bytes(folder / "inhibits.jpg", jpeg(tiled(against, _largest(against), COLUMNS), LARGE))
    if sprites["facets"]:
        write_bytes(folder / "facets.jpg", jpeg(tiled(every, _largest(every), several), LARGE))
    if sprites["kernels"]:
        write_bytes(folder / "kernels.webp", webp(tiled(drawn, _largest(drawn), COLUMNS), None, EFFORT))
    about = {"layer": layer.name, "first": task.first, "sprites": sprites, "filters": entries}
    write_json(job.folder, job.result(task), about)


def _drawn(engine: Engine, wanted: Description, check: Callable[[], None]) -> list[FilterPicture]:
    """The pictures of a description; where the model cannot be computed, none, with the reason."""
    try:
        return engine.facets(wanted, check)
    except Exception as error:
        if not lasts(error):
            raise
        height, width, channels = engine.view.image_shape
        nothing = np.zeros((height, width, 1), np.uint8), np.zeros((height, width, channels), np.float32)
        failed = FilterPicture(*nothing, np.array([np.nan], np.float32), wanted, error=f"{str(error)[:500]}")
        return [failed] * wanted.facets


def lasts(error: Exception) -> bool:
    """Whether it would be the same the next time. Want of memory, of a disk or of a processor would not."""
    import tensorflow as tf

    lasting = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.NotFoundError)
    passing = (OSError, MemoryError, tf.errors.OpError)
    return isinstance(error, lasting) or not isinstance(error, passing)


def _kernel(engine: Engine, layer: str, filter: int) -> FilterKernel | None:
    try:
        found: FilterKernel = engine.answers.answer(KernelOf(layer, engine.reading, filter))
    except ValueError:  # a layer without one
        return None
    return found


def _profiles(engine: Engine, layer: str, optima: list[FilterPicture]) -> Any:
    """Zeros for those that failed, and where the layer cannot be computed by itself."""
    made = np.zeros((len(optima), size(engine.view.layer(layer).filters)), np.int8)
    good = [place for place, each in enumerate(optima) if not each.error and not each.is_dead]
    if good:
        try:
            answers = engine.answers.forward(layer).summary(np.stack([optima[place].raw for place in good])).mean
        except Exception as error:  # such as names that TensorFlow takes for no scope
            if not lasts(error):
                raise
            return made
        made[good] = profiles(answers)
    return made


def _beside(picture: FilterPicture) -> dict[str, Any]:
    return {"activation": _last(picture), "note": picture.error or picture.note}


def _last(picture: FilterPicture) -> float | None:
    return None if picture.error else number(picture.activations[-1], DIGITS)


def _neighbours(engine: Engine, layer: str, filter: int) -> tuple[dict[str, Any], str]:
    """Both sides, and why there are none."""
    try:
        found = engine.answers.answer(NeighboursOf(layer, engine.reading, filter, NEIGHBOURS))
    except Exception as error:  # what lies between two layers may be anything
        if not lasts(error):
            raise
        return {"previous": [], "next": []}, f"Its neighbours could not be found: {str(error)[:200]}"

    def side(neighbours: Sequence[Neighbour]) -> list[dict[str, Any]]:
        return [{**each._asdict(), "weight": number(each.weight, DIGITS)} for each in neighbours]

    return {"previous": side(found.previous), "next": side(found.next)}, ""


def _fitting(pictures: list[Picture | None], columns: int) -> list[Picture | None]:
    """The same, made smaller where side by side they would be larger than a WebP file may be."""
    height, width = _largest(pictures)
    rows = -(-len(pictures) // columns)
    share = min(1.0, LONGEST / max(1, rows * height), LONGEST / (columns * width))
    if share == 1.0:
        return pictures
    return [each if each is None else thumbnail(each, max(1, int(share * max(each.shape[:2])))) for each in pictures]


def _sprite(pictures: list[Picture | None], columns: int = COLUMNS) -> dict[str, Any]:
    return {"tile": list(_largest(pictures)), "columns": columns}


def _largest(pictures: Sequence[Picture | None]) -> tuple[int, int]:
    """The tile that holds any of them; one pixel where there is none."""
    sizes = [picture.shape[:2] for picture in pictures if picture is not None]
    return max((size[0] for size in sizes), default=1), max((size[1] for size in sizes), default=1)
