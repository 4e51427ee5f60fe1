"""Convolutions in the quickest of the ways that oneDNN has for them and their gradients, with kernels laid out once."""

import functools
import math
from typing import Any

import tensorflow as tf

Pair = tuple[int, int]
Shape = tuple[int, int, int, int]

LARGEST_WASTE = 1.4
"""How many times the multiplications of a strided convolution its gradient may take. On two cores a 7 x 7 kernel with
strides of 2 (1.3 times) takes 2.0 ms in place of 5.7, a 3 x 3 kernel (1.8 times) 1.0 in place of .8."""

MANY_WEIGHTS = 9 * 256 * 256
"""In a kernel of more than one position, from which without strides oneDNN's gradients are quicker than its
convolutions: 3 x 3, 512 to 512 channels at 28 x 28, 10.8 ms in place of 16.7."""


def has_layout(shape: Shape, strides: Pair, padding: str, dilation: Pair) -> bool:
    """Whether there is a layout that pays.

    Args:
        shape: Of the kernel, `(height, width, inputs, filters)`.
        strides: Of the convolution.
        padding: "valid" or "same".
        dilation: Of the kernel.
    """
    size = shape[:2]
    if size == (1, 1):
        return strides[0] == strides[1]
    if strides == (1, 1):
        is_centred = padding == "same" and dilation == (1, 1) and size[0] % 2 == size[1] % 2 == 1
        return is_centred or not has_many_weights(shape)
    taps = _taps(size, strides)
    needed, taken = size[0] * size[1], taps[0] * taps[1] * strides[0] * strides[1]
    return dilation == (1, 1) and strides[0] == strides[1] and taken <= LARGEST_WASTE * needed


def has_many_weights(shape: Shape) -> bool:
    """Whether a convolution without strides is computed as the gradient of another one."""
    return shape[:2] != (1, 1) and math.prod(shape) >= MANY_WEIGHTS


def laid_out(kernel: tf.Tensor, strides: Pair) -> tf.Tensor:
    """Lays out a kernel for the gradient.

    Args:
        kernel: `(height, width, inputs, filters)`.
        strides: Of the convolution.

    Returns:
        `(taps, taps, filters, inputs)`, turned by 180 degrees. With strides of `s` there are `s * s` times as many
        inputs, one set for each place in a block of `s x s` pixels (Shi et al. 2016, arXiv 1609.07009), and `1 / s` as
        many taps. A kernel of 1 x 1 needs one set only: the block's other places get nothing.
    """
    height, width, inputs, filters = kernel.shape
    if (height, width) == (1, 1):
        return tf.transpose(kernel, (0, 1, 3, 2))
    if strides == (1, 1):
        return tf.reverse(tf.transpose(kernel, (0, 1, 3, 2)), (0, 1))
    (rows, columns), (down, right) = _taps((height, width), strides), strides
    kernel = tf.pad(kernel, ((0, rows * down - height), (0, columns * right - width), (0, 0), (0, 0)))
    blocks = tf.reverse(tf.reshape(kernel, (rows, down, columns, right, inputs, filters)), (0, 2))
    return tf.reshape(tf.transpose(blocks, (0, 2, 5, 1, 3, 4)), (rows, columns, filters, down * right * inputs))


def convolve(
    x: tf.Tensor, kernel: tf.Tensor, layout: tf.Tensor, *, strides: Pair, padding: str, dilation: Pair
) -> tf.Tensor:
    """The convolution of `x`, with a gradient with respect to `x` alone.

    TensorFlow's own gradient brings the kernel into another layout at every call, which takes longer than the
    multiplications where there are few positions: 1 x 1 kernels, 2048 to 512 channels at 7 x 7, 1.2 ms in place of .7.
    So it is a convolution of its own. For kernels with many weights it is the other way round, and the convolution is
    computed as the gradient of the one whose kernel is the layout: the same values, sooner.

    Args:
        x: `(batch, height, width, inputs)`.
        kernel: `(height, width, inputs, filters)`.
        layout: Of `laid_out`.
        strides: Of the convolution.
        padding: "valid" or "same".
        dilation: Of the kernel.

    Returns:
        `(batch, height, width, filters)`.
    """
    forward = functools.partial(tf.nn.conv2d, filters=kernel, strides=strides, padding=padding.upper())
    size = x.shape[1:3]
    if None in size:
        return forward(x, dilations=dilation)
    reach = [(count - 1) * spread for count, spread in zip(kernel.shape[:2], dilation, strict=True)]
    added = [_padding(*each) for each in zip(size, reach, strides, strict=True)] if padding == "same" else [(0, 0)] * 2

    if strides == (1, 1) and has_many_weights(tuple(kernel.shape)):
        return _turned(x, kernel, layout)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        if strides == (1, 1):
            around = [(all - before, all - after) for all, (before, after) in zip(reach, added, strict=True)]
            return tf.nn.conv2d(upstream, layout, 1, ((0, 0), *around, (0, 0)), dilations=dilation)
        around = [(taps - 1, taps - 1) for taps in layout.shape[:2]]
        blocks = tf.nn.conv2d(upstream, layout, 1, ((0, 0), *around, (0, 0)))
        is_point = tuple(kernel.shape[:2]) == (1, 1)
        pixels = _spread(blocks, strides) if is_point else tf.nn.depth_to_space(blocks, strides[0])
        return _cropped(pixels, (added[0][0], added[1][0]), size)

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(x: tf.Tensor) -> Any:
        return forward(x, dilations=dilation), gradient

    return run(x)


def _turned(x: tf.Tensor, kernel: tf.Tensor, layout: tf.Tensor) -> tf.Tensor:
    """A convolution with padding "same" and odd sides, it and its gradient as the gradients of one another."""

    def back(values: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([tf.shape(values)[:3], kernel.shape[2:3]], 0)
        return tf.nn.conv2d_transpose(values, kernel, shape, 1, "SAME")

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(x: tf.Tensor) -> Any:
        return back(x, layout), lambda upstream: back(upstream, kernel)

    return run(x)


def _taps(size: Pair, strides: Pair) -> Pair:
    return -(-size[0] // strides[0]), -(-size[1] // strides[1])


def _padding(size: int, reach: int, stride: int) -> Pair:
    """What "same" adds before and after."""
    total = max(0, (-(-size // stride) - 1) * stride + reach + 1 - size)
    return total // 2, total - total // 2


def _spread(x: tf.Tensor, strides: Pair) -> tf.Tensor:
    """Puts each position into the corner of a block of zeros."""
    _, height, width, channels = x.shape
    blocks = tf.pad(
        x[:, :, tf.newaxis, :, tf.newaxis], ((0, 0), (0, 0), (0, strides[0] - 1), (0, 0), (0, strides[1] - 1), (0, 0))
    )
    return tf.reshape(blocks, (-1, height * strides[0], width * strides[1], channels))


def _cropped(x: tf.Tensor, first: Pair, size: Pair) -> tf.Tensor:
    """The rectangle of that size from `first` on, with zeros where `x` ends before."""
    short = [max(0, start + wanted - made) for start, wanted, made in zip(first, size, x.shape[1:3], strict=True)]
    if any(short):
        x = tf.pad(x, ((0, 0), (0, short[0]), (0, short[1]), (0, 0)))
    return x[:, first[0] : first[0] + size[0], first[1] : first[1] + size[1]]
