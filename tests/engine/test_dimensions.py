"""Signals, volumes and frames by the public doors: everything is what Keras itself computes of them."""

import keras
import numpy as np
import pytest

from filterviz_widget import (
    ablate,
    accentuate,
    feature_maps,
    filter_kernel,
    neighbours,
    strongest_images,
    visualize_filter,
)
from filterviz_widget.engine import engine_of
from tests.dimensions import ALL, SHAPES, made, plain


@pytest.fixture(scope="module")
def models():
    kept = keras.config.floatx()
    found = {name: made(name) for name in ALL}
    assert keras.config.floatx() == kept
    return found


def examples(name, count=4):
    return np.random.default_rng(1).uniform(-1, 1, (count, *SHAPES[name])).astype(np.float32)


LAYERS = [
    *(("signals", each) for each in ("conv", "norm", "separable", "pool", "depthwise", "transposed", "gru", "units")),
    *(("audio", each) for each in ("conv", "units")),
    *(("spectra", each) for each in ("stft", "conv")),
    *(("text", each) for each in ("conv", "units")),
    *(("volumes", each) for each in ("conv", "pool", "transposed", "units")),
    *(("video", each) for each in ("frames", "moving", "last", "units")),
]


@pytest.mark.parametrize(("name", "layer"), LAYERS, ids=lambda value: value)
def test_an_optimum_excites_its_filter_as_a_plain_forward_pass_says(models, name, layer):
    picture = visualize_filter(models[name], layer, 1, iterations=6)
    values = picture.values.reshape(SHAPES[name])
    expected = float(plain(models[name], layer, values[None])[..., 1].mean())
    assert picture.activations[-1] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert picture.activations[-1] > picture.activations[0]


@pytest.mark.parametrize("method", ["robust", "natural"])
@pytest.mark.parametrize("name", ["signals", "text", "volumes"])
def test_every_method_works_in_every_dimension(models, name, method):
    picture = visualize_filter(models[name], "conv", 0, iterations=12, method=method)
    values = picture.values.reshape(SHAPES[name])
    expected = float(plain(models[name], "conv", values[None])[..., 0].mean())
    assert picture.activations[-1] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert picture.activations[-1] > picture.activations[0]
    is_signal = name != "volumes"
    assert ("Without the method's rotation: a signal has one direction." in picture.note) == is_signal
    assert (picture.description.method.rotation == 0) == is_signal


def test_what_has_no_meaning_is_refused_with_the_reason_where_it_is_asked_for(models):
    with pytest.raises(ValueError, match=r"rotation=5 has no meaning here\. A signal has one direction"):
        visualize_filter(models["signals"], "conv", 0, rotation=5)
    with pytest.raises(ValueError, match=r"moves='across' has no meaning here\. A signal has one direction"):
        visualize_filter(models["signals"], "conv", 0, moves="across")
    assert visualize_filter(models["signals"], "conv", 0, rotation=0, jitter=3, iterations=1).activations.shape == (2,)
    assert visualize_filter(models["volumes"], "conv", 0, rotation=5, iterations=1).activations.shape == (2,)


def test_a_spectrogram_is_moved_along_time_only_unless_it_is_asked_for():
    model = keras.Sequential([keras.Input((40, 24, 1)), keras.layers.Conv2D(2, 3, name="conv")])
    picture = visualize_filter(model, "conv", 0, method="robust", data="spectrogram", iterations=2)
    method = picture.description.method
    assert (method.moves, method.rotation, method.jitter) == ("down", 0.0, 8.0)
    assert "Moved along time only, and not rotated: another frequency is another sound." in picture.note
    asked = visualize_filter(model, "conv", 0, data="spectrogram", rotation=4, moves="both", iterations=1)
    assert (asked.description.method.rotation, asked.description.method.moves) == (4.0, "both")
    image = visualize_filter(model, "conv", 0, method="robust", iterations=1)
    assert image.description.method.rotation == 12
    assert image.note == ""


@pytest.mark.parametrize(("name", "layer"), [each for each in LAYERS if each[1] != "units"], ids=lambda value: value)
def test_feature_maps_are_what_keras_computes_laid_out_as_maps(models, name, layer):
    (given,) = examples(name, 1)
    found = feature_maps(models[name], layer, given)
    expected = plain(models[name], layer, given[None])[0]
    filters = expected.shape[-1]
    if expected.ndim == 4:
        expected = expected.reshape(-1, expected.shape[2], filters)
    np.testing.assert_allclose(found.maps, expected.reshape(found.maps.shape), rtol=1e-4, atol=1e-5)
    assert found.maps.shape[2] == filters
    assert found.overlay(0).shape == (*found.shown.shape[:2], 3)
    assert found.thumbnails([0, 1], 24).shape == (2, 24, 24, 3)


def test_a_map_of_a_volume_lies_over_the_slices_that_it_sees(models):
    (given,) = examples("volumes", 1)
    found = feature_maps(models["volumes"], "conv", given)
    own = plain(models["volumes"], "conv", given[None])[0]  # 3 slices, of three slices each, two apart
    assert own.shape == (3, 10, 9, 3)
    laid = found.laid.reshape(8, 10, 9, 3)
    for place, nearest in enumerate([0, 0, 0, 1, 1, 2, 2, 2]):
        np.testing.assert_allclose(laid[place], own[nearest], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "layer"), [("signals", "separable"), ("volumes", "conv"), ("video", "frames")])
