"""Ways to run the same plain ascent: this project's, and those that people use today.

Every contender gets the same model, cut at the same layer, the same start and the same rule:
`image += step / 255 * gradient / RMS(gradient)`, with the filter's mean as activation. Each is a function that
prepares a layer and returns `run(filter, start, iterations) -> (image, activation before the last step)`; its first
time includes all that a user waits for.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Run = Callable[[int, np.ndarray, int], tuple[np.ndarray, float]]

STEP = 1.0 / 255


def cut(model: Any, layer: str) -> Any:
    return keras.Model(model.inputs, model.get_layer(layer).output)


class ThisProject:
    """One compiled while_loop on the layer's twin; the layers of a model share their prepared weights, as ever.

    Args:
        precision: As for `FilterExplorer`.
        together: How many filters ascend at once, from the given one on.
    """

    def __init__(self, precision: str = "float32", together: int = 1) -> None:
        self.precision, self.together = precision, together

    def __call__(self, model: Any, layer: str) -> Run:
        """Prepares a layer."""
        from filterviz_widget.ascent import Ascent, Numbers, one_hot
        from filterviz_widget.description.method import CLASSIC
        from filterviz_widget.engine.forms import FORMS
        from filterviz_widget.twin import Twin

        view, weights = _read(model)
        twin = Twin(view, layer, precision=self.resolved(model, layer), forms=FORMS)
        taken = weights.take(twin.sources)
        ascent = Ascent(twin, view.image_shape, view.input_range, CLASSIC, taken.specs)
        count, numbers = view.layer(layer).filters, Numbers.of(CLASSIC, 1.0)

        def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
            filters = [(filter + offset) % count for offset in range(self.together)]
            state = ascent.start(filters, images=tf.repeat(start, self.together, axis=0))
            chunk = ascent.advance(state, one_hot(filters, count), numbers, iterations, taken.tensors)
            return chunk.images.numpy(), float(chunk.activations[-1, 0])

        return run

    def resolved(self, model: Any, layer: str) -> Any:
        """The precision that a layer is computed in."""
        from filterviz_widget.engine.forms import FORMS
        from filterviz_widget.twin import best_precision

        return best_precision(_read(model)[0], layer, FORMS) if self.precision == "auto" else self.precision


@functools.cache
def _read(model: Any) -> tuple[Any, Any]:
    from filterviz_widget.model import read_model
    from filterviz_widget.twin import Weights

    return read_model(model, input_range=(0, 1)), Weights()


def eager_tape(model: Any, layer: str) -> Run:
    """A Python loop around an eager GradientTape."""
    part = cut(model, layer)

    def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
        image = tf.constant(start)
        for _ in range(iterations):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(image)
                activation = tf.reduce_mean(part(image)[..., filter])
            gradient = tape.gradient(activation, image)
            image += STEP * gradient / tf.sqrt(tf.reduce_mean(tf.square(gradient)))
        return image.numpy(), float(activation)

    return run


def step_function(model: Any, layer: str) -> Run:
    """A Python loop around a tf.function of one step; the filter is a tensor, so it is traced once."""
    part = cut(model, layer)

    @tf.function
    def step(image: tf.Tensor, filter: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            activation = tf.reduce_mean(tf.gather(part(image), filter, axis=-1))
        gradient = tape.gradient(activation, image)
        return image + STEP * gradient / tf.sqrt(tf.reduce_mean(tf.square(gradient))), activation

    def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
        image, number = tf.constant(start), tf.constant(filter)
        for _ in range(iterations):
            image, activation = step(image, number)
        return image.numpy(), float(activation)

    return run


def keras_example(model: Any, layer: str) -> Run:
    """The step of the Keras example "What convnets learn": the filter is a Python number, so each is traced anew."""
    part = cut(model, layer)

    @tf.function
    def step(image: tf.Tensor, filter: int) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(image)
            activation = tf.reduce_mean(part(image)[:, :, :, filter])
        gradient = tape.gradient(activation, image)
        return image + STEP * gradient / tf.sqrt(tf.reduce_mean(tf.square(gradient))), activation

    def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
        image = tf.constant(start)
        for _ in range(iterations):
            image, activation = step(image, filter)
        return image.numpy(), float(activation)

    return run


def deep_dream(model: Any, layer: str) -> Run:
    """The loop of the DeepDream tutorial, tf.range in a tf.function; the loss replaced by the filter's mean."""
    part = cut(model, layer)

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, None, None, 3), tf.float32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
        ]
    )
    def ascend(image: tf.Tensor, filter: tf.Tensor, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        activation = tf.constant(0.0)
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                tape.watch(image)
                activation = tf.reduce_mean(tf.gather(part(image), filter, axis=-1))
            gradient = tape.gradient(activation, image)
            gradient /= tf.math.sqrt(tf.reduce_mean(tf.square(gradient))) + 1e-20
            image = image + gradient * STEP
        return image, activation

    def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
        image, activation = ascend(tf.constant(start), tf.constant(filter), tf.constant(iterations))
        return image.numpy(), float(activation)

    return run


def tf_keras_vis(model: Any, layer: str) -> Run:
    """The package tf-keras-vis with the identical rule: no modifiers, no regularizers, SGD with rate 1."""
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.callbacks import Callback
    from tf_keras_vis.utils.scores import CategoricalScore

    part = cut(model, layer)
    maximization = ActivationMaximization(part, clone=False)

    class Last(Callback):
        """Keeps the last score: the activation before the last step."""

        def __call__(self, i: int, values: Any, grads: Any, scores: Any, model_outputs: Any, **kwargs: Any) -> None:
            self.score = float(np.asarray(scores[0]).ravel()[0])

    def run(filter: int, start: np.ndarray, iterations: int) -> tuple[np.ndarray, float]:
        last = Last()
        image = maximization(
            CategoricalScore(filter),
            seed_input=start,
            steps=iterations,
            input_range=None,
            input_modifiers=None,
            regularizers=None,
            optimizer=keras.optimizers.SGD(1.0),
            gradient_modifier=lambda gradient: STEP * gradient / tf.sqrt(tf.reduce_mean(tf.square(gradient))),
            callbacks=[last],
        )
        return np.asarray(image), last.score

    return run


FLOAT32, AUTO = "this project, float32", "this project, auto"

CONTENDERS: dict[str, Callable[[Any, str], Run]] = {
    FLOAT32: ThisProject(),
    AUTO: ThisProject("auto"),
    "this project, 8 together": ThisProject("auto", together=8),
    "step tf.function": step_function,
    "eager tape": eager_tape,
    "Keras example": keras_example,
    "DeepDream tutorial": deep_dream,
    "tf-keras-vis": tf_keras_vis,
}
