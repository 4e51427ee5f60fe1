"""The gradient of a convolution by a kernel laid out for it is TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.twin.convolution import convolve, has_layout, has_many_weights, laid_out

CASES = [
    # height and width, kernel, strides, dilation
    ((9, 12), (3, 3), (1, 1), (1, 1)),
    ((9, 12), (2, 4), (1, 1), (1, 1)),
    ((11, 12), (3, 2), (1, 1), (2, 3)),
    ((9, 12), (1, 1), (1, 1), (1, 1)),
    ((9, 12), (1, 1), (2, 2), (1, 1)),
    ((10, 11), (1, 1), (3, 3), (1, 1)),
    ((15, 14), (7, 7), (2, 2), (1, 1)),
    ((15, 14), (4, 4), (4, 4), (1, 1)),
    ((15, 14), (4, 4), (2, 2), (1, 1)),
    ((9, 8), (2, 2), (2, 2), (1, 1)),
]

MANY = (3, 3, 256, 256)


def slope(function, x, known=True):
    """Values, and their gradient, where height and width are known while tracing or not."""

    @tf.function(input_signature=[tf.TensorSpec(x.shape if known else (None, None, None, x.shape[3]))], autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            loss = tf.reduce_sum(tf.sin(y))
        return y, tape.gradient(loss, x)

    return run(x)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "kernel", "strides", "dilation"), CASES)
@pytest.mark.parametrize("known", [True, False])
def test_the_gradient_is_tensorflows_own(size, kernel, strides, dilation, padding, known):
    assert has_layout((*kernel, 3, 5), strides, padding, dilation)
    rng = np.random.default_rng(0)
    weights = tf.constant(rng.normal(size=(*kernel, 3, 5)), tf.float32)
    x = tf.constant(rng.normal(size=(2, *size, 3)), tf.float32)

    def ours(x):
        layout = laid_out(weights, strides)
        return convolve(x, weights, layout, strides=strides, padding=padding, dilation=dilation)

    made = slope(ours, x, known)
    expected = slope(lambda x: tf.nn.conv2d(x, weights, strides, padding.upper(), dilations=dilation), x, known)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_strided_kernel_whose_layout_is_mostly_zeros_is_left_to_tensorflow():
    assert not has_layout((3, 3, 4, 4), (2, 2), "same", (1, 1))
    assert not has_layout((4, 4, 4, 4), (2, 1), "same", (1, 1))
    assert not has_layout((4, 4, 4, 4), (2, 2), "same", (2, 2))


def test_a_stride_that_divides_the_kernel_wastes_nothing():
    assert has_layout((2, 2, 384, 768), (2, 2), "valid", (1, 1))


def test_a_kernel_with_many_weights_that_is_not_centred_is_left_to_tensorflow():
    assert has_many_weights(MANY)
    assert has_layout(MANY, (1, 1), "same", (1, 1))
    assert not has_layout(MANY, (1, 1), "valid", (1, 1))
    assert not has_layout(MANY, (1, 1), "same", (2, 2))
    assert not has_layout((4, *MANY[1:]), (1, 1), "same", (1, 1))


def test_a_kernel_with_many_weights_gives_the_same_values_as_the_gradient_of_its_layout():
    rng = np.random.default_rng(0)
    weights = tf.constant(rng.normal(size=MANY), tf.float32)
    x = tf.constant(rng.normal(size=(2, 5, 7, MANY[2])), tf.float32)
    made = slope(
        lambda x: convolve(x, weights, laid_out(weights, (1, 1)), strides=(1, 1), padding="same", dilation=(1, 1)), x
    )
    for one, other in zip(made, slope(lambda x: tf.nn.conv2d(x, weights, 1, "SAME"), x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
