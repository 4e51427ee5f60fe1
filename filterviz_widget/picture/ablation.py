"""A model's outputs with and without one filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.ranges import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ablation:
    """What a model's outputs are with a filter's feature map, and with the map set to one value everywhere.

    Attributes:
        layer: The layer's name.
        filter: The filter, counted from 0.
        value: What the map was set to: 0, or the filter's mean over the images.
        output: The name of the output that `before` and `after` are of: the first with one number per class.
        before: float32 `(images, classes)`: probabilities where `is_probability`, else the output as it is.
        after: The same without the filter.
        outputs: All outputs by name, each a pair before and after, as the model gives them.
        is_probability: Whether they are probabilities: the output's own, or the softmax of logits.
        labels: The right class of each image; None where they were not given.
        class_names: What the classes are called; their numbers where nothing was given.

    Example:

    >>> ablation = ablate(model, "conv3", 12, images, labels)
    >>> ablation.change.mean(0)  # by class
    >>> ablation.plot()
    """

    layer: str
    filter: int
    value: float
    output: str
    before: Floats
    after: Floats
    outputs: dict[str, tuple[Floats, Floats]]
    is_probability: bool
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Of the arrays."""
        pairs = [self.before, self.after, *(each for pair in self.outputs.values() for each in pair)]
        return sum(each.nbytes for each in pairs)

    def named(self, class_names: Sequence[str] | None) -> Ablation:
        """The same with names for the classes.

        Raises:
            ValueError: If there are not as many as classes.
        """
        count = self.before.shape[1]
        if class_names is None:
            return self
        if isinstance(class_names, str) or not hasattr(class_names, "__len__"):
            raise ValueError(f"class_names must be a sequence of names, got {short(class_names)}.")
        if len(class_names) != count:
            raise ValueError(f"class_names must be one for each of {count} classes, got {len(class_names)}.")
        return replace(self, class_names=tuple(map(str, class_names)))

    @property
    def change(self) -> Floats:
        """After less before, `(images, classes)`."""
        return self.after - self.before

    def by_class(self) -> list[tuple[str, int, float, float]]:
        """Of each class that an image has: name, images, and the mean of its own output before and after.

        Raises:
            ValueError: If no labels were given.
        """
        if self.labels is None:
            raise ValueError("by_class needs labels: ablate(model, layer, filter, images, labels).")
        rows = []
        for label in np.unique(self.labels):
            own = self.labels == label
            means = float(self.before[own, label].mean()), float(self.after[own, label].mean())
            rows.append((self.class_names[label], int(own.sum()), *means))
        return sorted(rows, key=lambda row: row[3] - row[2])

    def plot(self, most: int = 8) -> Figure:
        """The classes that change the most, before and after, as bars: means over the images.

        With labels, each class over its own images; else every class over all.
        """
        from filterviz_widget.picture.figure import NotebookFigure

        if self.labels is None:
            before, after = self.before.mean(0), self.after.mean(0)
            chosen = np.argsort(-np.abs(after - before), kind="stable")[:most]
            rows: Sequence[tuple[str, float, float]] = [
                (self.class_names[each], float(before[each]), float(after[each])) for each in chosen
            ]
        else:
            changes = sorted(self.by_class(), key=lambda row: -abs(row[3] - row[2]))
            rows = [(f"{name} ({count})", one, other) for name, count, one, other in changes[:most]]
        figure = NotebookFigure(figsize=(6.4, 0.42 * len(rows) + 1.4))
        axis: Any = figure.subplots()
        places = np.arange(len(rows))
        axis.barh(places - 0.2, [row[1] for row in rows], 0.38, color="#9aa3ab", label="with the filter")
        axis.barh(places + 0.2, [row[2] for row in rows], 0.38, color="#c8324a", label="without")
        axis.set_yticks(places, [row[0] for row in rows], fontsize=8)
        axis.invert_yaxis()
        axis.set_xlabel("probability" if self.is_probability else f"output {self.output}", fontsize=8)
        axis.tick_params(labelsize=8)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        how = "set to 0" if self.value == 0 else f"set to its mean, {self.value:.3g}"
        figure.suptitle(f"{self.layer}, filter {self.filter} {how}: mean of {len(self.before):,} images", fontsize=9)
        return figure

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())
