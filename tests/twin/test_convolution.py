"""The gradient of a convolution by a kernel laid out for it is TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.twin.convolution import convolve, has_layout, laid_out

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


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "kernel", "strides", "dilation"), CASES)
@pytest.mark.parametrize("known", [True, False])
def test_the_gradient_is_tensorflows_own(size, kernel, strides, dilation, padding, known):
    assert has_layout((*kernel, 3, 5), strides, dilation)
    rng = np.random.default_rng(0)
    weights = tf.constant(rng.normal(size=(*kernel, 3, 5)), tf.float32)
    x = tf.constant(rng.normal(size=(2, *size, 3)), tf.float32)

    def slope(function):
        @tf.function(input_signature=[tf.TensorSpec((2, *(size if known else (None, None)), 3))], autograph=False)
        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
                loss = tf.reduce_sum(tf.sin(y))
            return y, tape.gradient(loss, x)

        return run(x)

    made = slope(
        lambda x: convolve(x, weights, laid_out(weights, strides), strides=strides, padding=padding, dilation=dilation)
    )
    expected = slope(lambda x: tf.nn.conv2d(x, weights, strides, padding.upper(), dilations=dilation))
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_strided_kernel_whose_layout_is_mostly_zeros_is_left_to_tensorflow():
    assert not has_layout((3, 3, 4, 4), (2, 2), (1, 1))
    assert not has_layout((4, 4, 4, 4), (2, 1), (1, 1))
    assert not has_layout((4, 4, 4, 4), (2, 2), (2, 2))


def test_a_kernel_with_many_weights_is_left_to_tensorflow_unless_it_is_one_position_or_strided():
    assert has_layout((3, 3, 256, 128), (1, 1), (1, 1))
    assert not has_layout((3, 3, 512, 512), (1, 1), (1, 1))
    assert has_layout((1, 1, 2048, 512), (1, 1), (1, 1))
    assert has_layout((2, 2, 384, 768), (2, 2), (1, 1)), "a stride that divides the kernel wastes nothing"
