"""Which places of a map the tokens of a tensor are: what is known of it, and how it is found by value."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.fold import Fold

NOWHERE = -1


class Places(NamedTuple):
    """Where the tokens of a tensor lie.

    Attributes:
        grid: `(height, width)` of the map that they are the places of.
        order: int64 `(tokens,)`: the place of each, counted row by row; `NOWHERE` for one of no place.
    """

    grid: tuple[int, int]
    order: npt.NDArray[np.int64]

    @property
    def fold(self) -> Fold | None:
        """What lays the tokens out; None where they are not in the map's order."""
        count = self.grid[0] * self.grid[1]
        skipped = int(np.argmax(self.order != NOWHERE))
        rest = self.order[skipped + count :]
        in_order = np.array_equal(self.order[skipped : skipped + count], np.arange(count))
        return Fold("tokens", skipped, self.grid) if in_order and (rest == NOWHERE).all() else None


def token_of_place(tape: Any, source: Any, value: Any) -> npt.NDArray[np.int64] | None:
    """For each place of a source the only token that depends on it, or `NOWHERE`; None where several do.

    Tokens are numbered in binary: for each digit the derivative of a sum over all tokens, in which those with a 1 count
    negative, is compared with that of the plain sum. Where a place moves one token alone, they differ by a sign.
    """
    shape = (1, *value.shape[1:-1], value.shape[-1])
    tokens = int(np.prod(shape[1:-1]))
    weights, numbers = np.random.default_rng(0).normal(size=shape[-1]), np.arange(tokens)

    def slope_of(sign: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        seed = tf.constant((sign[:, None] * weights).reshape(shape), value.dtype)
        slope = tape.gradient(value, source, seed)
        if slope is None:
            return None
        slope = tf.convert_to_tensor(slope)
        return np.asarray(tf.cast(slope, tf.float64)).reshape(-1, slope.shape[-1])

    plain = slope_of(np.ones(tokens))
    if plain is None or not plain.any() or not np.isfinite(plain).all():
        return None
    size = np.abs(plain)
    moves = size > 1e-4 * size.max()
    found = np.zeros(plain.shape, np.int64)
    for digit in range((tokens - 1).bit_length()):
        slope = slope_of(1 - 2.0 * (numbers >> digit & 1))
        assert slope is not None
        ratio = np.where(moves, slope / np.where(moves, plain, 1), 1)
        if (np.abs(np.abs(ratio) - 1) > 0.05).any():
            return None
        found += (ratio < 0).astype(np.int64) << digit
    lowest, highest = np.where(moves, found, tokens).min(1), np.where(moves, found, NOWHERE).max(1)
    moved = moves.any(1)
    # All channels of a place move the same token.
    return np.where(moved, highest, NOWHERE) if (lowest == highest)[moved].all() else None


def patches(found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """The tokens of a map's rectangular patches, `(rows, columns)`; None where they are no grid. A border may be left
    out, as patches do that do not fill the map."""
    used = found != NOWHERE
    inside = found[used.any(1)][:, used.any(0)]
    if not inside.size:
        return None
    rows = np.r_[True, (inside[1:] != inside[:-1]).any(1)].cumsum() - 1
    columns = np.r_[True, (inside[:, 1:] != inside[:, :-1]).any(0)].cumsum() - 1
    grid = np.full((rows[-1] + 1, columns[-1] + 1), NOWHERE, np.int64)
    grid[rows[:, None], columns] = inside
    is_grid = np.array_equal(grid[rows][:, columns], inside) and len(np.unique(grid)) == grid.size
    return grid if is_grid and (grid != NOWHERE).all() else None
