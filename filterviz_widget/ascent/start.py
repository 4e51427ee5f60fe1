"""The image that an ascent starts from: grey, with a little seeded noise."""

from collections.abc import Sequence

import tensorflow as tf

NOISE = 4.0
"""Amplitude of the noise in grey levels: enough to wake a ReLU, too little to show in the picture."""


def start_images(
    seeds: Sequence[int],
    image_shape: tuple[int, int, int],
    input_range: tuple[float, float] = (0.0, 1.0),
) -> tf.Tensor:
    """Draws one start image per seed: the middle of the input range, plus or minus uniform noise.

    The generator is stateless (Philox), so a seed gives the same image whatever was drawn before it,
    and the global seed is neither read nor changed.

    Args:
        seeds: One integer in [0, 2**31 - 1] per image.
        image_shape: `(height, width, channels)` in pixels.
        input_range: The lowest and highest value that the model's input pixels take.

    Returns:
        A float32 tensor `(len(seeds), height, width, channels)` in units of the model's input.

    Example:

    >>> start_images([0, 1], (96, 96, 3)).shape
    TensorShape([2, 96, 96, 3])
    """
    low, high = input_range
    amplitude = NOISE * (high - low) / 255
    noise = [
        tf.random.stateless_uniform(image_shape, (seed, 0), -amplitude, amplitude, tf.float32, alg="philox")
        for seed in seeds
    ]
    return (low + high) / 2 + tf.stack(noise)
