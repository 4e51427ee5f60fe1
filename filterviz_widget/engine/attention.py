"""The attention of a layer's heads over a photo, from one place."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from filterviz_widget.images.photo import Photo
from filterviz_widget.model import ModelView, generators
from filterviz_widget.model.attention import Attention, attention_in, scores
from filterviz_widget.model.places import NOWHERE, Places
from filterviz_widget.picture.attention import AttentionMaps


class Heads:
    """The attention in a layer, compiled once. Several threads may use it.

    Args:
        view: The model.
        layer: A name from `ModelView.layers`.

    Raises:
        ValueError: If the layer has no heads that look at places of the image.
    """

    def __init__(self, view: ModelView, layer: str) -> None:
        found = attention_in(view, layer)
        if found is None:
            raise ValueError(
                f"The layer {layer!r} has no attention over the places of the image. Expected a MultiHeadAttention "
                f"over tokens that are a grid of places, or a block with one{_hint(view)}."
            )
        self._layer, self._attention = layer, found
        spec = tf.TensorSpec((1, *view.image_shape), tf.float32)
        with generators.kept(view.has_own_code):
            run = tf.function(scores(view, found), input_signature=[spec], autograph=False)
            self._run = run.get_concrete_function()

    def maps(self, photo: Photo, query: tuple[int, int] | None) -> AttentionMaps:
        """Where each head looks.

        Args:
            photo: As the model takes it.
            query: `(row, column)` of the place that looks; None for the class token, or, where there is none, for the
                mean over all places.

        Raises:
            ValueError: If there is no such place.
        """
        found = self._run(tf.constant(photo.pixels[None])).numpy()[0]
        rows, words = _asking(self._attention, query)
        shares = found[:, rows].mean(1)
        return AttentionMaps(
            self._layer, _laid_out(shares, self._attention.keys), photo.shown, query, words, photo.note
        )


def _asking(attention: Attention, query: tuple[int, int] | None) -> tuple[list[int], str]:
    """The tokens that look, and what they are in words."""
    order = attention.queries.order
    if query is None:
        if order[0] == NOWHERE:
            return [0], "the token before the grid"
        return [int(token) for token in np.flatnonzero(order != NOWHERE)], "the mean of all places"
    (height, width), (row, column) = attention.queries.grid, query
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"query must be a place from (0, 0) to {(height - 1, width - 1)}, got {query!r}.")
    return [int(np.flatnonzero(order == row * width + column)[0])], f"the place in row {row}, column {column}"


def _laid_out(shares: np.ndarray, keys: Places) -> np.ndarray:
    maps = np.zeros((len(shares), keys.grid[0] * keys.grid[1]), np.float32)
    placed = keys.order != NOWHERE
    maps[:, keys.order[placed]] = shares[:, placed]
    return maps.reshape(len(shares), *keys.grid)


def _hint(view: ModelView) -> str:
    names = [info.name for info in view.layers if info.fold and attention_in(view, info.name)][:4]
    return f": {', '.join(map(repr, names))}" if names else "; this model has none"
