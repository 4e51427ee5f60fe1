"""Ascents that start at a photo, against plain TensorFlow: the first steps, the penalty, chunks, batches, traces."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.ascent import Ascent, Numbers, one_hot
from filterviz_widget.ascent.parameterization import Phase
from filterviz_widget.ascent.regularizer import departure
from filterviz_widget.ascent.transformation import blur, move
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import ACCENTUATION
from tests.networks import SIZE, overflowing, small_network

SHAPE = (SIZE, SIZE, 3)
PHOTOS = np.random.default_rng(7).uniform(0.1, 0.9, (4, *SHAPE)).astype(np.float32)
ACCENTUATED = ACCENTUATION.method


@pytest.fixture(scope="module")
def cut():
    network = small_network()
    return keras.Model(network.inputs, network.get_layer("second").output)


def from_photo(cut, method):
    return Ascent(lambda images: cut(images, training=False), SHAPE, method=method, from_photo=True)


def ascend(cut, method, photos=PHOTOS[:1], filters=(3,), seeds=None, iterations=1, step_size=2.0):
    ascent = from_photo(cut, method)
    start = ascent.start(seeds or list(range(len(photos))), tf.constant(photos))
    return ascent.advance(start, one_hot(filters, 8), Numbers.of(method, step_size), iterations)


def gradient_of(function, image):
    with tf.GradientTape() as tape:
        x = tf.constant(image)
        tape.watch(x)
        value = function(x)
    return float(value), tape.gradient(value, x).numpy()


def unit(gradient):
    size = np.sqrt(np.mean(gradient.astype(np.float64) ** 2))
    return gradient / size if size else gradient


def by_hand(cut, photo, filter, steps, step_size, nearness, seen=lambda images, step: images):
    """The images after some steps, with plain GradientTapes on a plain keras.Model."""
    image, activations = photo, []
    for step in range(steps):
        there = cut(seen(tf.constant(photo), step))

        def excited(x, step=step):
            return tf.reduce_mean(cut(seen(x, step))[..., filter])

        def departed(x, step=step, there=there):
            return tf.reduce_mean((cut(seen(x, step)) - there) ** 2) / tf.reduce_mean(there**2)

        value, gradient = gradient_of(excited, image)
        left, away = gradient_of(departed, image)
        gradient = unit(gradient) - nearness * np.sqrt(left) * unit(away)
        image = np.float32(image + step_size / 255 * unit(gradient))
        activations.append(value)
    return image, activations


def distance(cut, images, photos):
    features, there = (np.asarray(cut(tf.constant(each))) for each in (images, photos))
    return np.sqrt(((features - there) ** 2).mean((1, 2, 3)) / (there**2).mean((1, 2, 3)))


def test_a_step_from_the_photo_goes_along_the_plain_gradient(cut):
    chunk = ascend(cut, Method(), filters=[4])
    expected, activations = by_hand(cut, PHOTOS[:1], 4, 1, 2.0, nearness=0)
    np.testing.assert_allclose(chunk.images, expected, atol=1e-6)
    np.testing.assert_allclose(chunk.activations[:, 0], activations, rtol=1e-5)


def test_the_pull_to_the_photo_is_that_of_the_penalty_by_hand(cut):
    method = Method(nearness=2.0)
    chunk = ascend(cut, method, filters=[4], iterations=6, step_size=5.0)
    expected, activations = by_hand(cut, PHOTOS[:1], 4, 6, 5.0, nearness=2.0)
    without, _ = by_hand(cut, PHOTOS[:1], 4, 6, 5.0, nearness=0)
    np.testing.assert_allclose(chunk.images, expected, atol=1e-4)
    np.testing.assert_allclose(chunk.activations[:, 0], activations, rtol=1e-4)
    assert np.abs(expected - without).max() > 0.01, "the pull has a say"


def test_the_photo_is_moved_and_blurred_just_as_the_image_is(cut):
    method, seed = Method(nearness=2.0, jitter=3.0, scale=0.1, rotation=10.0, blur=1.0), tf.constant([5])
    numbers = Numbers.of(method, 5.0)

    def seen(images, step):
        return blur(move(images, numbers, seed, tf.constant(step)), numbers, seed, tf.constant(step))

    chunk = ascend(cut, method, filters=[4], seeds=[5], iterations=4, step_size=5.0)
    expected, activations = by_hand(cut, PHOTOS[:1], 4, 4, 5.0, 2.0, seen)
    np.testing.assert_allclose(chunk.images, expected, atol=1e-4)
    np.testing.assert_allclose(chunk.activations[:, 0], activations, rtol=1e-4)


@pytest.mark.parametrize("method", [Method(), ACCENTUATED, Method(update="adam")])
def test_the_nearer_the_less_the_features_leave_those_of_the_photo(cut, method):
    ways = [
        ascend(cut, method.replaced(nearness=nearness), PHOTOS, [0, 2, 4, 6], iterations=60, step_size=1.0)
        for nearness in (0, 1, 4, 20)
    ]
    distances = [distance(cut, chunk.images, PHOTOS).mean() for chunk in ways]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < distances[0] / 3


def test_a_weight_balances_where_features_have_changed_by_its_inverse(cut):
    """Where the two gradients are opposite, nearness * distance is 1; elsewhere features leave less."""
    for nearness in (2, 4):
        chunk = ascend(cut, Method(nearness=nearness), PHOTOS, [0, 2, 4, 6], iterations=200, step_size=0.5)
        shares = nearness * distance(cut, chunk.images, PHOTOS)
        assert (shares < 1.1).all()
        assert shares.max() > 0.3


def test_the_curve_is_the_activation_and_no_penalty(cut):
    method = Method(nearness=50.0)
    ascent, filters = from_photo(cut, method), one_hot([3], 8)
    numbers = Numbers.of(method, 1.0)
    chunk = ascent.advance(ascent.start([0], tf.constant(PHOTOS[:1])), filters, numbers, 5)
    measured = ascent.measure(chunk.state, filters, numbers)
    for image, found in ((PHOTOS[:1], chunk.activations[0, 0]), (chunk.images, measured.activations[0])):
        assert float(found) == pytest.approx(float(np.mean(cut(tf.constant(image))[..., 3])), rel=1e-5)


def test_filters_and_photos_of_a_batch_do_not_influence_one_another(cut):
    filters, seeds = [1, 3, 3, 6], [4, 9, 9, 2]
    for method in (ACCENTUATED, Method(nearness=3.0, blur=1.0, total_variation=0.1)):
        ascent, numbers = from_photo(cut, method), Numbers.of(method, 2.0)

        def ascended(own, ascent=ascent, numbers=numbers):
            start = ascent.start(seeds[own], tf.constant(PHOTOS[own]))
            return ascent.advance(start, one_hot(filters[own], 8), numbers, 8)

        together = ascended(slice(0, 4))
        for place in range(4):
            alone = ascended(slice(place, place + 1))
            np.testing.assert_allclose(alone.images[0], together.images[place], atol=1e-4)
            np.testing.assert_allclose(alone.activations[:, 0], together.activations[:, place], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("parameterization", ["pixels", "fourier", "phase"])
def test_a_method_continues_exactly_after_a_chunk_and_anew(cut, parameterization):
    method = ACCENTUATED.replaced(parameterization=parameterization, update="adam", blur=0.5)
    ascent, filters, numbers = from_photo(cut, method), one_hot([2], 8), Numbers.of(method, 2.0)
    start = ascent.start([4], tf.constant(PHOTOS[:1]))
    whole = ascent.advance(start, filters, numbers, 20)
    part = ascent.advance(start, filters, numbers, 7)
    rest = ascent.advance(part.state, filters, numbers, 13)
    assert rest.images.numpy().tobytes() == whole.images.numpy().tobytes()
    assert rest.state.saliency[0].numpy().tobytes() == whole.state.saliency[0].numpy().tobytes()
    anew = ascend(cut, method, PHOTOS[:1], [2], [4], 20)
    assert anew.images.numpy().tobytes() == whole.images.numpy().tobytes()


def test_another_photo_is_no_reason_to_trace_again(cut):
    ascent, numbers = from_photo(cut, ACCENTUATED), Numbers.of(ACCENTUATED, 1.0)
    for place in range(4):
        ascent.advance(ascent.start([place], tf.constant(PHOTOS[place : place + 1])), one_hot([place], 8), numbers, 2)
    ascent.advance(ascent.start([0, 1], tf.constant(PHOTOS[:2])), one_hot([0, 5], 8), numbers, 2)
    assert ascent.trace_count == 1


@pytest.mark.parametrize("parameterization", ["pixels", "fourier", "phase"])
def test_it_starts_at_the_photo(cut, parameterization):
    method = Method(parameterization=parameterization, nearness=1.0)
    chunk = ascend(cut, method, PHOTOS, [0, 1, 2, 3], iterations=3, step_size=0.0)
    np.testing.assert_allclose(chunk.images, PHOTOS, atol=1e-4)


def test_phases_move_while_the_magnitudes_stay_those_of_the_photo(cut):
    def magnitudes(image):
        planes = (np.log(image / (1 - image)) @ np.linalg.inv(np.asarray(Phase(SHAPE, (0.0, 1.0))._to_colours))).T
        return np.abs(np.fft.rfft2(planes))[:, :, 1 : SIZE // 2]  # the other columns hold redundant halves

    chunk = ascend(cut, Method(parameterization="phase"), iterations=10, step_size=10.0)
    image = chunk.images[0].numpy()
    assert np.abs(image - PHOTOS[0]).mean() > 0.02
    np.testing.assert_allclose(magnitudes(image), magnitudes(PHOTOS[0]), rtol=2e-2, atol=1e-2)


def test_what_matters_is_summed_over_the_gradients_of_every_parameterization(cut):
    _, gradient = gradient_of(lambda x: tf.reduce_mean(cut(x)[..., 3]), PHOTOS[:1])
    expected = np.abs(unit(gradient)).mean(axis=3, keepdims=True)
    for parameterization in ("pixels", "fourier", "phase"):
        chunk = ascend(cut, Method(parameterization=parameterization), iterations=1)
        np.testing.assert_allclose(chunk.state.saliency[0], expected, rtol=1e-2, atol=1e-3)


def test_features_depart_by_a_share_of_the_photos_own():
    there = np.float32([[[[3.0, 4.0]]], [[[0.0, 0.0]]], [[[1.0, np.inf]]], [[[3e-25, 4e-25]]]])
    left = departure(tf.constant(there * 1.5), tf.constant(there)).numpy()
    assert left[[0, 3]] == pytest.approx(0.25)
    assert left[1] == 0, "a photo without features is nothing to be near to"
    assert departure(tf.constant(there + 1), tf.constant(there)).numpy()[1] == 0
    assert departure(tf.constant(there), tf.constant(there)).numpy()[:2].tolist() == [0, 0]
    assert departure(tf.constant([[2.0, 2.0]]), tf.constant([[1.0, 1.0]])).numpy() == pytest.approx(1), "units, too"


def test_where_another_filter_overflows_the_ascent_goes_on_without_the_pull():
    network = overflowing(3)
    spoilt = keras.Model(network.inputs, network.get_layer("second").output)
    assert not np.isfinite(spoilt(tf.constant(PHOTOS[:1]))).all()
    near, plain = (ascend(spoilt, Method(nearness=nearness), filters=[2], iterations=4) for nearness in (5, 0))
    assert float(near.activations[-1, 0]) > float(near.activations[0, 0])
    np.testing.assert_allclose(near.images, plain.images, atol=1e-5)


def test_without_a_photo_nothing_of_all_this_is_carried_along(cut):
    plain, near = (
        Ascent(lambda images: cut(images, training=False), SHAPE, method=Method(nearness=nearness))
        for nearness in (0.0, 5.0)
    )
    chunks = [
        each.advance(each.start([0]), one_hot([3], 8), Numbers.of(Method(nearness=5.0), 1.0), 5)
        for each in (plain, near)
    ]
    assert {(chunk.state.photo, chunk.state.saliency) for chunk in chunks} == {((), ())}
    np.testing.assert_allclose(chunks[0].images, chunks[1].images, atol=1e-6)
