"""The twin equals the model: one small member of each family of keras.applications, with statistics of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.model import read_model
from tests.model.test_applications import FAMILIES, quick_to_start  # noqa: F401  # a fixture
from tests.twin.networks import twin_of, with_statistics


@pytest.mark.parametrize("name", FAMILIES)
def test_a_twin_has_the_feature_maps_and_the_gradients_of_the_model(name):
    size, input_range = FAMILIES[name]
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(size, size, 3))
    with_statistics(model)
    view = read_model(model)
    images = tf.constant(np.random.default_rng(0).uniform(*input_range, (1, size, size, 3)), tf.float32)
    names = [info.name for info in view.layers]
    picked = (names[len(names) // 2], names[-1])
    reference = keras.Model(model.input, [model.get_layer(layer).output for layer in picked])
    twins = [twin_of(view, layer) for layer in picked]

    @tf.function(autograph=False)
    def both(images):
        return [
            _with_slope(features, images)
            for features in (lambda x: [twin(x) for twin in twins], lambda x: reference(x, training=False))
        ]

    (made, slope), (expected, expected_slope) = both(images)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
    # By its length, because a value that is rounded across a ReLU's corner turns the gradient at its place around.
    assert np.linalg.norm(slope - expected_slope) < 1e-2 * np.linalg.norm(expected_slope)


def _with_slope(features, images):
    """The feature maps, and the gradient of a weighted mean of the last ones, in which no filter is left out."""
    maps = features(images)
    weights = tf.cos(tf.range(maps[-1].shape[-1], dtype=tf.float32))
    value = tf.reduce_mean(tf.cast(maps[-1], tf.float32) * weights)
    return maps, tf.gradients(value, images)[0]
