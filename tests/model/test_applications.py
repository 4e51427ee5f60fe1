"""One small member of each family of keras.applications; scripts/check_applications.py runs them all, at full size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.model import read_model

FAMILIES = {
    "ConvNeXtTiny": (32, (0, 255)),
    "DenseNet121": (32, (0, 1)),
    "EfficientNetB0": (32, (0, 255)),
    "EfficientNetV2B0": (32, (0, 255)),
    "InceptionResNetV2": (75, (0, 1)),
    "InceptionV3": (75, (0, 1)),
    "MobileNet": (32, (0, 1)),
    "MobileNetV2": (32, (0, 1)),
    "MobileNetV3Small": (32, (0, 255)),
    "NASNetMobile": (32, (0, 1)),
    "ResNet50": (32, (0, 1)),
    "ResNet50V2": (32, (0, 1)),
    "VGG16": (32, (0, 1)),
    "Xception": (71, (0, 1)),
}
"""The smallest image that each permits, and the range that its layers say, or the assumed one."""


@pytest.fixture(autouse=True)
def quick_to_start():
    """Each function runs once here, so optimising its graph would take longer than running it."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.mark.parametrize("name", FAMILIES)
def test_first_middle_and_last_convolution_can_be_climbed(name):
    size, input_range = FAMILIES[name]
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(size, size, 3))
    view = read_model(model)
    assert view.input_range == pytest.approx(input_range)
    convolutions = [info.name for info in view.layers if info.recommended]
    kinds = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")
    assert sorted(name.rpartition("/")[2] for name in convolutions) == sorted(
        layer.name for layer in model._flatten_layers() if type(layer).__name__ in kinds
    )
    low, high = view.input_range
    images = tf.constant(np.random.default_rng(0).uniform(low, high, (1, size, size, 3)), tf.float32)
    picked = (convolutions[0], convolutions[len(convolutions) // 2], convolutions[-1])
    reference = keras.Model(model.input, model.get_layer(picked[-1]).output)

    # One function for the three: tracing is what takes the time.
    @tf.function
    def climbed(images):
        slopes, outputs = [], []
        for layer in picked:
            with tf.GradientTape() as tape:
                tape.watch(images)
                outputs.append(view.cut(layer)(images))
            slopes.append(tape.gradient(outputs[-1], images))
        return outputs, slopes

    outputs, slopes = climbed(images)
    expected = reference(images, training=False)
    np.testing.assert_allclose(outputs[-1], expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())
    for slope in slopes:
        assert np.isfinite(slope).all()
        assert np.abs(slope).max() > 0
