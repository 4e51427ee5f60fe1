"""Pictures without the widget, from the same descriptions and with the same bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from filterviz_widget.description.description import Description, Precision, checked_precision
from filterviz_widget.description.method import preset
from filterviz_widget.description.ranges import RANGES, Range, fitting

if TYPE_CHECKING:
    from filterviz_widget.engine import Frames
    from filterviz_widget.model import ModelView
    from filterviz_widget.picture import FilterPicture


def visualize_filter(model: Any, layer: str, filter: int, **options: Any) -> FilterPicture:
    """Finds the picture that a filter of a Keras model responds to most.

    Args:
        model: A built Keras 3 model on TensorFlow, or the path of a `.keras` file. It is read, never changed.
        layer: The layer's name, by path for nested models: "vgg16/block3_conv1".
        filter: Output channel of the layer, counted from 0.
        **options: How the model is read and the picture sought: `method`, `step_size`, `iterations`, `seed`,
            `input`, `image_size`, `input_range`, `preprocess`, `other_inputs`, `channels`,
            `precision` as for `FilterExplorer`, and the axes of `Method`.

    Returns:
        A `FilterPicture`; the same arguments give the same bytes, here and in the widget.

    Raises:
        TypeError: For something that is not a Keras model, or an unknown argument.
        ValueError: For a model, layer, filter or option that does not fit.
        FloatingPointError: If a gradient is NaN or infinite.

    Example:

    >>> visualize_filter(model, "conv3", 12, method="robust").save("conv3-12.png")
    """
    frames, wanted = _prepare(model, layer, [filter], options)
    return frames.pictures(wanted)[0]


def visualize_layer(
    model: Any,
    layer: str,
    filters: Sequence[int] | None = None,
    *,
    batch_size: int | Literal["auto"] = 1,
    progress: bool = True,
    **options: Any,
) -> Iterator[FilterPicture]:
    """Finds the pictures of many filters of a layer, one batch after the other.

    Args:
        model: As for `visualize_filter`.
        layer: The layer's name.
        filters: Output channels; None for all.
        batch_size: How many pictures ascend together; "auto" finds out how many pay here and fit into the memory.
            More than 1 is faster (MobileNetV2: 1.7 times) and takes more memory; libraries may then sum in another
            order, so that pixels can differ from a single picture's by rounding.
        progress: Whether to print a progress bar.
        **options: As for `visualize_filter`.

    Returns:
        An iterator of `FilterPicture` in the order of `filters`; only one batch is in memory at a time.

    Raises:
        As `visualize_filter`; wrong arguments are found at the call.

    Example:

    >>> for picture in visualize_layer(model, "conv3", range(16)):
    ...     picture.save(f"conv3-{picture.description.filter}.png")
    """
    if batch_size != "auto" and (isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1):
        raise ValueError(f'batch_size must be a whole number of at least 1, or "auto"; got {batch_size!r}.')
    frames, wanted = _prepare(model, layer, filters, options)
    return _stream(frames, wanted, batch_size, progress)


def visualize_facets(
    model: Any,
    layer: str,
    filter: int,
    *,
    count: int = 4,
    diversity: float = 1.0,
    **options: Any,
) -> list[FilterPicture]:
    """Finds several different pictures of one filter: they ascend together, and likeness is penalised.

    After Olah et al. 2017, "Feature Visualization", section "Diversity".

    Args:
        model: As for `visualize_filter`.
        layer: The layer's name.
        filter: Output channel, counted from 0.
        count: How many pictures, from 2 to 64.
        diversity: Weight of the penalty, relative to the activation's gradient.
        **options: As for `visualize_filter`.

    Returns:
        A list of `count` pictures. Each depends on the others: its description names their seeds.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= 64:
        raise ValueError(f"count must be a whole number from 2 to 64, got {count!r}.")
    frames, (first,) = _prepare(model, layer, [filter], {**options, "diversity": diversity})
    seeds = tuple((first.seed + offset) % (int(RANGES["seed"].high) + 1) for offset in range(count))
    return frames.pictures([replace(first, seed=seed, together=seeds) for seed in seeds])


def describe(
    view: ModelView,
    layer: str,
    filter: int,
    *,
    method: str = "classic",
    step_size: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    precision: str = "auto",
    **options: Any,
) -> Description:
    """Makes the description of a picture from what a person gives; None is the method's own number.

    A precision of "auto" becomes the one that `twin.best_precision` says.

    Raises:
        TypeError, ValueError: For what does not fit.
    """
    chosen = preset(method)
    filters = view.layer(layer).filters
    axes = chosen.method.replaced(**options)
    for number, _ in axes.direction:
        fitting("direction's filter", number, Range(0, filters - 1, whole=True))
    return Description(
        layer,
        fitting("filter", filter, Range(0, filters - 1, whole=True)),
        fitting("step_size", chosen.step_size if step_size is None else step_size, RANGES["step_size"]),
        fitting("iterations", chosen.iterations if iterations is None else iterations, RANGES["iterations"]),
        fitting("seed", seed, RANGES["seed"]),
        view.image_shape[:2],
        view.input_range,
        axes,
        precision=chosen_precision(precision, view, layer),
    )


def chosen_precision(wanted: str, view: ModelView, layer: str) -> Precision:
    """Returns the wanted precision; for "auto" the one that `twin.best_precision` says.

    Raises:
        ValueError: If it is none.
    """
    if (given := checked_precision(wanted)) != "auto":
        return given
    # Imports TensorFlow; whoever has a view has it already.
    from filterviz_widget.twin import best_precision

    return best_precision(view, layer)


READING = ("input", "image_size", "input_range", "preprocess", "other_inputs", "channels")
"""The arguments that say how a model is read."""


def _prepare(
    model: Any, layer: str, filters: Sequence[int] | None, options: Mapping[str, Any]
) -> tuple[Frames, list[Description]]:
    # TensorFlow is imported here, when the first model has come.
    from filterviz_widget.engine import Frames
    from filterviz_widget.model import read_model

    view = read_model(model, **{name: options[name] for name in READING if name in options})
    rest = {name: value for name, value in options.items() if name not in READING}
    chosen = range(view.layer(layer).filters) if filters is None else filters
    return Frames(view), [describe(view, layer, number, **rest) for number in chosen]


def _stream(
    frames: Frames, wanted: list[Description], batch_size: int | Literal["auto"], progress: bool
) -> Iterator[FilterPicture]:
    from keras.utils import Progbar

    from filterviz_widget.engine import BatchSize

    growing = BatchSize(frames.most_together(wanted[0].layer)) if wanted and batch_size == "auto" else None
    count = 1 if batch_size == "auto" else batch_size
    bar = Progbar(len(wanted), unit_name="filter") if progress else None
    first = 0
    while first < len(wanted):
        batch = wanted[first : first + count]
        began = time.perf_counter()
        pictures = frames.pictures(batch)
        if growing:
            growing.took(len(batch), time.perf_counter() - began)
            count = growing.now
        first += len(batch)
        if bar:
            bar.add(len(pictures))
        yield from pictures
