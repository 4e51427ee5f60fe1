"""Where a transformer's heads look in a photo, without the widget."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from filterviz_widget.description.ranges import short

if TYPE_CHECKING:
    from filterviz_widget.description.options import ReadingOptions
    from filterviz_widget.picture.attention import AttentionMaps


def attention_maps(
    model: Any, photo: Any, layer: str, query: Sequence[int] | None = None, **reading: Unpack[ReadingOptions]
) -> AttentionMaps:
    """Computes how much each head of an attention layer looks at each place of a photo.

    The shares are the layer's own attention scores in inference, softmax(Q K^T / sqrt(d)).

    Args:
        model: As for `feature_maps`.
        photo: As the image of `feature_maps`.
        layer: The name of a `keras.layers.MultiHeadAttention` or `GroupQueryAttention` over tokens that are the
            places of the image, or of a block that holds one.
        query: `(row, column)` of the place that looks, in the grid of tokens; None for the class token, or, where there
            is none before the grid, for the mean over all places.
        **reading: As for `feature_maps`.

    Returns:
        `AttentionMaps`: `.maps` float32 `(heads, height, width)`, each at most 1 in all; `.overlay(head)`, `.plot()`.

    Raises:
        TypeError, FileNotFoundError: As `feature_maps`.
        ValueError: For a layer without heads, a photo that does not fit, or a place that there is not.

    Example:

    >>> attention_maps(model, "cat.jpg", "encoder/block_3/attention").plot()
    """
    from filterviz_widget.description.question import AttentionOf
    from filterviz_widget.description.reading import Array
    from filterviz_widget.engine import engine_for
    from filterviz_widget.images import read_photo

    place = None
    if query is not None:
        try:
            place = tuple(map(operator.index, query))
        except TypeError:
            place = ()
        if len(place) != 2 or min(place) < 0:
            raise ValueError(f"query must be the row and column of a place, or None; got {short(query)}.")
    engine = engine_for(model, reading)
    given = read_photo(photo, engine.answers.format)
    row, column = place or (-1, -1)
    asked = AttentionOf(layer, engine.reading, Array.of(given.pixels), row, column)
    found: AttentionMaps = engine.answers.answer(asked)
    return replace(found, note=given.note)  # what was done to the file
