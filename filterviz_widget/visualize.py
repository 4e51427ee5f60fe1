"""Pictures without the widget, from the same descriptions and with the same bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

from filterviz_widget.description.description import MOST_FACETS

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.description.options import FacetOptions, PictureOptions
    from filterviz_widget.engine import Engine
    from filterviz_widget.picture import FilterPicture


def visualize_filter(model: Any, layer: str, filter: int, **options: Unpack[PictureOptions]) -> FilterPicture:
    """Finds the picture that a filter of a Keras model responds to most.

    Args:
        model: A built Keras 3 model on TensorFlow, or the path of a `.keras` file. It is read, never changed.
        layer: The layer's name, by path for nested models: "vgg16/block3_conv1".
        filter: Output channel of the layer, counted from 0.
        **options: How the model is read and the picture sought: `method`, `step_size`, `iterations`, `seed`,
            `input`, `image_size`, `input_range`, `preprocess`, `other_inputs`, `channels`, `data`, `input_shape`,
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
    engine, (wanted,) = _prepare(model, layer, [filter], options)
    return engine.picture(wanted)


def visualize_layer(
    model: Any,
    layer: str,
    filters: Sequence[int] | None = None,
    *,
    batch_size: int | Literal["auto"] = 1,
    progress: bool = True,
    **options: Unpack[PictureOptions],
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
        An iterator of `FilterPicture` in the order of `filters`; only one batch is in memory at a time. A filter whose
        gradient is not finite has its reason in `FilterPicture.error`, and the others go on.

    Raises:
        ValueError: As `visualize_filter`, as are other errors; wrong arguments are found at the call.

    Example:

    >>> for picture in visualize_layer(model, "conv3", range(16)):
    ...     picture.save(f"conv3-{picture.description.filter}.png")
    """
    if batch_size != "auto" and (isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1):
        raise ValueError(f'batch_size must be a whole number of at least 1, or "auto"; got {batch_size!r}.')
    engine, wanted = _prepare(model, layer, filters, options)
    return _stream(engine, wanted, batch_size, progress)


def visualize_facets(
    model: Any,
    layer: str,
    filter: int,
    *,
    count: int = 4,
    diversity: float = 1.0,
    **options: Unpack[FacetOptions],
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
        A list of `count` pictures. They are one description's, since each depends on the others: `FilterPicture.facet`
        says which is which, and the first one starts from the description's seed, each further one from the next.

    Raises:
        As `visualize_filter`; ValueError for a count out of its range.

    Example:

    >>> [picture.facet for picture in visualize_facets(model, "conv3", 12, count=3)]
    [0, 1, 2]
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST_FACETS:
        raise ValueError(f"count must be a whole number from 2 to {MOST_FACETS}, got {count!r}.")
    engine, (wanted,) = _prepare(model, layer, [filter], {**options, "diversity": diversity})
    return engine.facets(replace(wanted, facets=count))


def _prepare(
    model: Any, layer: str, filters: Sequence[int] | None, options: Mapping[str, Any]
) -> tuple[Engine, list[Description]]:
    # TensorFlow is imported here, when the first model has come.
    from filterviz_widget.engine import READING, engine_of

    engine = engine_of(model, **{name: options[name] for name in READING if name in options})
    rest = {name: value for name, value in options.items() if name not in READING}
    chosen = range(engine.view.layer(layer).filters) if filters is None else filters
    return engine, [engine.describe(layer, number, **rest) for number in chosen]


def _stream(
    engine: Engine, wanted: list[Description], batch_size: int | Literal["auto"], progress: bool
) -> Iterator[FilterPicture]:
    from keras.utils import Progbar

    from filterviz_widget.engine import BatchSize

    growing = BatchSize(engine.most_together(wanted[0].layer)) if wanted and batch_size == "auto" else None
    count = 1 if batch_size == "auto" else batch_size
    bar = Progbar(len(wanted), unit_name="filter") if progress else None
    first = 0
    while first < len(wanted):
        batch = wanted[first : first + count]
        began = time.perf_counter()
        # One by one they may be known already, which would tell nothing of how long they take.
        pictures = engine.together(batch) if growing or len(batch) > 1 else engine.facets(batch[0])
        if growing:
            growing.took(len(batch), time.perf_counter() - began)
            count = growing.now
        first += len(batch)
        if bar:
            bar.add(len(pictures))
        yield from pictures
