"""What is in the folder of an atlas, read as it is asked for."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.atlas.files import ATLAS, PAGE, damaged, inside, understood
from filterviz_widget.atlas.folder import known
from filterviz_widget.atlas.parts import examples, shard
from filterviz_widget.atlas.parts import layer as layer_part
from filterviz_widget.description.ranges import Range, fitting, short
from filterviz_widget.store.paths import full

if TYPE_CHECKING:
    import pandas


class Contents:
    """Reads an atlas, finished or not.

    Attributes:
        folder: Where it lies.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is damaged, or of a later version.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = full(folder)
        self._about()

    @property
    def layers(self) -> list[str]:
        """Names of its layers."""
        return [each["name"] for each in self._about()["layers"]]

    @property
    def filters(self) -> int:
        """How many there are in all."""
        return int(self._about()["filters"])

    @property
    def made(self) -> int:
        """How many of them are finished."""
        return int(self._about()["made"])

    def filter(self, layer: str, filter: int) -> dict[str, Any]:
        """What is known of a filter: its entry in `shard.json`, with that of `examples.json` where there is one.

        Args:
            layer: The layer's name.
            filter: Counted from 0.

        Raises:
            ValueError: If there is no such layer or filter, or it is not finished.
        """
        about = self._layer(layer)
        number = fitting("filter", filter, Range(0, about["filters"] - 1, whole=True))
        first = number // PAGE * PAGE
        found = shard(self.folder, layer, about["folder"], first)
        if found is None:
            raise ValueError(f"Filter {number} of {layer} is not finished.")
        strongest = examples(self.folder, about)
        with understood(self.folder / about["folder"]):
            return {**found["filters"][number - first], **(strongest[number] if strongest else {})}

    def image(self, layer: str, filter: int) -> npt.NDArray[np.uint8]:
        """The optimum of a filter, uint8 `(height, width, 1 or 3)`.

        Args:
            layer: The layer's name.
            filter: Counted from 0.

        Raises:
            ValueError: If there is no such layer or filter, it is not finished, or it has no optimum.
        """
        from PIL import Image

        entry = self.filter(layer, filter)
        if entry["optimum"] is None:
            raise ValueError(f"Filter {filter} of {layer} has no optimum: {entry['error']}")
        path = inside(self.folder, entry["optimum"])
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image)
        except (OSError, ValueError, SyntaxError) as error:  # whatever Pillow says of what is no picture
            raise damaged(path, error) from error
        return pixels if pixels.ndim == 3 else pixels[..., None]

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each finished filter.

        Returns:
            Columns `layer`, `filter`, `activation` (of the optimum), `inhibited` (of what inhibits it), `selectivity`
            and `median` (over the images), `strongest` (name of the strongest image) and its `value`, `is_dead`,
            `error`, `note`, and `previous` and `next`, the strongest neighbours as "conv2/7".

        Raises:
            ImportError: If pandas is not installed.
        """
        from filterviz_widget.atlas.table import table

        return table(self.folder, self._about()["layers"])

    def _about(self) -> dict[str, Any]:
        found = known(self.folder)
        if found is None:
            raise FileNotFoundError(f"There is no atlas in {str(self.folder)!r}: expected a folder with {ATLAS}.")
        with understood(self.folder / ATLAS):
            int(found["filters"]), int(found["made"])
            for each in found["layers"]:
                inside(self.folder, each["folder"]), str(each["name"]), range(each["filters"]), int(each["made"])
        return found

    def _layer(self, name: str) -> dict[str, Any]:
        layers = {each["name"]: each for each in self._about()["layers"]}
        if name not in layers:
            close = difflib.get_close_matches(str(name), layers, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(map(repr, list(layers)[:8]))}."
            raise ValueError(f"The atlas has no layer {short(name)}; {hint}")
        return layers[name]

    def layer(self, name: str) -> dict[str, Any]:
        """What is known of a layer: its `layer.json`.

        Raises:
            ValueError: If there is none of that name.
        """
        about = self._layer(name)
        return layer_part(self.folder, about) or about
