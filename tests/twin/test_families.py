"""The twin equals the model: one small member of each family of keras.applications, with statistics of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.twin.networks import twin_of

pytestmark = pytest.mark.usefixtures("quick_to_start")


def test_a_twin_has_the_feature_maps_and_the_gradients_of_the_model(application):
    model, view, images = application.model, application.view, application.images
    names = [info.name for info in view.layers]
    picked = (names[len(names) // 2], names[-1])
    twins = [twin_of(view, layer) for layer in picked]

    @tf.function(autograph=False)
    def twins_with_slope(images):
        maps = [twin(images) for twin in twins]
        return maps, tf.gradients(weighted_mean(maps[-1]), images)[0]

    made, slope = twins_with_slope(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        expected = keras.Model(model.input, [model.get_layer(layer).output for layer in picked])(images, training=False)
        value = weighted_mean(expected[-1])
    expected_slope = tape.gradient(value, images)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
    # By its length, because a value that is rounded across a ReLU's corner turns the gradient at its place around.
    assert np.linalg.norm(slope - expected_slope) < 1e-2 * np.linalg.norm(expected_slope)


def weighted_mean(maps):
    """A mean in which no filter is left out."""
    weights = tf.cos(tf.range(maps.shape[-1], dtype=tf.float32))
    return tf.reduce_mean(tf.cast(maps, tf.float32) * weights)
