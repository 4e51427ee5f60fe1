"""What a filter is made of: its kernel, what it sees, and the filters around it, without the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from filterviz_widget.description.question import FieldOf, KernelOf, NeighboursOf
from filterviz_widget.description.ranges import Range, fitting

if TYPE_CHECKING:
    from filterviz_widget.description.options import ReadingOptions
    from filterviz_widget.model.receptive_field import ReceptiveField
    from filterviz_widget.picture.kernel import FilterKernel
    from filterviz_widget.picture.neighbours import Neighbours


def receptive_field(model: Any, layer: str, **reading: Unpack[ReadingOptions]) -> ReceptiveField:
    """Computes which pixels of the image one position of a layer's feature maps can see.

    By exact arithmetic over strides, dilation, padding and branches (Araujo et al. 2019, "Computing Receptive Fields of
    Convolutional Neural Networks").

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        **reading: How the model is read: `image_size` and the like.

    Returns:
        A `ReceptiveField`: `.size`, `.stride`, `.box(position)` and what could not be counted.

    Raises:
        TypeError, ValueError: As `feature_maps`.

    Example:

    >>> receptive_field(keras.applications.VGG16(weights=None), "block4_conv3").size
    (92, 92)
    """
    # TensorFlow is imported here, when the first model has come.
    from filterviz_widget.engine import engine_for

    engine = engine_for(model, reading)
    found: ReceptiveField = engine.answers.answer(FieldOf(layer, engine.reading))
    return found


def filter_kernel(model: Any, layer: str, filter: int, **reading: Unpack[ReadingOptions]) -> FilterKernel:
    """Reads the weights that make a filter, as the layer computes with them now.

    The parts of a separable convolution are multiplied; low-rank updates and quantization are counted in.

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        filter: Output channel, counted from 0.
        **reading: As for `feature_maps`.

    Returns:
        A `FilterKernel`: `.values` float32 `(height, width, inputs)`, `.order` (the strongest input first), `.plot()`.

    Raises:
        TypeError, ValueError: As `feature_maps`; also for a layer without a kernel.

    Example:

    >>> filter_kernel(model, "conv3", 12).order[:3]
    """
    # TensorFlow is imported here, when the first model has come.
    from filterviz_widget.engine import engine_for

    engine = engine_for(model, reading)
    found: FilterKernel = engine.answers.answer(KernelOf(layer, engine.reading, engine.filter(layer, filter)))
    return found


def neighbours(model: Any, layer: str, filter: int, most: int = 8, **reading: Unpack[ReadingOptions]) -> Neighbours:
    """Finds the filters directly before and behind with the strongest effective weights to a filter.

    Through what lies between, made linear: rectifiers pass everything, and the largest becomes the mean ("expanded
    weights", Voss et al. 2021, "Visualizing Weights").

    Args:
        model: As for `feature_maps`.
        layer: The layer's name.
        filter: Output channel, counted from 0.
        most: How many on each side, 1 to 1,000.
        **reading: As for `feature_maps`.

    Returns:
        `Neighbours`: `.previous` and `.next`, each with layer, filter and signed weight, strongest first; `.plot()`.

    Raises:
        TypeError, ValueError: As `feature_maps`.

    Example:

    >>> neighbours(model, "conv3", 12).previous[0]
    """
    # TensorFlow is imported here, when the first model has come.
    from filterviz_widget.engine import engine_for

    engine = engine_for(model, reading)
    most = fitting("most", most, Range(1, 1000, whole=True))
    asked = NeighboursOf(layer, engine.reading, engine.filter(layer, filter), most)
    found: Neighbours = engine.answers.answer(asked)
    return found
