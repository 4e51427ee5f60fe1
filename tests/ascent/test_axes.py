"""Each axis of the method against arithmetic of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.ascent import Ascent, Numbers, one_hot, start_images
from filterviz_widget.ascent.colour import colour_axes
from filterviz_widget.ascent.objective import activation, likeness
from filterviz_widget.ascent.parameterization import Fourier, Phase
from filterviz_widget.ascent.regularizer import pull
from filterviz_widget.ascent.transformation import blur, move
from filterviz_widget.ascent.update import adam
from filterviz_widget.demo import flowers
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS
from tests.networks import SIZE, small_network

SHAPE = (SIZE, SIZE, 3)


@pytest.fixture(scope="module")
def features():
    network = small_network()
    cut = keras.Model(network.inputs, network.get_layer("second").output)
    return lambda images: cut(images, training=False)


def amounts(**options):
    return Numbers.of(Method(**options), 1.0)


def ascend(features, method, filters=(3,), seeds=(0,), step_size=2.0, iterations=10, shape=SHAPE):
    ascent = Ascent(features, shape, method=method)
    weights = one_hot(filters, 8)
    chunk = ascent.advance(ascent.start(seeds), weights, Numbers.of(method, step_size), iterations)
    return chunk, ascent.measure(chunk.state, weights, Numbers.of(method, step_size)).activations.numpy()


# Objective


def test_each_objective_is_the_number_it_says():
    maps = np.random.default_rng(0).normal(size=(2, 5, 7, 4)).astype(np.float32)
    weights = np.array([[0, 1, 0, 0], [0.5, 0, -2, 0]], np.float32)
    means = maps.mean(axis=(1, 2))
    np.testing.assert_allclose(activation(maps, weights, "mean"), (weights * means).sum(1), rtol=1e-5)
    np.testing.assert_allclose(activation(maps, weights, "center"), (weights * maps[:, 2, 3]).sum(1), rtol=1e-5)
    energy = (maps**2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(activation(maps, np.full((2, 4), 0.25, np.float32), "layer"), energy, rtol=1e-5)
    units = maps[:, 0, 0]
    np.testing.assert_allclose(activation(units, weights, "mean"), (weights * units).sum(1), rtol=1e-5)


def test_a_filter_that_overflows_does_not_spoil_its_neighbours():
    maps = np.array([[[[np.inf, 2.0]]]], np.float32)
    assert activation(maps, one_hot([1], 2), "mean").numpy().tolist() == [2.0]


def test_half_precision_maps_are_averaged_in_single_precision():
    maps = tf.fill((1, 64, 64, 1), tf.constant(60_000, tf.float16))
    assert float(activation(maps, one_hot([0], 1), "mean")[0]) == 60_000


def test_the_sign_decides_between_what_excites_and_what_inhibits(features):
    up, excited = ascend(features, Method(sign=1))
    down, inhibited = ascend(features, Method(sign=-1))
    assert float(up.activations[0, 0]) == float(down.activations[0, 0]), "the curve is the activation, not its negative"
    assert excited[0] > up.activations[0, 0] > inhibited[0]


def test_likeness_is_one_for_equal_images_and_nothing_for_one_alone():
    maps = tf.random.stateless_normal((1, 6, 6, 3), (1, 2))
    np.testing.assert_allclose(likeness(tf.repeat(maps, 3, axis=0)), [1, 1, 1], rtol=1e-5)
    assert likeness(maps).numpy().tolist() == [0]


def test_diversity_makes_the_pictures_of_a_batch_less_alike(features):
    alone, _ = ascend(features, Method(), filters=[3] * 3, seeds=[0, 1, 2], iterations=30)
    apart, _ = ascend(features, Method(diversity=2.0), filters=[3] * 3, seeds=[0, 1, 2], iterations=30)
    mean_likeness = [float(tf.reduce_mean(likeness(features(chunk.images)))) for chunk in (alone, apart)]
    assert mean_likeness[1] < mean_likeness[0] - 0.01


# Parameterization


@pytest.mark.parametrize("shape", [(16, 16, 3), (15, 22, 1), (9, 9, 5)])
def test_fourier_images_lie_in_the_range_and_encode_undoes_decode(shape):
    fourier = Fourier(shape, (-3.0, 5.0))
    images = fourier.decode(fourier.start([0, 1]) * 40)
    assert images.shape == (2, *shape)
    assert -3 < images.numpy().min() < 0.9
    assert 1.1 < images.numpy().max() < 5
    np.testing.assert_allclose(fourier.decode(fourier.encode(images)), images, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 64, 2), (64, 1, 3), (12, 12, 3)])
def test_a_batch_is_decoded_as_each_alone(shape):
    """oneDNN in TensorFlow 2.21 writes beyond the end of a batch of rows that are multiplied with a matrix."""
    fourier = Fourier(shape, (0, 1))
    parameters = fourier.start([1, 2, 3])
    alone = tf.concat([fourier.decode(each[None]) for each in parameters], 0)
    together = fourier.decode(parameters)
    assert together.numpy() == pytest.approx(alone.numpy(), abs=1e-5)
    coefficients = tf.concat([fourier.encode(each[None]) for each in together], 0)
    assert fourier.encode(together).numpy() == pytest.approx(coefficients.numpy(), abs=1e-4)


def test_coefficients_of_variance_one_make_an_image_of_variance_one():
    fourier = Fourier((64, 48, 1), (0.0, 1.0))
    parameters = 0.01 * tf.random.stateless_normal((40, 2, 1, 64, 25), (3, 4))
    assert fourier.decode(parameters).numpy().std() == pytest.approx(0.01, rel=0.1)


def test_a_fourier_image_has_the_spectrum_of_photographs():
    fourier = Fourier((64, 64, 1), (0.0, 1.0))
    images = fourier.decode(fourier.start(range(30))).numpy()[..., 0]
    spectrum = np.abs(np.fft.rfft2(images - images.mean())).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64))
    middle = (frequency > 0.04) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[middle]), np.log(spectrum[middle]), 1)[0]
    assert slope == pytest.approx(-1, abs=0.1)  # Field 1987


def test_phase_changes_leave_the_magnitudes_as_they_were():
    phase = Phase((32, 32, 1), (0.0, 1.0))
    spectra = []
    for seed in (0, 1):
        share = phase.decode(phase.start([seed])).numpy()[0, :, :, 0]
        spectra.append(np.abs(np.fft.rfft2(np.log(share / (1 - share)))))
    inner = (slice(None), slice(1, 16))  # the first and last column hold redundant halves
    np.testing.assert_allclose(spectra[0][inner], spectra[1][inner], rtol=1e-2)


def test_the_colour_axes_carry_the_correlations_of_the_flowers():
    images, _ = flowers(68, seed=3)
    covariance = np.cov(images.reshape(-1, 3).T)
    axes = colour_axes()
    made = axes.T @ axes
    np.testing.assert_allclose(made / np.trace(made), covariance / np.trace(covariance), atol=0.03)
    assert np.trace(made) == pytest.approx(3)


# Transformation


def test_no_amount_is_no_transformation():
    images = start_images([0, 1], SHAPE)
    seeds, iteration = tf.constant([0, 1]), tf.constant(3)
    np.testing.assert_allclose(move(images, amounts(), seeds, iteration), images, atol=1e-6)
    np.testing.assert_allclose(blur(images, amounts(), seeds, iteration), images, atol=1e-6)


def test_jitter_shifts_by_whole_pixels_up_to_its_amount():
    images = start_images([0], (24, 24, 3))
    shifts = set()
    for iteration in range(30):
        moved = move(images, amounts(jitter=3.0), tf.constant([5]), tf.constant(iteration)).numpy()[0, 8:16, 8:16]
        found = [
            (dy, dx)
            for dy in range(-4, 5)
            for dx in range(-4, 5)
            if np.allclose(moved, images[0, 8 + dy : 16 + dy, 8 + dx : 16 + dx], atol=1e-6)
        ]
        assert len(found) == 1
        shifts.update(found)
    assert max(max(map(abs, shift)) for shift in shifts) == 3
    assert len(shifts) > 15


def test_a_rotation_turns_about_the_centre_and_stays_below_its_amount():
    ramp = np.broadcast_to(np.arange(21, dtype=np.float32)[None, None, :, None], (1, 21, 21, 1))
    angles = []
    for iteration in range(40):
        turned = move(tf.constant(ramp), amounts(rotation=20.0), tf.constant([0]), tf.constant(iteration)).numpy()[
            0, :, :, 0
        ]
        assert turned[10, 10] == pytest.approx(10, abs=1e-3)
        angles.append(np.degrees(np.arctan2(turned[11, 10] - turned[9, 10], turned[10, 11] - turned[10, 9])))
    assert 15 < max(np.abs(angles)) <= 20.01
    assert min(angles) < 0 < max(angles)


def test_a_blur_keeps_the_mean_and_flattens():
    images = start_images([0], SHAPE)
    for iteration in range(5):
        blurred = blur(images, amounts(blur=4.0), tf.constant([0]), tf.constant(iteration)).numpy()
        assert blurred.std() < images.numpy().std()
    flat = tf.fill((1, *SHAPE), 0.3)
    np.testing.assert_allclose(blur(flat, amounts(blur=4.0), tf.constant([0]), tf.constant(1)), flat, atol=1e-6)


def test_transformations_depend_on_seed_and_iteration_alone():
    image, given = start_images([0], SHAPE), amounts(jitter=5.0, scale=0.2, rotation=30.0, blur=1.0)
    both = tf.repeat(image, 2, axis=0)
    for transformation in (move, blur):
        first = transformation(both, given, tf.constant([1, 2]), tf.constant(7)).numpy()
        alone = transformation(image, given, tf.constant([2]), tf.constant(7)).numpy()
        np.testing.assert_allclose(alone[0], first[1], atol=1e-6)
        assert not np.allclose(first[0], first[1])
        assert not np.allclose(alone, transformation(image, given, tf.constant([2]), tf.constant(8)))


def test_transformations_are_never_baked_into_the_image(features):
    method = Method(jitter=6.0, scale=0.1, rotation=10.0, blur=1.0)
    chunk, _ = ascend(features, method, step_size=0.0, iterations=50)
    assert np.array_equal(chunk.images, start_images([0], SHAPE))
    assert len(set(chunk.activations[:, 0].numpy().tolist())) == 50, "the model saw fifty different images"


# Regularizer


def test_the_pull_is_the_gradient_of_the_penalties():
    contrast = np.random.default_rng(0).normal(0, 0.2, (1, 5, 4, 2))
    l2, variation = 0.7, 0.3

    def penalty(image):
        smooth = lambda difference: np.sqrt(difference**2 + (1 / 255) ** 2)  # noqa: E731
        differences = smooth(np.diff(image, axis=1)).sum() + smooth(np.diff(image, axis=2)).sum()
        return l2 * (image**2).sum() + variation * differences

    expected = np.zeros_like(contrast)
    for place in np.ndindex(contrast.shape):
        step = np.zeros_like(contrast)
        step[place] = 1e-6
        expected[place] = (penalty(contrast + step) - penalty(contrast - step)) / 2e-6
    found = pull(tf.constant(contrast, tf.float32), amounts(l2=l2, total_variation=variation))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_pull_on_a_pixel_does_not_grow_with_the_image():
    tile = np.random.default_rng(0).normal(0, 0.2, (1, 8, 8, 3)).astype(np.float32)
    given = amounts(l2=1.0, total_variation=1.0)
    small = pull(tf.constant(tile), given).numpy()
    large = pull(tf.constant(np.tile(tile, (1, 4, 4, 1))), given).numpy()
    np.testing.assert_allclose(large[0, 9:15, 9:15], small[0, 1:7, 1:7], atol=1e-6)


def test_total_variation_smooths_and_l2_fades(features):
    plain, _ = ascend(features, Method(), iterations=40)
    smooth, _ = ascend(features, Method(total_variation=0.5), iterations=40)
    faded, _ = ascend(features, Method(l2=10.0), iterations=40)

    def roughness(chunk):
        image = chunk.images.numpy()
        return np.abs(np.diff(image, axis=1)).mean() / image.std()

    assert roughness(smooth) < roughness(plain)
    assert faded.images.numpy().std() < plain.images.numpy().std()


# Update


def test_adam_equals_the_optimizer_of_keras():
    gradients = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)
    variable = keras.Variable(np.zeros((2, 3), np.float32))
    optimizer = keras.optimizers.Adam(0.1, epsilon=1e-8)
    optimizer.build([variable])
    slots, place = (tf.zeros((2, 3)), tf.zeros((2, 3))), tf.zeros((2, 3))
    for time, gradient in enumerate(gradients):
        optimizer.apply([-gradient])
        step, slots = adam(tf.constant(gradient), slots, tf.constant(time))
        place += 0.1 * step
    np.testing.assert_allclose(place, variable.numpy(), atol=1e-5)


def test_the_scale_of_one_filter_does_not_set_anothers_step():
    def loud_and_quiet(images):
        mean = tf.reduce_mean(images * tf.range(1.0, SIZE + 1)[:, None, None], axis=-1, keepdims=True)
        return tf.concat([mean * 1e6, mean], axis=-1)

    for method in (Method(), Method(update="adam"), Method(parameterization="fourier")):
        ascent = Ascent(loud_and_quiet, SHAPE, method=method)
        chunk = ascent.advance(ascent.start([0, 0]), one_hot([0, 1], 2), Numbers.of(method, 1.0), 5)
        np.testing.assert_allclose(chunk.images[0], chunk.images[1], atol=1e-4)


# All together


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_raises_the_activation_in_one_trace_whatever_the_numbers(features, name):
    method, step_size, *_ = PRESETS[name]
    ascent = Ascent(features, SHAPE, method=method)
    weights = one_hot([3], 8)
    for factor in (1.0, 0.5, 0.25):
        changed = {axis: factor * getattr(method, axis) for axis in ("jitter", "scale", "rotation")}
        numbers = Numbers.of(method.replaced(**changed), step_size * factor)
        chunk = ascent.advance(ascent.start([1]), weights, numbers, 25)
        before = ascent.measure(ascent.start([1]), weights, numbers).activations
        assert ascent.measure(chunk.state, weights, numbers).activations[0] > before[0]
        assert np.isfinite(chunk.images).all()
    assert ascent.trace_count == 1


def test_a_method_continues_exactly_after_a_chunk(features):
    method = Method(
        parameterization="fourier",
        update="adam",
        jitter=3.0,
        scale=0.1,
        rotation=9.0,
        blur=1.0,
        total_variation=0.1,
        l2=0.1,
    )
    ascent, weights, numbers = Ascent(features, SHAPE, method=method), one_hot([2], 8), Numbers.of(method, 2.0)
    whole = ascent.advance(ascent.start([4]), weights, numbers, 20)
    part = ascent.advance(ascent.start([4]), weights, numbers, 7)
    rest = ascent.advance(part.state, weights, numbers, 13)
    assert rest.images.numpy().tobytes() == whole.images.numpy().tobytes()
