"""Signals and volumes of the user's own, and what is drawn of them."""

import numpy as np
import pytest

from filterviz_widget.description.data import Data
from filterviz_widget.images import Format, PhotoSet, as_given, read_photo
from filterviz_widget.images.signal import COLOURS, PAPER, drawn

SIGNAL = Format(1, 20, 2, (-1.0, 1.0), Data("signal"))
VOLUME = Format(6, 8, 4, (0.0, 1.0), Data("volume", 4))
RNG = np.random.default_rng(0)


def test_a_signal_is_taken_as_it_is():
    given = RNG.uniform(-1, 1, (20, 2))
    photo = read_photo(given, SIGNAL)
    np.testing.assert_array_equal(photo.pixels, given.astype(np.float32)[None])
    assert (photo.note, photo.shown.shape) == ("", (240, 480, 3))
    np.testing.assert_array_equal(as_given(photo.pixels, SIGNAL), given.astype(np.float32))


def test_of_a_longer_signal_the_middle_is_taken_and_said():
    given = np.arange(60, dtype=np.float32).reshape(30, 2) / 60
    photo = read_photo(given, SIGNAL)
    np.testing.assert_array_equal(photo.pixels[0], given[5:25])
    assert photo.note == "The middle 20 of 30 steps."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            np.zeros((19, 2)),
            r"takes \(20, 2\): expected a signal of 20 steps or more in 2 channels, got shape \(19, 2\)",
        ),
        (np.zeros((20, 3)), r"got shape \(20, 3\)"),
        (np.full((20, 2), np.nan), "must be finite numbers"),
        (np.full((20, 2), "a"), "must be numbers"),
    ],
)
def test_what_is_no_such_signal_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        read_photo(given, SIGNAL)
    with pytest.raises(TypeError, match="The model takes a signal: expected an array"):
        read_photo("ecg.png", SIGNAL)


def test_a_volume_is_gathered_into_one_image_and_shown_as_a_strip():
    given = RNG.uniform(0, 1, (4, 6, 8, 1)).astype(np.float32)
    photo = read_photo(given, VOLUME)
    for place in range(4):
        np.testing.assert_array_equal(photo.pixels[..., place], given[place, ..., 0])
    np.testing.assert_array_equal(photo.shown, np.rint(given.reshape(24, 8, 1) * 255))
    np.testing.assert_array_equal(as_given(photo.pixels, VOLUME), given)
    np.testing.assert_array_equal(read_photo(given[..., 0], VOLUME).pixels, photo.pixels)


def test_of_more_slices_evenly_spaced_ones_are_taken_and_bytes_are_spread():
    given = RNG.integers(0, 256, (7, 6, 8), np.uint8)
    photo = read_photo(given, VOLUME)
    assert photo.note == "4 of 7 slices, evenly spaced."
    np.testing.assert_allclose(photo.pixels[..., 1], given[2] / 255, atol=1e-6)
    with pytest.raises(ValueError, match=r"expected 4 slices or more of 1 channel, got shape \(3, 6, 8\)"):
        read_photo(given[:3], VOLUME)
    assert read_photo(RNG.uniform(0, 1, (4, 12, 16, 1)), VOLUME).pixels.shape == (6, 8, 4)


def test_sets_of_signals_and_volumes_are_read():
    signals = RNG.uniform(-1, 1, (5, 20, 2)).astype(np.float32)
    (batch,) = PhotoSet(signals, SIGNAL).batches(8)
    np.testing.assert_array_equal(batch.pixels[:, 0], signals)
    single = SIGNAL._replace(channels=1)
    (batch,) = PhotoSet(signals[..., 0], single).batches(8)
    np.testing.assert_array_equal(batch.pixels[:, 0, :, 0], signals[..., 0])
    volumes = RNG.uniform(0, 1, (3, 4, 6, 8, 1)).astype(np.float32)
    (batch,) = PhotoSet(volumes, VOLUME).batches(8)
    np.testing.assert_array_equal(batch.pixels[1, ..., 2], volumes[1, 2, ..., 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_dataset_of_signals_is_read_whether_it_is_batched_or_not(channels):
    import tensorflow as tf

    signals = RNG.uniform(-1, 1, (5, 20, channels)).astype(np.float32)
    format = SIGNAL._replace(channels=channels)
    for dataset in (tf.data.Dataset.from_tensor_slices(signals), tf.data.Dataset.from_tensor_slices(signals).batch(2)):
        found = np.concatenate([batch.pixels for batch in PhotoSet(dataset, format).batches(2)])
        np.testing.assert_array_equal(found[:, 0], signals)


def columns_of(picture, colour):
    """Where pixels of that colour are: the mean row of each column, NaN where there is none."""
    is_it = (picture == np.array(colour, np.uint8)).all(-1)
    rows = np.arange(picture.shape[0])[:, None]
    with np.errstate(invalid="ignore"):
        return (rows * is_it).sum(0) / is_it.sum(0)


def test_a_line_goes_up_where_the_signal_does_each_channel_in_its_lane():
    up = np.linspace(-1, 1, 100)
    picture = drawn(np.stack([up, -up], 1))
    first, second = columns_of(picture, COLOURS[0]), columns_of(picture, COLOURS[1])
    assert np.nanmax(first) < 120 < np.nanmin(second)
    assert first[40] > first[240] > first[440]
    assert second[40] < second[240] < second[440]
    assert abs(first[240] - 60) < 2
    assert picture[100, 5].tolist() == list(PAPER)


def test_of_a_long_signal_no_peak_is_lost():
    signal = np.zeros((100_000, 1))
    signal[70_003] = 1
    lit = (drawn(signal)[20:60] == np.array(COLOURS[0], np.uint8)).all(-1).any(0)
    assert abs(int(np.flatnonzero(lit)[0]) - 70_003 * 480 / 100_000) < 3


def test_many_channels_are_rows_of_an_image_blue_below_and_red_above():
    signal = np.zeros((100, 12))
    signal[:50, 3], signal[50:, 3] = 1, -1
    picture = drawn(signal).astype(int)
    row = picture[3 * 20 + 10]
    assert row[100, 0] - row[100, 2] > 100  # red
    assert row[400, 2] - row[400, 0] > 100  # blue
    assert np.ptp(picture[10], axis=0).max() == 0


def test_paper_is_yellow_where_steps_mattered():
    saliency = np.zeros(100)
    saliency[60:80] = 1
    picture = drawn(np.zeros((100, 1)), saliency).astype(int)
    assert picture[30, int(480 * 0.7), 2] < 170 < picture[30, int(480 * 0.3), 2]


def test_a_constant_signal_is_a_line_in_the_middle():
    assert abs(np.nanmean(columns_of(drawn(np.full((50, 1), 3.0)), COLOURS[0])) - 120) < 2
