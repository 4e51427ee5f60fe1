"""What is asked of an atlas as a whole, and what a worker needs to know to make a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from filterviz_widget.atlas.files import EXAMPLES, PAGE, SHARD, shard_folder

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.engine import Engine


class LayerPlan(NamedTuple):
    """A layer of an atlas.

    Attributes:
        name: The layer's name.
        folder: Its address in the atlas.
        class_name: As `LayerInfo` has it; the following, too.
        kind: Which kind of layer.
        filters: How many.
        shape: Of its output.
        note: What a viewer should know.
    """

    name: str
    folder: str
    class_name: str
    kind: str
    filters: int
    shape: tuple[int | None, ...]
    note: str

    @property
    def shards(self) -> range:
        """The first filter of each shard."""
        return range(0, self.filters, PAGE)


class Task(NamedTuple):
    """A part that is made at once: some filters of a layer, or the strongest images for all of them.

    Attributes:
        kind: Which of the two.
        layer: The layer's place in the plan.
        first: The first filter.
        filters: How many.
    """

    kind: Literal["filters", "examples"]
    layer: int
    first: int = 0
    filters: int = 0


class Settings(NamedTuple):
    """How the optima are sought.

    Attributes:
        method: Name of the preset.
        options: Axes of the method that differ from the preset's.
        step_size: In grey levels; None for the preset's.
        iterations: None for the preset's.
        seed: Of the random moves.
        precision: In which dtype the layers are computed.
        facets: How many different optima of each filter; 0 for none.
    """

    method: str = "robust"
    options: tuple[tuple[str, Any], ...] = ()
    step_size: float | None = None
    iterations: int | None = None
    seed: int = 0
    precision: str = "float32"
    facets: int = 3


@dataclass(frozen=True)
class Job:
    """What a worker needs to make any part of the atlas. It can be pickled.

    Attributes:
        folder: The atlas.
        key: Its digest.
        weights: The digest of the model's weights; a worker that reads others refuses.
        model: The file of the model.
        written: The digest of that file, if it was written for this job, and so may hold code of the user's; else "".
        reading: How the model is read: arguments of `read_model`.
        settings: How the optima are sought.
        layers: All of them.
        photos: A folder's files, or the file of an array; None where there are no images.
    """

    folder: Path
    key: str
    weights: str
    model: Path
    written: str
    reading: Mapping[str, Any]
    settings: Settings
    layers: tuple[LayerPlan, ...]
    photos: Path | tuple[Path, ...] | None = None

    def result(self, task: Task) -> str:
        """The address of the file that is written last: where it is, the part is done."""
        layer = self.layers[task.layer]
        return f"{layer.folder}/{EXAMPLES}" if task.kind == "examples" else f"{self.shard(task)}/{SHARD}"

    def shard(self, task: Task) -> str:
        """The address of the folder of some filters."""
        return shard_folder(self.layers[task.layer].folder, task.first)

    def is_done(self, task: Task) -> bool:
        """Whether the part is there."""
        return (self.folder / self.result(task)).is_file()


def description(engine: Engine, settings: Settings, layer: str, filter: int) -> Description:
    """The optimum of a filter.

    Raises:
        TypeError, ValueError: For what does not fit.
    """
    return engine.describe(
        layer,
        filter,
        method=settings.method,
        step_size=settings.step_size,
        iterations=settings.iterations,
        seed=settings.seed,
        precision=settings.precision,
        **dict(settings.options),
    )


def opposite(wanted: Description) -> Description:
    """What inhibits the filter."""
    return replace(wanted, method=replace(wanted.method, sign=-wanted.method.sign))


def faceted(wanted: Description, facets: int) -> Description:
    """Several different optima of the filter."""
    method = wanted.method
    return replace(wanted, facets=facets, method=replace(method, diversity=method.diversity or 1.0))
