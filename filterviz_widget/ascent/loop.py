"""The compiled ascent: many gradient steps on a batch of images inside one tf.while_loop."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

EPSILON = 1e-20
"""Keeps 0/0 from becoming NaN. It is added to the RMS, so it must be far below any real gradient's:
deep layers of a random network have gradients around 1e-10, and float32 squares hold down to 1e-19."""


class Chunk(NamedTuple):
    """What some iterations of an ascent made.

    Attributes:
        images: float32 `(batch, height, width, channels)`, the images after the last iteration.
        activations: float32 `(iterations, batch)`, measured before each iteration's step.
        gradient_rms: float32 `(iterations, batch)`, root mean square of each image's gradient.
            Exactly zero: the filter did not answer. Not finite: that image took no step.
    """

    images: tf.Tensor
    activations: tf.Tensor
    gradient_rms: tf.Tensor


class Ascent:
    """Gradient ascent on a filter's activation, compiled once for a layer and an image size.

    The activation is the mean of the filter's feature map. Each iteration moves each image by
    `step_size` grey levels (RMS) along its own gradient:
    `image += step_size * gradient / (RMS(gradient) + eps)`, after Erhan et al. 2009, "Visualizing
    higher-layer features of a deep network", with the normalised gradient of Mordvintsev et al. 2015.

    Filter, step size and iterations are tensors: a changed number never traces again. Images of a
    batch do not influence one another.

    Args:
        features: Maps float images `(batch, height, width, channels)` to the layer's output,
            `(batch, ..., filters)`. It is called once, while tracing.
        image_shape: `(height, width, channels)` in pixels.
        input_range: The lowest and highest value that the model's input pixels take; a step of one grey
            level is 1/255 of it.

    Example:

    >>> ascent = Ascent(lambda x: cut(x, training=False), (96, 96, 3))
    >>> chunk = ascent.advance(start_images([0], (96, 96, 3)), filters=[5], step_size=1.0, iterations=20)
    >>> chunk.images.shape, chunk.activations.shape
    (TensorShape([1, 96, 96, 3]), TensorShape([20, 1]))
    """

    def __init__(
        self,
        features: Callable[[tf.Tensor], tf.Tensor],
        image_shape: tuple[int, int, int],
        input_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self._features = features
        self._grey_level = (input_range[1] - input_range[0]) / 255
        images = tf.TensorSpec((None, *image_shape), tf.float32)
        filters = tf.TensorSpec((None,), tf.int32)
        self._advance = tf.function(
            self._loop,
            input_signature=[images, filters, tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.int32)],
        )

    def compile(self) -> None:
        """Traces the loop without running it; the first `advance` would do so otherwise."""
        self._advance.get_concrete_function()

    def advance(self, images: tf.Tensor, filters: tf.Tensor, step_size: float, iterations: int) -> Chunk:
        """Takes `iterations` steps from `images`; 7 and then 13 give exactly what 20 give.

        Args:
            images: float32 `(batch, height, width, channels)`.
            filters: int32 `(batch,)`, the filter that each image is for, counted from 0.
            step_size: Grey levels per iteration (RMS).
            iterations: How many steps to take, 1 or more.

        Returns:
            A `Chunk`.
        """
        return Chunk(*self._advance(images, filters, step_size, iterations))

    def measure(self, images: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
        """The activation of each image as it is: float32 `(batch,)`."""
        # A step of size zero: dearer than a forward pass, far cheaper than tracing another function.
        return self.advance(images, filters, 0.0, 1).activations[0]

    @property
    def trace_count(self) -> int:
        """How often the loop has been traced; more than once is a bug."""
        return int(self._advance.experimental_get_tracing_count())

    def _activation(self, images: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
        # float32 before the mean: half precision overflows at 65,504.
        features = tf.cast(self._features(images), tf.float32)
        means = tf.reduce_mean(features, axis=list(range(1, features.shape.rank - 1)))
        return tf.gather(means, filters, axis=1, batch_dims=1)

    def _loop(
        self, images: tf.Tensor, filters: tf.Tensor, step_size: tf.Tensor, iterations: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        step = step_size * self._grey_level
        activations = tf.TensorArray(tf.float32, size=iterations, element_shape=(None,))
        rms = tf.TensorArray(tf.float32, size=iterations, element_shape=(None,))

        def body(
            iteration: tf.Tensor, images: tf.Tensor, activations: tf.TensorArray, rms: tf.TensorArray
        ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.TensorArray]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                activation = self._activation(images, filters)
            gradient = tape.gradient(activation, images, unconnected_gradients="zero")
            size = tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=(1, 2, 3), keepdims=True))
            # An image whose gradient is not finite stays where it was, and its neighbours go on.
            images += tf.where(tf.math.is_finite(size), step * gradient / (size + EPSILON), 0.0)
            return (
                iteration + 1,
                images,
                activations.write(iteration, activation),
                rms.write(iteration, size[:, 0, 0, 0]),
            )

        _, images, activations, rms = tf.while_loop(
            lambda iteration, *_: iteration < iterations,
            body,
            (0, images, activations, rms),
            shape_invariants=(
                tf.TensorShape(()),
                images.shape,
                tf.TensorShape(None),
                tf.TensorShape(None),
            ),
            parallel_iterations=1,
        )
        return images, activations.stack(), rms.stack()
