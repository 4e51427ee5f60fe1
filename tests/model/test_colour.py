"""From an optimised image to what a person sees: grey, RGB, a chosen triple, principal components."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model import read_model


def view(count, **options):
    return read_model(keras.Sequential([keras.Input((4, 5, count)), layers.Conv2D(2, 3)]), **options)


def image(count):
    return np.random.default_rng(2).uniform(-1, 3, (4, 5, count)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 3])
def test_grey_and_rgb_are_scaled_by_the_input_range_and_no_more(count):
    pixels, caption = view(count, input_range=(-1, 3)).to_rgb(image(count))
    np.testing.assert_allclose(pixels, (image(count) + 1) / 4, rtol=1e-6)
    assert caption == ""


def test_an_image_before_caffe_preprocessing_is_in_true_colour():
    red = np.zeros((4, 5, 3), np.float32)
    red[..., 0] = 255
    pixels, _ = view(3, preprocess="caffe").to_rgb(red)
    np.testing.assert_array_equal(pixels[0, 0], [1, 0, 0])


@pytest.mark.parametrize(("count", "triple"), [(3, (2, 1, 0)), (4, (3, 0, 1)), (2, (1, 0, 0))])
def test_a_chosen_triple_is_shown_as_red_green_and_blue(count, triple):
    pixels, caption = view(count, channels=triple).to_rgb(image(count))
    np.testing.assert_array_equal(pixels, image(count)[..., list(triple)])
    assert caption == f"Channels {', '.join(map(str, triple))} as red, green, blue."


def test_two_channels_are_red_and_green():
    pixels, caption = view(2).to_rgb(image(2))
    np.testing.assert_array_equal(pixels[..., :2], image(2))
    assert (pixels[..., 2] == 0.5).all()
    assert caption == "Channels 0 and 1 as red and green."


@pytest.mark.parametrize("count", [4, 9])
def test_other_images_are_shown_by_their_principal_components(count):
    pixels, caption = view(count).to_rgb(image(count))
    colours = image(count).reshape(-1, count)
    colours = colours - colours.mean(axis=0)
    # Another way to the same: the singular values are the lengths along the principal axes.
    left, lengths, _ = np.linalg.svd(colours, full_matrices=False)
    np.testing.assert_allclose(np.abs(pixels.reshape(-1, 3) - 0.5), np.abs(left * lengths)[:, :3], atol=1e-5)
    share = (lengths[:3] ** 2).sum() / (lengths**2).sum()
    assert caption == (
        f"The first three principal components of {count} channels as red, green, blue, {share:.0%} of the variance."
    )


def test_a_constant_image_of_many_channels_is_mid_grey():
    pixels, caption = view(5).to_rgb(np.full((4, 5, 5), 0.7, np.float32))
    np.testing.assert_allclose(pixels, 0.5, atol=1e-6)
    assert caption == "The first three principal components of 5 channels as red, green, blue."


@pytest.mark.parametrize("channels", [(0, 1), (0, 1, 4), (0, 1, -1), (0.0, 1, 2), "rgb", 3])
def test_channels_that_the_model_does_not_have_are_refused(channels):
    with pytest.raises(ValueError, match="channels must be three channel numbers from 0 to 3"):
        view(4, channels=channels)
