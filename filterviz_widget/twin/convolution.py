"""The forms that a convolution and its gradient can take: the same numbers up to rounding, in different times.

Which one is quickest depends on the processor, on oneDNN being on or off, and on the sizes: `measured.py` finds out.
"""

from typing import Any, Literal, NamedTuple

import tensorflow as tf

from filterviz_widget.model.gradient import with_gradient

Pair = tuple[int, int]
Forward = Literal["plain", "turned", "padded"]
Backward = Literal["own", "laid out"]


class Case(NamedTuple):
    """A convolution over all input channels, with everything that its time depends on.

    Attributes:
        size: Height and width of what it is given; None where they are not known.
        kernel: Shape of its kernel, `(height, width, inputs, filters)`.
        strides: Down and across.
        padding: "valid" or "same".
        dilation: Of the kernel, down and across.
        dtype: In which it is computed.
    """

    size: Pair | None
    kernel: tuple[int, int, int, int]
    strides: Pair
    padding: str
    dilation: Pair
    dtype: str


class Form(NamedTuple):
    """How a convolution is computed.

    Attributes:
        forward: "plain" is TensorFlow's convolution; "turned" the gradient of the convolution with the turned kernel,
            for which oneDNN may have a quicker way; "padded" a plain one with the channels filled up with zeros to
            four, as three are the worst case of Eigen's packing.
        backward: "own" is TensorFlow's gradient; "laid out" a convolution with the kernel laid out for it once, while
            TensorFlow brings it into another layout at every call.
    """

    forward: Forward
    backward: Backward


PLAIN = Form("plain", "own")

FEW = 4
"""Channels up to which the padded form fills up: a register of four numbers."""


def forwards(case: Case) -> tuple[Forward, ...]:
    """The forms that the convolution can take; the first always works."""
    height, width, inputs, _ = case.kernel
    is_point = (height, width) == (1, 1)
    found: list[Forward] = ["plain"]
    if case.strides == case.dilation == (1, 1) and case.padding == "same" and height % 2 == width % 2 == 1:
        found += [] if is_point else ["turned"]
    if inputs < FEW and not is_point:
        found.append("padded")
    return tuple(found)


def backwards(case: Case) -> tuple[Backward, ...]:
    """The forms that its gradient can take; TensorFlow's own is missing on some processors for a dilated kernel."""
    has_layout = case.strides == (1, 1) or (
        case.size is not None and case.strides[0] == case.strides[1] and case.dilation == (1, 1)
    )
    return ("own", "laid out") if has_layout else ("own",)


def everywhere(case: Case) -> Form:
    """The form that needs no timing: TensorFlow's own, with whatever gradient there is on every processor."""
    return Form("plain", backwards(case)[-1] if case.dilation != (1, 1) else "own")


def prepared(kernel: tf.Tensor, case: Case, form: Form) -> tuple[tf.Tensor, ...]:
    """The tensors that `convolve` needs besides its input, laid out once: the kernel first."""
    tensors = [kernel]
    if form.forward == "turned" or form.backward == "laid out":
        tensors.append(laid_out(kernel, case.strides))
    if form.forward == "padded":
        tensors.append(tf.pad(kernel, ((0, 0), (0, 0), (0, FEW - kernel.shape[2]), (0, 0))))
    return tuple(tensors)


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


def convolve(x: tf.Tensor, tensors: Any, case: Case, form: Form) -> tf.Tensor:
    """The convolution of `x`, with a gradient with respect to `x` alone.

    Args:
        x: `(batch, height, width, inputs)`.
        tensors: Of `prepared`.
        case: What it is.
        form: How it is computed.

    Returns:
        `(batch, height, width, filters)`.
    """
    y = forward(x, tensors, case, form.forward)
    if form == PLAIN:
        return y
    return with_gradient(y, [x, *tensors[:2]], _gradient, case, form.backward)


def forward(x: tf.Tensor, tensors: Any, case: Case, form: Forward) -> tf.Tensor:
    """The convolution alone, in one of `forwards`."""
    kernel = tensors[0]
    if form == "turned":
        return tf.nn.conv2d_transpose(x, tensors[1], _shape(x, kernel.shape[3]), 1, "SAME")
    if form == "padded":
        # Not tf.pad, which TensorFlow fuses with a convolution as if only height and width could be padded.
        filled = tf.raw_ops.PadV2(
            input=x, paddings=[[0, 0]] * 3 + [[0, FEW - x.shape[3]]], constant_values=tf.zeros((), x.dtype)
        )
        x, kernel = filled, tensors[-1]
    return tf.nn.conv2d(x, kernel, case.strides, case.padding.upper(), dilations=case.dilation)


def backward(upstream: tf.Tensor, x: tf.Tensor, tensors: Any, case: Case, form: Backward) -> tf.Tensor:
    """The gradient with respect to `x` alone, in one of `backwards`."""
    if form == "own":
        return tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(x),
            filter=tensors[0],
            out_backprop=upstream,
            strides=[1, *case.strides, 1],
            padding=case.padding.upper(),
            dilations=[1, *case.dilation, 1],
        )
    layout = tensors[1]
    reach = [(count - 1) * spread for count, spread in zip(case.kernel[:2], case.dilation, strict=True)]
    if case.strides == (1, 1):
        # What "same" adds does not depend on the size here, so the size may be open.
        added = [(each // 2, each - each // 2) if case.padding == "same" else (0, 0) for each in reach]
        around = [(all - before, all - after) for all, (before, after) in zip(reach, added, strict=True)]
        return tf.nn.conv2d(upstream, layout, 1, ((0, 0), *around, (0, 0)), dilations=case.dilation)
    size = case.size
    assert size is not None
    first = [_added(*each) if case.padding == "same" else 0 for each in zip(size, reach, case.strides, strict=True)]
    around = [(taps - 1, taps - 1) for taps in layout.shape[:2]]
    blocks = tf.nn.conv2d(upstream, layout, 1, ((0, 0), *around, (0, 0)))
    is_point = case.kernel[:2] == (1, 1)
    pixels = _spread(blocks, case.strides) if is_point else tf.nn.depth_to_space(blocks, case.strides[0])
    return _cropped(pixels, (first[0], first[1]), size)


def _gradient(upstream: tf.Tensor, result: tf.Tensor, x: tf.Tensor, *rest: Any) -> tuple[tf.Tensor | None, ...]:
    *tensors, case, form = rest
    return backward(upstream, x, tensors, case, form), *[None] * len(tensors)


def _shape(x: tf.Tensor, channels: int) -> Any:
    return tf.concat([tf.shape(x)[:3], [channels]], 0)


def _taps(size: Pair, strides: Pair) -> Pair:
    return -(-size[0] // strides[0]), -(-size[1] // strides[1])


def _added(size: int, reach: int, stride: int) -> int:
    """What "same" adds before."""
    return max(0, (-(-size // stride) - 1) * stride + reach + 1 - size) // 2


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
