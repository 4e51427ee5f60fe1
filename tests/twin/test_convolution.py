"""Every form of a convolution and of its gradient gives the same numbers."""

import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.twin.convolution import Case, Form, backwards, convolve, forwards, prepared

CASES = [
    # height and width, kernel, strides, dilation
    ((9, 12), (3, 3), (1, 1), (1, 1)),
    ((9, 12), (2, 4), (1, 1), (1, 1)),
    ((11, 12), (3, 2), (1, 1), (2, 3)),
    ((9, 12), (3, 3), (1, 1), (2, 2)),
    ((9, 12), (1, 1), (1, 1), (1, 1)),
    ((9, 12), (1, 1), (2, 2), (1, 1)),
    ((10, 11), (1, 1), (3, 3), (1, 1)),
    ((15, 14), (7, 7), (2, 2), (1, 1)),
    ((15, 14), (3, 3), (2, 2), (1, 1)),
    ((15, 14), (4, 4), (4, 4), (1, 1)),
    ((15, 14), (4, 4), (2, 2), (1, 1)),
    ((9, 8), (2, 2), (2, 2), (1, 1)),
    ((9, 8), (4, 4), (2, 1), (1, 1)),
]


def by_definition(x, kernel, strides, padding, dilation):
    """The convolution, and the gradient of the sum of the sines of its values, in NumPy's double precision."""
    x, kernel = x.astype(np.float64), kernel.astype(np.float64)
    height, width, _, filters = kernel.shape
    sizes, before, after = [], [], []
    for size, taps, stride, spread in zip(x.shape[1:3], (height, width), strides, dilation, strict=True):
        reach = (taps - 1) * spread + 1
        count = -(-size // stride) if padding == "same" else -(-(size - reach + 1) // stride)
        total = max(0, (count - 1) * stride + reach - size) if padding == "same" else 0
        sizes.append(count)
        before.append(total // 2)
        after.append(total - total // 2)
    padded = np.pad(x, ((0, 0), *zip(before, after, strict=True), (0, 0)))
    y = np.zeros((len(x), *sizes, filters))

    def window(array, row, column):
        first = row * dilation[0], column * dilation[1]
        stops = [start + (count - 1) * stride + 1 for start, count, stride in zip(first, sizes, strides, strict=True)]
        return array[:, first[0] : stops[0] : strides[0], first[1] : stops[1] : strides[1]]

    for row in range(height):
        for column in range(width):
            y += window(padded, row, column) @ kernel[row, column]
    slope = np.zeros_like(padded)
    for row in range(height):
        for column in range(width):
            window(slope, row, column)[...] += np.cos(y) @ kernel[row, column].T
    inside = [slice(low, low + size) for low, size in zip(before, x.shape[1:3], strict=True)]
    return y, slope[:, inside[0], inside[1]]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "kernel", "strides", "dilation"), CASES)
@pytest.mark.parametrize("known", [True, False])
def test_all_forms_are_the_convolution_by_definition(size, kernel, strides, dilation, padding, known):
    rng = np.random.default_rng(0)
    weights, x = (rng.normal(size=shape).astype(np.float32) for shape in ((*kernel, 3, 5), (2, *size, 3)))
    case = Case(size if known else None, (*kernel, 3, 5), strides, padding, dilation, "float32")
    forms = [
        Form(forward, backward)
        for forward in forwards(case)
        for backward in backwards(case)
        # TensorFlow's own gradient of a dilated kernel is missing on some processors.
        if backward == "laid out" or dilation == (1, 1)
    ]
    has_layout = strides[0] == strides[1] and (known or strides == (1, 1))
    assert ("laid out" in {form.backward for form in forms}) == has_layout

    # One function for all: tracing is what takes the time.
    @tf.function(input_signature=[tf.TensorSpec((2, *size, 3) if known else (None, None, None, 3))], autograph=False)
    def run(x):
        found = []
        for form in forms:
            y = convolve(x, prepared(tf.constant(weights), case, form), case, form)
            found.append((y, tf.gradients(tf.reduce_sum(tf.sin(y)), x)[0]))
        return found

    expected = by_definition(x, weights, strides, padding, dilation)
    for form, made in zip(forms, run(x), strict=True):
        for one, other in zip(made, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3, err_msg=str(form))


def test_a_dilated_convolution_has_a_gradient_on_every_processor():
    case = Case(None, (3, 3, 8, 8), (1, 1), "same", (2, 2), "float32")
    assert "laid out" in backwards(case)


def test_three_channels_are_filled_up_and_more_are_not():
    assert "padded" in forwards(Case((9, 9), (3, 3, 3, 8), (1, 1), "same", (1, 1), "float32"))
    assert "padded" not in forwards(Case((9, 9), (3, 3, 4, 8), (1, 1), "same", (1, 1), "float32"))