def test_the_strongest_examples_are_those_of_a_plain_forward_pass(models, name, layer):
    given = examples(name, 6)
    found = strongest_images(models[name], layer, given, k=3, progress=False)
    outputs = plain(models[name], layer, given)
    means = outputs.reshape(6, -1, outputs.shape[-1]).mean(1)
    np.testing.assert_array_equal(found.indices, np.argsort(-means, axis=0, kind="stable")[:3].T)
    np.testing.assert_allclose(found.values, -np.sort(-means, axis=0)[:3].T, rtol=1e-4, atol=1e-6)
    assert found._repr_png_()[:4] == b"\x89PNG"


def test_kernels_of_signals_are_one_high_and_those_of_volumes_have_their_slices_below_each_other(models):
    row = filter_kernel(models["signals"], "conv", 2)
    np.testing.assert_array_equal(row.values[0], models["signals"].get_layer("conv").kernel[..., 2])
    assert row.words == "5 weights each; all 3 inputs: " + ", ".join(map(str, row.order))
    assert not row.is_colour
    both = filter_kernel(models["signals"], "separable", 1)
    layer = models["signals"].get_layer("separable")
    deep, wide = np.asarray(layer.depthwise_kernel)[..., 0], np.asarray(layer.pointwise_kernel)[0, :, 1]
    np.testing.assert_allclose(both.values[0], deep * wide, rtol=1e-5)
    stack = filter_kernel(models["volumes"], "conv", 1)
    kernel = np.asarray(models["volumes"].get_layer("conv").kernel)
    np.testing.assert_array_equal(stack.values.reshape(3, 3, 2, 2), kernel[..., 1])
    assert stack.words.startswith("3 slices of 3 x 2 weights each; all 2 inputs:")
    frames = filter_kernel(models["video"], "frames", 0)
    assert frames.is_colour


def test_a_filter_is_left_out_of_a_model_of_signals(models):
    given = examples("signals", 3)
    found = ablate(models["signals"], "conv", 1, given)
    copy = keras.models.clone_model(models["signals"])
    copy.set_weights(models["signals"].get_weights())
    kernel, bias = (np.array(each) for each in copy.get_layer("conv").get_weights())
    kernel[..., 1], bias[1] = 0, 0
    copy.get_layer("conv").set_weights([kernel, bias])
    logits = np.asarray(copy(given))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(found.after, powers / powers.sum(1, keepdims=True), rtol=1e-4)


def test_what_excites_a_filter_in_a_signal_starts_at_the_signal(models):
    (given,) = examples("signals", 1)
    found = accentuate(models["signals"], "conv", 1, given, iterations=4, jitter=0)
    expected = float(plain(models["signals"], "conv", given[None])[..., 1].mean())
    assert found.activations[0] == pytest.approx(expected, rel=1e-3)
    assert found.activations[-1] > found.activations[0]


def test_neighbours_of_a_row_of_convolutions_are_the_sums_of_their_weights():
    model = keras.Sequential(
        [
            keras.Input((9, 2)),
            keras.layers.Conv1D(3, 3, name="one"),
            keras.layers.ReLU(),
            keras.layers.Conv1D(2, 1, name="two"),
        ]
    )
    found = neighbours(model, "two", 1).previous
    kernel = np.asarray(model.get_layer("two").kernel)[0, :, 1]
    assert {each.filter: pytest.approx(each.weight, rel=1e-5) for each in found} == dict(enumerate(kernel.tolist()))


def test_pictures_say_what_they_are_of(models):
    signal = visualize_filter(models["signals"], "conv", 0, iterations=1)
    assert repr(signal) == "FilterPicture: conv, filter 0, 60 steps"
    assert signal.image.shape == (240, 480, 3)
    assert signal.span == (
        29,
        34,
    )  # of position 15 of 30, two steps apart, in a field of five that begins one step before
    volume = visualize_filter(models["volumes"], "conv", 0, iterations=1)
    assert repr(volume) == "FilterPicture: conv, filter 0, 8 slices of 12 x 10 pixels"
    assert volume.image.shape == (8 * 12, 10, 3)
    assert "red and green" in volume.note
    assert volume.values.shape == (8, 12, 10, 2)
    np.testing.assert_array_equal(volume.values[3], volume.raw[..., 6:8])
    for picture in (signal, volume):
        (axes, _) = picture.plot().axes
        assert axes.has_data()
        again = type(picture.description).from_json(picture.description.to_json())
        assert again == picture.description


def test_three_channels_of_a_signal_are_no_colours(models):
    """In Fourier coefficients colours are made independent of each other; a signal's channels are so already."""
    from filterviz_widget.ascent.parameterization import Fourier
    from filterviz_widget.description.data import Data

    def axes(shape, data):
        found = Fourier(shape, (0.0, 1.0), data)
        return np.asarray(found._to_colours)

    assert not np.allclose(axes((8, 8, 3), Data()), np.eye(3))
    np.testing.assert_array_equal(axes((1, 8, 3), Data("signal")), np.eye(3))
    np.testing.assert_array_equal(axes((8, 8, 3), Data("volume", 3)), np.eye(3))
    frames = axes((8, 8, 6), Data("volume", 2))
    np.testing.assert_array_equal(frames[:3, :3], axes((8, 8, 3), Data()))
    assert not frames[:3, 3:].any()


def test_the_same_engine_serves_a_signal_of_another_length():
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.Conv1D(2, 3, name="conv")])
    assert engine_of(model).view.image_shape == (1, 256, 1)
    picture = visualize_filter(model, "conv", 0, image_size=3000, iterations=2)
    assert picture.values.shape == (3000, 1)
