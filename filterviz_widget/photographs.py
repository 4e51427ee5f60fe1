"""What a layer does with images of the user's own, without the widget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

from filterviz_widget.description.ranges import Range, fitting

if TYPE_CHECKING:
    from filterviz_widget.description.options import AscentOptions, ReadingOptions
    from filterviz_widget.picture import FilterPicture
    from filterviz_widget.picture.ablation import Ablation
    from filterviz_widget.picture.feature_maps import FeatureMaps
    from filterviz_widget.picture.strongest import Strongest

MOST_KEPT = 100


def feature_maps(model: Any, layer: str, image: Any, **reading: Unpack[ReadingOptions]) -> FeatureMaps:
    """Computes what every filter of a layer answers to an image.

    Args:
        model: A built Keras 3 model on TensorFlow, or the path of a `.keras` file. It is read, never changed.
        layer: The layer's name, by path for nested models: "vgg16/block3_conv1".
        image: A path, a PIL image, or an array `(height, width)` or `(height, width, channels)`: integers of 8 bits, or
            floating-point numbers in the input range. The middle is cut out in the model's proportions and resized;
            what `preprocess` does comes after. For a model of signals an array `(length, channels)` or `(length,)`, of
            which the middle is taken; of volumes or frames `(slices, height, width, channels)`.
        **reading: How the model is read: `input`, `image_size`, `input_range`, `preprocess`, `other_inputs`,
            `channels`, `data`, as for `FilterExplorer`.

    Returns:
        `FeatureMaps`: `.maps` float32 `(height, width, filters)`, `.overlay(filter)`, `.plot(filters)`.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: For something that is no model or no image, or an unknown argument.
        ValueError: For a layer or an image that does not fit.

    Example:

    >>> feature_maps(model, "conv3", "cat.jpg").plot()
    """
    from filterviz_widget.description.question import FeatureMapsOf
    from filterviz_widget.description.reading import Array
    from filterviz_widget.engine import engine_for
    from filterviz_widget.images import read_photo

    engine = engine_for(model, reading)
    photo = read_photo(image, engine.answers.format)
    found: FeatureMaps = engine.answers.answer(FeatureMapsOf(layer, engine.reading, Array.of(photo.pixels)))
    return replace(found, note=photo.note)  # what was done to the file


def strongest_images(
    model: Any,
    layer: str,
    images: Any,
    filters: int | Sequence[int] | None = None,
    k: int = 9,
    *,
    by: Literal["mean", "position"] = "mean",
    progress: bool = True,
    **reading: Unpack[ReadingOptions],
) -> Strongest:
    """Finds, for the filters of a layer, the images of a set that excite them the most and the least.

    One pass serves all filters; images are read batch by batch, and files that cannot be read are named and left out.

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        images: An array `(count, height, width, channels)`, a folder, a sequence of paths, PIL images or arrays, a
            `tf.data.Dataset` or a `keras.utils.PyDataset`, of images or of `(images, labels)`. A dataset must give the
            same images in the same order each time.
        filters: Whose images are kept; None for all.
        k: How many for each filter, 1 to 100.
        by: "mean": the activation, the mean of the feature map, decides; "position": its largest value.
        progress: Whether to print a progress bar.
        **reading: As for `feature_maps`.

    Returns:
        A `Strongest`: `.indices`, `.values`, `.positions`, `.quantiles`, `.plot(filter)`.

    Raises:
        FileNotFoundError: If there is no such folder.
        TypeError: For something that is no model or no images, or an unknown argument.
        ValueError: For a layer, filter or number that does not fit, or where no image can be read.

    Example:

    >>> strongest_images(model, "conv3", "photos/", k=5).plot(12)
    """
    import numpy as np
    from keras.utils import Progbar

    from filterviz_widget.description.question import StrongestOf
    from filterviz_widget.engine import engine_for
    from filterviz_widget.engine.paint import box_on
    from filterviz_widget.images import PhotoSet
    from filterviz_widget.picture.strongest import Strongest

    if by not in ("mean", "position"):
        raise ValueError(f'by must be "mean" or "position", got {by!r}.')
    k = fitting("k", k, Range(1, MOST_KEPT, whole=True))
    engine = engine_for(model, reading)
    count = engine.view.layer(layer).filters
    allowed = Range(0, count - 1, whole=True)
    wanted: Iterable[Any] = range(count)
    if filters is not None:
        several = isinstance(filters, Iterable) and not isinstance(filters, str) and getattr(filters, "ndim", 1) > 0
        wanted = filters if several else [filters]  # type: ignore[assignment]  # an int has no ndim
    chosen = [fitting("filters", each, allowed) for each in wanted]
    if not chosen:
        raise ValueError("filters must be numbers of filters, or None for all; got none.")
    photos = PhotoSet(images, engine.answers.format)
    bar = Progbar(photos.count, unit_name="image") if progress else None
    asked = StrongestOf(layer, engine.reading, photos.key, k, by)
    found = engine.answers.answer(asked, photos, told=bar.update if bar else lambda _: None)
    if bar and photos.count is None:
        bar.update(found.images, finalize=True)
    rows = np.array(chosen)
    return Strongest(
        layer,
        tuple(chosen),
        found.strongest.numbers[rows],
        found.strongest.values[rows],
        found.strongest.positions[rows],
        found.weakest.numbers[rows],
        found.weakest.values[rows],
        found.weakest.positions[rows],
        found.quantiles[rows],
        found.images,
        found.skipped,
        dict(found.notes),
        lambda number: photos.photo(number).shown,
        photos.name,
        box_on(engine.view, engine.view.receptive_field(layer)),
    )


def ablate(
    model: Any,
    layer: str,
    filter: int,
    images: Any,
    labels: Sequence[int] | None = None,
    *,
    to: Literal["zero", "mean"] = "zero",
    output: str = "",
    class_names: Sequence[str] | None = None,
    **reading: Unpack[ReadingOptions],
) -> Ablation:
    """Computes a model's outputs with and without one filter.

    The filter's feature map, the layer's output, is set to one value everywhere, and the rest of the model computed
    from there. An output without softmax or sigmoid, such as logits, is shown as its softmax.

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        filter: Output channel, counted from 0.
        images: As for `strongest_images`; for one image a list of it.
        labels: The right class of each image, whole numbers; 0 and 1 where the model has one output with a sigmoid.
            Those that a dataset brings with its images are not read.
        output: Name of the output with a number for each class; "" for the likeliest: one with a softmax, then one with
            the most numbers.
        to: "zero", or "mean": the mean of the filter's feature maps over the images.
        class_names: What the classes are called.
        **reading: As for `feature_maps`.

    Returns:
        An `Ablation`: `.before`, `.after`, `.by_class()`, `.plot()`.

    Raises:
        TypeError, FileNotFoundError: As `strongest_images`.
        ValueError: For what does not fit, or a model without an output of one number per class.

    Example:

    >>> ablate(model, "conv3", 12, images, labels).plot()
    """
    from filterviz_widget.description.question import AblationOf
    from filterviz_widget.engine import engine_for
    from filterviz_widget.images import PhotoSet

    if to not in ("zero", "mean"):
        raise ValueError(f'to must be "zero" or "mean", got {to!r}.')
    engine = engine_for(model, reading)
    filter = engine.filter(layer, filter)
    photos = PhotoSet(images, engine.answers.format, labels)
    found: Ablation = engine.answers.answer(AblationOf(layer, engine.reading, filter, photos.key, to, output), photos)
    return found.named(class_names)


def accentuate(
    model: Any, layer: str, filter: int, image: Any, *, seed: int = 0, **options: Unpack[AscentOptions]
) -> FilterPicture:
    """Shows what in an image excites a filter: an ascent that starts at the image and stays near it.

    Feature accentuation (Hamblin et al. 2024, arXiv 2402.10039): with a penalty on leaving the image in the layer's
    features, and transparent where the gradient had little to say.

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        filter: Output channel, counted from 0.
        image: As for `feature_maps`.
        seed: Of the random moves.
        **options: `step_size`, `iterations`, `precision`, axes of `Method` such as `nearness`, and how the model is
            read.

    Returns:
        A `FilterPicture`, whose activations begin with that of the image itself.

    Raises:
        TypeError, ValueError, FileNotFoundError: As `feature_maps`.

    Example:

    >>> accentuate(model, "conv3", 12, "cat.jpg").save("what-excites-it.png")
    """
    from filterviz_widget.description.data import fitted
    from filterviz_widget.description.presets import ACCENTUATION
    from filterviz_widget.description.reading import Array
    from filterviz_widget.engine import READING, engine_for
    from filterviz_widget.images import read_photo

    given: dict[str, Any] = {**options}
    engine = engine_for(model, {name: given.pop(name) for name in READING if name in given})
    ways = {"step_size": ACCENTUATION.step_size, "iterations": ACCENTUATION.iterations}
    axes = fitted(ACCENTUATION.method, engine.view.data).options()
    wanted = engine.describe(layer, filter, seed=seed, **{**ways, **axes, **given})
    photo = read_photo(image, engine.answers.format)
    found = engine.picture(replace(wanted, photo=Array.of(photo.pixels)))
    return replace(found, note=" ".join(note for note in (photo.note, found.note) if note))
