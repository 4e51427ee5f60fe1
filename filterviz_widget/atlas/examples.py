"""For every filter of a layer, the images of the user's set that excite it most: one pass over the set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from filterviz_widget.atlas.files import DIGITS, write_bytes, write_json
from filterviz_widget.atlas.job import Job, Task
from filterviz_widget.description.question import StrongestOf
from filterviz_widget.images import PhotoSet
from filterviz_widget.picture import webp
from filterviz_widget.store.numbers import number, numbers

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine

KEPT = 9
"""Images of a filter."""

QUALITY = 85


def photo_set(engine: Engine, photos: Path | tuple[Path, ...]) -> PhotoSet:
    """The images of a job."""
    given = np.load(photos, mmap_mode="r", allow_pickle=False) if isinstance(photos, Path) else list(photos)
    return PhotoSet(given, engine.answers.format)


def make_examples(engine: Engine, job: Job, task: Task, check: Callable[[], None] = lambda: None) -> None:
    """Finds and writes them, and each image that is among them, once for the whole atlas; `check` as for a shard.

    Raises:
        ValueError: If none of the images can be read.
        OSError: If a file cannot be written.
    """
    from filterviz_widget.engine.paint import box_on

    assert job.photos is not None
    name = job.layers[task.layer].name
    photos = photo_set(engine, job.photos)
    try:
        found = engine.answers.answer(StrongestOf(name, engine.reading, photos.key, KEPT), photos, check)
    except ValueError as error:
        if photos.skipped and len(photos.skipped) == photos.count:
            raise
        nothing = {"quantiles": [None] * 7, "selectivity": None, "strongest": []}
        words = f"They could not be found: {str(error)[:300]}"
        entries = [nothing] * job.layers[task.layer].filters
        write_json(job.folder, job.result(task), {"images": 0, "words": words, "filters": entries})
        return
    box_of = box_on(engine.view, engine.view.receptive_field(name))
    ranked = found.strongest
    needed = sorted({int(each) for each in ranked.numbers.ravel() if each >= 0})
    sizes: dict[int, tuple[int, int]] = {}
    for start in range(0, len(needed), 64):  # in bounded memory
        for place, image in photos.shown(needed[start : start + 64]).items():
            sizes[place] = image.shape[:2]
            if not (job.folder / f"photos/{place}.webp").is_file():
                write_bytes(job.folder / f"photos/{place}.webp", webp(image, QUALITY))

    def example(place: int, value: float, position: Any) -> dict[str, Any]:
        top, left, bottom, right = box_of((int(position[0]), int(position[1])))
        height, width = sizes[place]
        box = [left / width, top / height, (right - left) / width, (bottom - top) / height]
        return {
            "photo": f"photos/{place}.webp",
            "name": photos.name(place),
            "value": number(value, DIGITS),
            "box": numbers(box, DIGITS),
        }

    filters = [
        {
            "quantiles": numbers(found.quantiles[filter], DIGITS),
            "selectivity": number(found.selectivity[filter], DIGITS),
            "strongest": [
                example(int(place), value, position)
                for place, value, position in zip(
                    ranked.numbers[filter], ranked.values[filter], ranked.positions[filter], strict=True
                )
                if int(place) in sizes
            ],
        }
        for filter in range(len(ranked.numbers))
    ]
    skipped = [f"{len(found.skipped):,} could not be read."] if found.skipped else []
    words = " ".join([*skipped, *found.notes])
    write_json(job.folder, job.result(task), {"images": found.images, "words": words, "filters": filters})
