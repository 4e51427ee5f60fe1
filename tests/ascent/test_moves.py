"""Random moves along one direction of an image only."""

import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.ascent.numbers import Numbers
from filterviz_widget.ascent.transformation import move
from filterviz_widget.description.method import Method


def moved(image, **options):
    numbers = Numbers.of(Method(**options), 1.0)
    seeds = tf.constant([5])
    return [np.asarray(move(tf.constant(image), numbers, seeds, tf.constant(each)))[0, ..., 0] for each in range(6)]


@pytest.mark.parametrize(("moves", "axis"), [("down", 1), ("across", 0)])
def test_what_moves_along_one_direction_keeps_its_place_along_the_other(moves, axis):
    """An image that changes along the other direction only is the same however it is moved."""
    ramp = np.linspace(0, 1, 12, dtype=np.float32)
    image = np.broadcast_to(ramp[None, :] if axis == 1 else ramp[:, None], (12, 12))[None, ..., None]
    for each in moved(image, jitter=5, scale=0.3, moves=moves):
        np.testing.assert_allclose(each, image[0, ..., 0], atol=1e-5)
    other = "across" if moves == "down" else "down"
    assert any(np.abs(each - image[0, ..., 0]).max() > 0.05 for each in moved(image, jitter=5, scale=0.3, moves=other))


def test_a_signal_moves_along_its_length_and_keeps_its_values():
    signal = np.random.default_rng(0).normal(size=(1, 1, 40, 1)).astype(np.float32)
    for each in moved(signal, jitter=6):
        shifts = [np.abs(np.roll(signal[0, 0, :, 0], by)[8:-8] - each[0, 8:-8]).max() for by in range(-6, 7)]
        assert min(shifts) < 1e-5
    assert not all(np.allclose(each, signal[0, ..., 0]) for each in moved(signal, scale=0.2))
