"""What a call may be made of: whatever TensorFlow operations it uses, its layers are found and give what it gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget import visualize_filter
from filterviz_widget.model import read_model
from filterviz_widget.model.keras_private import effective_kernel

KERNEL = tf.Variable(tf.random.stateless_normal((3, 3, 4, 5), (4, 4)), name="kernel")
SAME = {"strides": 1, "padding": "SAME"}


class Made(keras.Model):
    def __init__(self, body, dtype=None):
        super().__init__(name="made", dtype=dtype)
        self.a = layers.Conv2D(4, 3, padding="same", name="a", dtype=dtype)
        self.b = layers.Conv2D(4, 3, name="b", dtype=dtype)
        self.body = body

    def call(self, x):
        return self.body(self, x)


@tf.custom_gradient
def rounded(x):
    return tf.round(x * 10) / 10, lambda upstream: upstream


@tf.custom_gradient
def guided(x):
    """A gradient that needs a tensor of the graph: that of guided backpropagation."""
    y = tf.nn.relu(x)
    return y, lambda upstream: tf.cast(upstream > 0, x.dtype) * tf.cast(y > 0, x.dtype) * upstream


def looped(model, x):
    x = model.a(x)
    for _ in tf.range(3):
        x = x * 0.9
    return model.b(x)


def transposed(model, x):
    kernel = tf.transpose(KERNEL, (0, 1, 3, 2))
    return tf.nn.conv2d_transpose(model.a(x), kernel, (tf.shape(x)[0], 32, 32, 5), 2, "SAME")


BODIES = {
    "a while loop": (
        lambda m, x: m.b(tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y / 2), (0, m.a(x)))[1]),
        "b",
    ),
    "a loop that AutoGraph sees": (looped, "b"),
    "map_fn": (lambda m, x: m.b(tf.map_fn(lambda y: y * 2.0, m.a(x))), "b"),
    "both branches": (lambda m, x: tf.cond(tf.reduce_mean(x) > 0, lambda: m.b(m.a(x)), lambda: m.b(-m.a(x))), "cond"),
    "switch_case": (
        lambda m, x: m.b(tf.switch_case(tf.cast(tf.reduce_mean(x) > 0, tf.int32), [lambda: m.a(x), lambda: m.a(-x)])),
        "b",
    ),
    "resizing": (lambda m, x: m.b(tf.image.resize(m.a(x), (20, 20))), "b"),
    "a convolution spread over the batch": (lambda m, x: tf.nn.atrous_conv2d(m.a(x), KERNEL, 2, "SAME"), "convolution"),
    "the same without borders": (lambda m, x: tf.nn.atrous_conv2d(m.a(x), KERNEL, 2, "VALID"), "convolution"),
    "dilation": (lambda m, x: tf.nn.conv2d(m.a(x), KERNEL, 1, "SAME", dilations=2), "Conv2D"),
    "explicit padding": (lambda m, x: tf.nn.conv2d(m.a(x), KERNEL, 1, [[0, 0], [1, 2], [0, 1], [0, 0]]), "Conv2D"),
    "a computed kernel": (lambda m, x: tf.nn.conv2d(m.a(x), tf.math.l2_normalize(KERNEL, (0, 1, 2)), **SAME), "Conv2D"),
    "a transposed convolution": (transposed, "conv2d_transpose"),
    "a computed depthwise kernel": (
        lambda m, x: tf.nn.depthwise_conv2d(m.a(x), tf.abs(KERNEL[..., :2]), (1, 1, 1, 1), "SAME"),
        "depthwise",
    ),
    "a product at each place": (lambda m, x: tf.tensordot(m.a(x), KERNEL[0, 0], 1), "Tensordot"),
    "a product of units": (
        lambda m, x: tf.matmul(tf.reshape(tf.nn.max_pool2d(m.a(x), 16, 16, "VALID"), (-1, 4)), KERNEL[0, 0]),
        "MatMul",
    ),
    "strides and dilation": (  # TensorFlow computes both, and no layer of Keras does
        lambda m, x: m.b(m.a(x) + tf.reduce_mean(tf.nn.conv2d(x, KERNEL[:, :, :3], 2, "SAME", dilations=2))),
        "b",
    ),
    "a constant kernel": (
        lambda m, x: tf.nn.conv2d(x, np.ones((3, 3, 3, 3), np.float32) / 27, **SAME) + m.a(x)[..., :3],
        "Conv2D",
    ),
    "Python in between": (
        lambda m, x: m.b(tf.reshape(tf.py_function(lambda y: y * 2, [m.a(x)], tf.float32), (-1, 16, 16, 4))),
        "b",
    ),
}


@pytest.mark.parametrize("what", BODIES)
def test_the_ascents_activation_is_that_of_the_models_own_code(what):
    body, layer = BODIES[what]
    model = Made(body)
    model(tf.zeros((1, 16, 16, 3)))
    if layer == "cond":
        assert {"a", "a:1", "b", "b:1"} <= {info.name for info in read_model(model).layers}
        return
    if what == "a constant kernel":  # the output is a sum
        picture = visualize_filter(model, layer, 1, iterations=2, precision="float32")
        wanted = tf.nn.conv2d(picture.raw[None], np.ones((3, 3, 3, 3), np.float32) / 27, **SAME)
    else:
        picture = visualize_filter(model, layer, 1, iterations=2, precision="float32")
        wanted = model(picture.raw[None])
    mean = float(tf.reduce_mean(tf.gather(wanted, 1, axis=-1)))
    assert picture.activations[-1] == pytest.approx(mean, rel=1e-4, abs=1e-6)
    assert picture.activations[-1] > picture.activations[0]


@pytest.mark.parametrize(
    "body",
    [
        lambda m, x: m.b(tf.nn.silu(m.a(x))),  # TensorFlow's own custom gradient
        lambda m, x: m.b(guided(m.a(x))),
        lambda m, x: m.b(rounded(m.a(x))),
        lambda m, x: m.b(tf.recompute_grad(lambda y: m.a(y) * 2.0)(x)),
        BODIES["map_fn"][0],
        BODIES["a loop that AutoGraph sees"][0],
    ],
    ids=["silu", "guided", "rounded", "recomputed", "map_fn", "loop"],
)
def test_gradients_that_code_says_itself_are_those_of_the_code_in_every_graph(body):
    model = Made(body)
    images = tf.random.stateless_uniform((2, 16, 16, 3), (1, 1))
    model(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        mean = tf.reduce_mean(model(images)[..., 1])
    wanted = tape.gradient(mean, images)
    view = read_model(model)
    for _ in range(2):  # each time in another graph
        found = tf.function(lambda x: tf.gradients(tf.reduce_mean(view.cut("b")(x)[..., 1]), x)[0], autograph=False)(
            images
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_a_model_in_mixed_precision_is_traced_in_it(dtype):
    model = Made(lambda m, x: tf.nn.relu(m.b(m.a(x))), dtype)
    model(tf.zeros((1, 16, 16, 3)))
    model.b.bias.assign(tf.fill((4,), 2.0))  # no filter is closed
    picture = visualize_filter(model, "Relu", 1, iterations=2, precision="float32")
    wanted = float(tf.reduce_mean(tf.cast(model(picture.raw[None]), tf.float32)[..., 1]))
    assert picture.activations[-1] == pytest.approx(wanted, rel=1e-2, abs=1e-4)


def test_a_computed_kernel_is_the_one_of_the_moment():
    model = Made(lambda m, x: tf.nn.conv2d(m.a(x), 2 * KERNEL, **SAME))
    images = tf.random.stateless_uniform((2, 16, 16, 3), (1, 1))
    model(images)
    view = read_model(model)
    assert view.layer("Conv2D").recommended
    for _ in range(2):
        np.testing.assert_allclose(view.cut("Conv2D")(images), model(images), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(effective_kernel(view.operation("Conv2D")), 2 * KERNEL.numpy(), rtol=1e-6)
        KERNEL.assign(-KERNEL)


def test_pooling_over_channels_is_no_pooling_over_places():
    model = Made(lambda m, x: m.b(tf.repeat(tf.nn.max_pool(m.a(x), (1, 1, 1, 2), (1, 1, 1, 2), "VALID"), 2, 3)))
    images = tf.random.stateless_uniform((2, 16, 16, 3), (1, 1))
    model(images)
    np.testing.assert_allclose(read_model(model).cut("b")(images), model(images), rtol=1e-5, atol=1e-5)


def test_a_convolution_that_no_layer_of_keras_does_is_named():
    model = Made(lambda m, x: tf.nn.conv2d(m.a(x), KERNEL, 2, "SAME", dilations=2))
    model(tf.zeros((1, 16, 16, 3)))
    assert dict(read_model(model).unsupported) == {
        "Conv2D": "Conv2D computes here what no layer of Keras does; it is run as it is."
    }


class Inner(layers.Layer):
    def __init__(self):
        super().__init__(name="inner")
        self.conv = layers.Conv2D(4, 3, name="conv")

    def call(self, x):
        x = self.conv(x)
        if tf.reduce_mean(x) > 0:
            return x * 2.0
        return x


def test_a_decision_that_autograph_does_not_see_is_refused_with_its_line():
    """As Keras itself would when it trains the model: it does not apply AutoGraph to layers."""
    model = Made(lambda m, x: tf.nn.relu(m.inner(x)))
    model.inner = Inner()
    model(tf.zeros((1, 16, 16, 3)))
    with pytest.raises(
        ValueError, match=r"as a Python `bool` is not allowed. \(line \d+ of test_operations.py: if tf.reduce_mean"
    ):
        read_model(model)
