"""A model's outputs with and without one filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.ranges import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float32]


Scale = Literal["probability", "softmax", "output"]


def checked_names(given: Sequence[str], count: int, output: str) -> tuple[str, ...]:
    """Names of classes as a tuple.

    Raises:
        ValueError: If there are not as many as classes, or they have no order.
    """
    if isinstance(given, str | set | frozenset | dict) or not hasattr(given, "__len__"):
        raise ValueError(f"class_names must be a sequence of names, got {short(given)}.")
    if len(given) != count:
        raise ValueError(f"class_names must be one for each of {count} classes of {output}, got {len(given)}.")
    return tuple(map(str, given))


@dataclass(frozen=True, eq=False)
class Ablation:
    """What a model's outputs are with a filter's feature map, and with the map set to one value everywhere.

    Attributes:
        layer: The layer's name.
        filter: The filter, counted from 0.
        value: What the map was set to: 0, or the filter's mean over the images.
        output: The name of the output that `before` and `after` are of.
        before: float32 `(images, classes)`, in the units of `scale`.
        after: The same without the filter.
        outputs: All outputs by name, each a pair before and after, as the model gives them.
        scale: "probability" of a softmax or sigmoid; "softmax" that of an output without either, such as logits;
            "output" for a single number as it is.
        is_exclusive: Whether an image has one class only, as it is not where each class has a sigmoid of its own.
        labels: The right class of each image; None where they were not given.
        class_names: What the classes are called; their numbers where nothing was given.
        skipped: Images that could not be read: name and reason.
        notes: What was noticed about the images, with how many of them.

    Example:

    >>> ablation = ablate(model, "conv3", 12, images, labels)
    >>> ablation.change.mean(0)  # by class
    >>> ablation.plot()
    """

    layer: str
    filter: int
    value: float
    output: str
    before: Floats = field(repr=False)
    after: Floats = field(repr=False)
    outputs: dict[str, tuple[Floats, Floats]] = field(repr=False)
    scale: Scale
    is_exclusive: bool
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    notes: dict[str, int] = field(default_factory=dict)

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
        if class_names is None:
            return self
        return replace(self, class_names=checked_names(class_names, self.before.shape[1], self.output))

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
        words = {
            "probability": "probability",
            "softmax": f"softmax of {self.output}",
            "output": f"output {self.output}",
        }
        own = " of its own class" if self.labels is not None else ""
        axis.set_xlabel(words[self.scale] + own, fontsize=8)
        axis.tick_params(labelsize=8)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        how = "set to 0" if self.value == 0 else f"set to its mean, {self.value:.3g}"
        over = "each class over its own images" if self.labels is not None else f"mean of {len(self.before):,} images"
        figure.suptitle(f"{self.layer}, filter {self.filter} {how}: {over}", fontsize=9)
        if self.notes or self.skipped:
            skipped = [f"{len(self.skipped)} images could not be read."] * bool(self.skipped)
            figure.supxlabel(" ".join([*self.notes, *skipped]), fontsize=8, wrap=True)
        return figure

    def _repr_png_(self) -> bytes:
        figure: Any = self.plot()
        return bytes(figure._repr_png_())
