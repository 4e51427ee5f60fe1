"""What an ascent carries from step to step, and what it gives."""

from typing import NamedTuple

import tensorflow as tf

from filterviz_widget.ascent.update import Slots


class State(NamedTuple):
    """Where an ascent is: all that its next iteration needs.

    Attributes:
        parameters: float32 `(batch, ...)`, what is optimised.
        slots: What the update rule carries along.
        saliency: One tensor, float32 `(batch, height, width, 1)`: the sum of the gradients' absolute values so
            far, in units of their RMS. Empty where nothing is shown by it.
        photo: One tensor, float32 `(batch, height, width, channels)`: where each ascent started, and what it stays near
            to. Empty where that does not matter any more.
        seeds: int32 `(batch,)`.
        iteration: int32 scalar, how many steps were taken.
    """

    parameters: tf.Tensor
    slots: Slots
    saliency: Slots
    photo: Slots
    seeds: tf.Tensor
    iteration: tf.Tensor


class Chunk(NamedTuple):
    """What some iterations of an ascent made.

    Attributes:
        state: Where the ascent is now; `advance` goes on from it.
        images: float32 `(batch, height, width, channels)`, the images after the last iteration.
        activations: float32 `(iterations, batch)`, measured before each iteration's step, on the images as
            the model saw them: transformed, if the method transforms.
        gradient_rms: float32 `(iterations, batch)`, root mean square of each image's gradient.
            Exactly zero: the filter did not answer, and nothing led there. Not finite: that image took no step.
        redirected: bool `(iterations, batch)`: where the filter was closed, and its gradient passed closed rectifiers.
    """

    state: State
    images: tf.Tensor
    activations: tf.Tensor
    gradient_rms: tf.Tensor
    redirected: tf.Tensor


class Measured(NamedTuple):
    """What an image does to the filter.

    Attributes:
        activations: float32 `(batch,)`.
        closed: bool `(batch,)`: whether the filter has no gradient of its own there.
        opens: bool `(batch,)`: whether it is closed, and redirected gradients lead out.
    """

    activations: tf.Tensor
    closed: tf.Tensor
    opens: tf.Tensor
