"""From one size to the next nothing is lost: Adam's moments, its time, and the random moves that come next."""

import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.ascent.parameterization import PARAMETERIZATIONS, amplitudes
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS

SMALL, LARGE = (21, 18), (30, 25)


def features(images):
    return tf.nn.avg_pool2d(images, 3, 1, "SAME")


def ascents(method):
    return [Ascent(features, (*size, 3), (0.0, 1.0), method) for size in (SMALL, LARGE)]


def grown(method, iterations=5):
    small, large = ascents(method)
    numbers = Numbers.of(method, 1.0)
    chunk = small.advance(small.start([3]), one_hot([1], 3), numbers, iterations)
    return chunk, large.grown(chunk.state, SMALL), large


@pytest.mark.parametrize("name", ["robust", "natural"])
def test_the_count_of_steps_goes_on_so_that_no_random_move_is_drawn_twice(name):
    chunk, state, large = grown(PRESETS[name].method)
    assert int(state.iteration) == int(chunk.state.iteration) == 5
    assert state.seeds.numpy().tolist() == [3]
    expected = large.start([3])
    assert [tuple(slot.shape) for slot in state.slots] == [tuple(slot.shape) for slot in expected.slots]
    assert [tuple(each.shape) for each in state.saliency] == [tuple(each.shape) for each in expected.saliency]


@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
def test_adams_moments_come_along(parameterization):
    method = Method(parameterization=parameterization, update="adam")
    chunk, state, _ = grown(method)
    first, second = (slot.numpy() for slot in state.slots)
    assert np.abs(first).max() > 0
    assert (second >= 0).all()
    if parameterization == "pixels":
        assert np.mean(second) == pytest.approx(np.mean(chunk.state.slots[1]), rel=0.1)
        return
    # A frequency is in the same place, and scaled as its share of the image is.
    before = [slot.numpy() for slot in chunk.state.slots]
    pixels = LARGE[0] * LARGE[1] / (SMALL[0] * SMALL[1])
    for row, column in ((0, 1), (3, 2), (-4, 5)):
        ratio = amplitudes(*LARGE)[row, column] / amplitudes(*SMALL)[row, column] / pixels
        np.testing.assert_allclose(first[..., row, column], before[0][..., row, column] * ratio, rtol=1e-4)
        np.testing.assert_allclose(second[..., row, column], before[1][..., row, column] * ratio**2, rtol=1e-4)
    # What is finer than before is neither frozen nor wild at first.
    assert first[..., 14, 2].tolist() == np.zeros_like(first[..., 14, 2]).tolist()
    assert (second[..., 14, 2] > 0).all()


@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
def test_the_picture_comes_along(parameterization):
    """Of coefficients, exactly: the larger image has the smaller one's frequencies; with phases also finer ones."""
    method = Method(parameterization=parameterization)
    chunk, state, large = grown(method, 9)
    shown = large.advance(state, one_hot([1], 3), Numbers.of(method, 0.0), 1).images
    if parameterization == "pixels":
        np.testing.assert_allclose(shown, tf.image.resize(chunk.images, LARGE, "bicubic"), atol=1e-6)
        return
    small, wide = (spectrum(each.numpy()) for each in (chunk.images, shown))
    for row, column in ((0, 0), (0, 1), (3, 2), (-4, 5)):
        found, expected = wide[0, row, column], small[0, row, column]
        if parameterization == "phase":  # the magnitudes are those of a photograph, at any size
            found, expected = (each / np.abs(each) for each in (found, expected))
            if (row, column) == (0, 0):
                continue
        np.testing.assert_allclose(found, expected, rtol=2e-2, atol=1e-4)
    finer = np.abs(wide[0, 14, 2]).max()
    assert finer > 1e-4 if parameterization == "phase" else finer < 1e-6


def spectrum(images):
    """Of what was squashed into the range, as a function of the frequency alone."""
    share = images.astype(np.float64)
    return np.fft.rfft2(np.log(share / (1 - share)), axes=(1, 2)) / images[0, ..., 0].size
