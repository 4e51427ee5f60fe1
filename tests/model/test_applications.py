"""One small member of each family of keras.applications; scripts/check_applications.py runs them all, at full size."""

import inspect
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.model.preprocess import published_mode


def published(function):
    """What Keras itself does before that architecture: told by what it makes of black."""
    black = sys.modules[function.__module__].preprocess_input(np.zeros((1, 1, 1, 3), np.float32))
    return {-104: "caffe", -1: "tf", -2: "torch", 0: None}[round(float(black[0, 0, 0, 0]))]


def test_what_published_weights_expect_is_known_from_the_models_name():
    known = {}
    for function in filter(inspect.isfunction, vars(keras.applications).values()):
        name = inspect.signature(function).parameters["name"].default
        if name is not None:  # MobileNet and MobileNetV2 are named by their size, see below
            assert published_mode(name) == published(function), name
            known[name] = published(function)
    assert {"vgg19": "caffe", "densenet201": "torch", "xception": "tf", "convnext_base": None}.items() <= known.items()


def test_input_range_and_published_mode_are_those_of_the_family(application):
    assert application.view.input_range == pytest.approx(application.input_range)
    assert published_mode(application.model.name) == published(getattr(keras.applications, application.name))


def test_first_middle_and_last_convolution_can_be_climbed(application):
    model, view = application.model, application.view
    convolutions = [info.name for info in view.layers if info.recommended]
    kinds = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")
    assert sorted(name.rpartition("/")[2] for name in convolutions) == sorted(
        layer.name for layer in model._flatten_layers() if type(layer).__name__ in kinds
    )
    # Not traced: that takes longest, and tests/twin/test_families.py does it with the same layers.
    for layer in (convolutions[0], convolutions[len(convolutions) // 2], convolutions[-1]):
        with tf.GradientTape() as tape:
            tape.watch(application.images)
            output = view.cut(layer)(application.images)
        slope = tape.gradient(output, application.images)
        assert np.isfinite(slope).all()
        assert np.abs(slope).max() > 0
    expected = keras.Model(model.input, model.get_layer(layer).output)(application.images, training=False)
    np.testing.assert_allclose(output, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())
