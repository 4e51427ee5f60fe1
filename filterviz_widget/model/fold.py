"""How the output of a layer that runs over something else than one image is laid out as a feature map."""

from typing import Literal, NamedTuple

import tensorflow as tf


class Fold(NamedTuple):
    """From a layer's own output to a map `(batch, height, width, filters)`.

    Attributes:
        kind: "signal" for steps in a row, `(batch, steps, filters)`; "slices" for a volume or frames, `(batch, slices,
            height, width, filters)` or `(batch, slices, filters)`, which are laid out one below the other; "tokens" for
            a grid of tokens in a row, `(batch, skipped + height * width + others, filters)`.
        skipped: How many tokens before the grid belong to no place, such as a class token.
        grid: `(height, width)` of a grid of tokens.
    """

    kind: Literal["signal", "slices", "tokens"]
    skipped: int = 0
    grid: tuple[int, int] = (0, 0)

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """The map."""
        filters = features.shape[-1]
        if self.kind == "signal":
            return features[:, tf.newaxis]
        if self.kind == "tokens":
            end = self.skipped + self.grid[0] * self.grid[1]
            return tf.reshape(features[:, self.skipped : end], (-1, *self.grid, filters))
        if len(features.shape) == 3:  # one vector for each slice
            return features[:, :, tf.newaxis]
        height, width = (features.shape[axis] or tf.shape(features)[axis] for axis in (2, 3))
        slices = features.shape[1] or tf.shape(features)[1]
        return tf.reshape(features, (-1, slices * height, width, filters))
