"""How a model's input becomes an image: frames first, a grey image without channels, or all pixels in one row."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.model.beginning import Beginning

Array = npt.NDArray[Any]
Shape = tuple[int | None, ...]

OPEN = (13, 17, 19, 23)
"""What open sizes are tried with: all different."""


class Arrangement(NamedTuple):
    """How an image is brought into the order that a model's input has.

    The model makes an image of its input by `transpose(reshape(input, rows), axes)`; this undoes it.

    Attributes:
        shape: Of the input, without the batch; None for open sizes.
        rows: The same numbers in three axes.
        axes: Which of them are the image's height, width and channels.
    """

    shape: Shape
    rows: Shape
    axes: tuple[int, ...]

    @property
    def image_shape(self) -> Shape:
        """`(height, width, channels)`."""
        return tuple(self.rows[axis] for axis in self.axes)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """From images `(batch, height, width, channels)` to what the model takes."""
        rows = tf.transpose(images, (0, *(1 + self.axes.index(axis) for axis in range(3))))
        if self.shape == self.rows:
            return rows
        for place in _where_one_is_added(self.shape, self.rows):
            return tf.squeeze(rows, axis=1 + place)
        return tf.reshape(rows, (tf.shape(rows)[0], *self.shape))


def found_arrangement(start: Beginning, run: Callable[[tuple[str, ...], Any], Any], shape: Shape) -> Arrangement | None:
    """Finds out how a model turns its input into an image before the first weights; None where it does not.

    An input of noise is sent through the model, and the outcome compared with what each arrangement makes of it. What
    else is done to the pixels one by one, such as scaling, does not matter.

    Args:
        start: The beginning of the model.
        run: Computes the output of a step, given its path and the model's input.
        shape: Of the input, without the batch: two, three or one axes.
    """
    sizes = tuple(size or OPEN[index % len(OPEN)] for index, size in enumerate(shape))
    count, noise = int(np.prod(sizes)), None
    for way, _ in start.ways():
        for step in reversed(way):
            if len(step.symbol.shape) != 4:
                continue
            if _keeps_channels(shape, step.symbol.shape[1:]):
                return None
            if noise is None:
                noise = np.random.default_rng(0).permutation(count).reshape(sizes).astype(np.float32) / count
            try:
                made = np.asarray(run(step.path, tf.constant(noise[np.newaxis])), np.float64)[0]
            except Exception:  # a user's code, or a layer that takes no such size
                continue
            if made.size == 3 * count:  # grey, three times as red, green and blue
                made = made[..., :1]
            for rows, tried, axes in _candidates(shape, sizes, made.shape):
                if _is_pointwise(noise.reshape(tried).transpose(axes), made):
                    found = Arrangement(shape, rows, axes)
                    return None if _is_an_image(shape, found.image_shape) else found
    return None


def _is_an_image(shape: Shape, made: Shape) -> bool:
    """Whether an input of three axes is the image already: where the model makes a longer axis the channels, say."""
    return len(shape) == 3 and None not in (shape[2], made[2]) and shape[2] <= made[2]  # type: ignore[operator]


def _keeps_channels(shape: Shape, made: Shape) -> bool:
    """Whether the last axis is still the last, to be seen from its size."""
    return len(shape) == 3 and None not in shape and made[2] == shape[2] and shape.count(shape[2]) == 1


def _candidates(
    shape: Shape, sizes: tuple[int, ...], made: tuple[int, ...]
) -> Iterator[tuple[Shape, tuple[int, ...], tuple[int, ...]]]:
    """The ways to make three axes of these sizes: rows, the same without open sizes, and axes."""
    if len(made) != 3 or int(np.prod(made)) != int(np.prod(sizes)):
        return
    for axes in itertools.permutations(range(3)):
        tried = tuple(made[axes.index(axis)] for axis in range(3))
        if tried == sizes:
            yield shape, tried, axes
        elif places := list(_where_one_is_added(sizes, tried)):
            yield (*shape[: places[0]], 1, *shape[places[0] :]), tried, axes
        elif None not in shape and (len(shape) < 3 or sorted(made) == sorted(sizes)):
            yield tried, tried, axes


def _where_one_is_added(shape: Shape, rows: Shape) -> Iterator[int]:
    return (place for place in (2, 0, 1) if rows[place] == 1 and (*rows[:place], *rows[place + 1 :]) == shape)


def _is_pointwise(numbers: Array, made: Array) -> bool:
    """Whether each channel of what was made grows, or falls, with the numbers at the same places."""
    slack = 1e-6 * (np.abs(made).max() + 1e-30)
    for channel in range(made.shape[2]):
        steps = np.diff(made[..., channel].ravel()[np.argsort(numbers[..., channel], axis=None)])
        if not steps.any() or not (np.all(steps >= -slack) or np.all(steps <= slack)):
            return False
    return True
