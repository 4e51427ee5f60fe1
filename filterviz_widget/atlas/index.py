"""What is said of an atlas and its layers as a whole, from the parts that are finished."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from filterviz_widget.atlas.files import ATLAS, COLUMNS, LAYER, PAGE, TILE, read_json, write_json
from filterviz_widget.atlas.job import Task
from filterviz_widget.atlas.profile import centred, size

if TYPE_CHECKING:
    from filterviz_widget.atlas.planning import Plan

PAUSE = 1.0
"""Seconds between two writings of the same file while the atlas is made, at least."""

SHARE = 20
"""Or so many times as long as a writing takes: files of layers with very many filters are large."""

PATIENCE = 20.0
"""Seconds until what another machine has written is to be seen."""


class Index:
    """Knows which parts are finished, and writes atlas.json and each layer.json.

    Args:
        plan: What is to be made.

    Attributes:
        parts: How many parts are finished: shards, and passes over the images.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._job = plan, plan.job
        self._layers = [_Layer(plan, place) for place in range(len(plan.job.layers))]
        self.parts = 0
        self._stale: set[int] = set(range(len(self._layers)))
        self._written, self._pause = 0.0, PAUSE

    @property
    def made(self) -> list[int]:
        """How many filters of each layer are finished."""
        return [layer.made for layer in self._layers]

    def add(self, task: Task) -> None:
        """Takes in a part that is finished.

        Raises:
            ValueError: If its file is damaged.
            FileNotFoundError: If another machine has finished it, and it is not to be seen here.
        """
        found = self._read(self._job.result(task))
        layer = self._layers[task.layer]
        self.parts += 1
        if task.kind == "examples":
            layer.selectivity = [each["selectivity"] for each in found["filters"]]
            layer.has_examples = True
        else:
            layer.add(task.first, found["filters"])
        self._stale.add(task.layer)

    def _read(self, name: str) -> Any:
        until = time.monotonic() + PATIENCE
        while (found := read_json(self._job.folder, name)) is None:
            if time.monotonic() > until:
                raise FileNotFoundError(
                    f"{name} was finished on another machine, but is not to be seen here: expected "
                    f"{str(self._job.folder)!r} to be the same folder on all machines."
                )
            list((self._job.folder / name).parent.parent.iterdir())  # a network disk looks again
            time.sleep(0.2)
        return found

    def write(self, at_once: bool = False) -> None:
        """Writes what has changed, now and then or `at_once`."""
        began = time.monotonic()
        if not at_once and began - self._written < self._pause:
            return
        try:
            self._write()
        except PermissionError:  # on Windows, while somebody reads what is replaced
            if at_once:
                raise
        self._written = time.monotonic()
        self._pause = max(PAUSE, SHARE * (self._written - began))

    def _write(self) -> None:
        for place in sorted(self._stale):
            layer = self._layers[place]
            write_json(self._job.folder, f"{self._job.layers[place].folder}/{LAYER}", layer.to_json())
        about = dict(self._plan.about)
        about["layers"] = [
            {**each, "made": layer.made, "examples": layer.has_examples}
            for each, layer in zip(about["layers"], self._layers, strict=True)
        ]
        about["made"] = sum(self.made)
        write_json(self._job.folder, ATLAS, about)
        self._stale.clear()


class _Layer:
    def __init__(self, plan: Plan, place: int) -> None:
        from filterviz_widget.widgets.field_state import field_state

        self._about = plan.about["layers"][place]
        filters = plan.job.layers[place].filters
        view = plan.engine.view
        try:
            self._field = field_state(view, view.receptive_field(plan.job.layers[place].name))
        except ValueError as error:
            self._field = {"words": str(error)}
        self._activations: list[float | None] = [None] * filters
        self._profiles = np.zeros((filters, size(filters)), np.int8)
        self._failed: list[int] = []
        self._shards: set[int] = set()
        self.selectivity: list[float | None] = []
        self.has_examples = False
        self.made = 0

    def add(self, first: int, entries: list[dict[str, Any]]) -> None:
        self._shards.add(first)
        for entry in entries:
            filter = entry["filter"]
            if entry["error"]:
                self._failed.append(filter)
            else:
                self._activations[filter] = entry["activations"][-1]
            self._profiles[filter] = entry["profile"]
        self.made += len(entries)

    def to_json(self) -> dict[str, Any]:
        return {
            **self._about,
            "made": self.made,
            "examples": self.has_examples,
            "page": PAGE,
            "tile": TILE,
            "columns": COLUMNS,
            "shards": sorted(self._shards),
            "failed": sorted(self._failed),
            "activations": self._activations,
            "selectivity": self.selectivity,
            "profile_size": self._profiles.shape[1],
            "profiles": base64.b64encode(centred(self._profiles).tobytes()).decode("ascii"),
            "field": self._field,
        }
