"""Lucid's recipe, written for TensorFlow 2: what `render.render_vis` does by default (Olah et al. 2017).

512 steps of Adam(.05) on Fourier coefficients with decorrelated colour and a sigmoid; each sees the image padded by 12
grey pixels, moved by up to 8, scaled by .9 to 1.1, turned by up to 10 degrees, and moved by up to 4; in the first 16
steps gradients pass closed ReLUs, where all of a layer's are zero. One thing differs: as networks may have a fixed size
the moved image is cropped or padded with grey to that.
"""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

STEPS = 512
RATE = 0.05
REDIRECTED = 16
COLOUR = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""Square root of the covariance of ImageNet's colours, as Lucid has it."""


@tf.custom_gradient
def redirected_relu(x: tf.Tensor) -> Any:
    """ReLU whose gradient, where it would be zero in a whole image, passes unless it pushes a closed unit down."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        plain = tf.where(x < 0, 0.0, upstream)
        redirected = tf.where((x < 0) & (upstream < 0), 0.0, upstream)
        answers = tf.reduce_any(tf.reshape(plain, (tf.shape(x)[0], -1)) != 0, axis=1)
        return tf.where(tf.reshape(answers, (-1,) + (1,) * (len(x.shape) - 1)), plain, redirected)

    return tf.nn.relu(x), gradient


def opened(cut: Any) -> Any:
    """The same layers and weights, their ReLUs redirected."""

    def same(layer: Any) -> Any:
        config = layer.get_config()
        made = layer.__class__.from_config(config)
        if config.get("activation") == "relu":
            made.activation = redirected_relu
        return made

    copy = keras.models.clone_model(cut, clone_function=same)
    copy.set_weights(cut.get_weights())
    return copy


def recipe(cut: Any, high: float, filters: list[int], seed: int, steps: int = STEPS) -> np.ndarray:
    """Pictures of some filters of a layer, all in one batch, float32 `(filters, height, width, 3)` from 0 to 1.

    Args:
        cut: From pixels to the layer's feature maps.
        high: The largest value of a pixel.
        filters: Which.
        seed: Of the start images and the moves.
        steps: How many.
    """
    height, width = cut.input_shape[1:3]
    rng = np.random.default_rng(seed)
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    scale = np.float32(np.sqrt(height * width) / np.maximum(frequencies, 1 / max(height, width)))
    spectrum = tf.Variable(rng.normal(0, 0.01, (2, len(filters), 3, *frequencies.shape)), dtype=tf.float32)
    colour = COLOUR / np.linalg.norm(COLOUR, axis=0).max()
    adam = keras.optimizers.Adam(RATE, epsilon=1e-8)
    adam.build([spectrum])

    def images() -> tf.Tensor:
        pixels = tf.signal.irfft2d(tf.complex(*tf.unstack(spectrum * scale)), (height, width)) / 4
        return tf.sigmoid(tf.einsum("bchw,dc->bhwd", pixels, colour))

    def step(model: Any, turn: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            answers = model(high * moved(images(), turn, seed), training=False)
            means = tf.reduce_mean(tf.reshape(answers, (len(filters), -1, answers.shape[-1])), axis=1)
            loss = -tf.linalg.trace(tf.gather(means, filters, axis=1))
        adam.apply([tape.gradient(loss, spectrum)])

    first, rest = (tf.function(functools.partial(step, model)) for model in (opened(cut), cut))
    for turn in range(steps):
        (first if turn < REDIRECTED else rest)(tf.constant(turn))
    return images().numpy()


def moved(images: tf.Tensor, turn: tf.Tensor, seed: int) -> tf.Tensor:
    """The images as the model sees them in one step, all moved alike."""

    def draw(place: int, count: int) -> tf.Tensor:
        return tf.random.stateless_uniform((), (seed * 10 + place, turn), 0, count, tf.int32)

    def jitter(padded: tf.Tensor, by: int, place: int) -> tf.Tensor:
        height, width = tf.shape(padded)[1] - by, tf.shape(padded)[2] - by
        return tf.image.crop_to_bounding_box(padded, draw(place, by + 1), draw(place + 1, by + 1), height, width)

    height, width = images.shape[1:3]
    grey = 0.5
    seen = jitter(tf.pad(images - grey, ((0, 0), (12, 12), (12, 12), (0, 0))), 8, 0)
    scale = 1 + tf.cast(draw(2, 11) - 5, tf.float32) / 50
    seen = tf.image.resize(seen, tf.cast(tf.math.ceil(scale * tf.cast(tf.shape(seen)[1:3], tf.float32)), tf.int32))
    angles = tf.constant([*range(-10, 11), *[0] * 5], tf.float32) * np.float32(np.pi / 180)
    seen = rotated(seen, angles[draw(3, 26)])
    seen = jitter(seen, 4, 4)
    return tf.image.resize_with_crop_or_pad(seen, height, width) + grey


def rotated(images: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """The images turned around their middle; what comes in at the corners is grey."""
    height, width = (tf.cast(size - 1, tf.float32) for size in tf.unstack(tf.shape(images)[1:3]))
    cos, sin = tf.cos(angle), tf.sin(angle)
    right, down = (width - (cos * width - sin * height)) / 2, (height - (sin * width + cos * height)) / 2
    matrix = tf.stack([cos, -sin, right, sin, cos, down, 0.0, 0.0])[None]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=matrix,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
