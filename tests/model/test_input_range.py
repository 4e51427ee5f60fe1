"""The input range: given, read from what the image passes first, or assumed and said so."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.src.applications import imagenet_utils

from filterviz_widget.model import read_model
from filterviz_widget.model.preprocess import published_mode

IMAGENET_MEAN, IMAGENET_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def behind(*first, channels=3):
    return keras.Sequential([keras.Input((8, 8, channels)), *first, layers.Conv2D(2, 3)])


def normalization(mean, std, name="n"):
    return layers.Normalization(mean=list(mean), variance=[value**2 for value in std], name=name)


@pytest.mark.parametrize(
    ("first", "low", "high"),
    [
        ([layers.Rescaling(1 / 255, name="n")], 0, 255),
        ([layers.Rescaling(1 / 127.5, -1, name="n")], 0, 255),
        ([layers.Rescaling(1 / 128, -1, name="n")], 0, 255),  # EfficientNetV2S
        ([layers.Rescaling(2, -1, name="n")], 0, 1),
        ([layers.Rescaling(0.5, 0.5, name="n")], -1, 1),
        ([layers.Rescaling(255, name="n")], 0, 1),
        ([layers.Rescaling(1 / 65535, name="n")], 0, 65535),
        ([layers.Rescaling(1 / (255 * IMAGENET_STD), -IMAGENET_MEAN / IMAGENET_STD, name="n")], 0, 255),
        ([normalization(255 * IMAGENET_MEAN, 255 * IMAGENET_STD)], 0, 255),  # ConvNeXt
        ([normalization(IMAGENET_MEAN, IMAGENET_STD)], 0, 1),
        ([normalization([0.0, 0.5, 1.0], [1.0, 2.0, 1.0])], -4.5, 5.5),  # mean +- 2.5 deviations
        ([layers.RandomFlip(), layers.ZeroPadding2D(1), layers.Rescaling(1 / 255, name="n")], 0, 255),
        ([layers.Rescaling(1.0), layers.Rescaling(1 / 255, name="n")], 0, 255),
        ([layers.Rescaling(1 / 255, name="n"), normalization(IMAGENET_MEAN, IMAGENET_STD, "m")], 0, 255),
    ],
)
def test_a_leading_layer_says_the_range(first, low, high):
    view = read_model(behind(*first))
    assert view.input_range == pytest.approx((low, high), rel=1e-4)
    assert view.input_range_source == f"read from the {type(view_layer(first)).__name__} layer 'n'"


def view_layer(first):
    return next(layer for layer in first if layer.name == "n")


def test_a_leading_layer_in_a_nested_model_says_the_range():
    augment = keras.Sequential([keras.Input((8, 8, 3)), layers.RandomFlip()])
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, behind(layers.Rescaling(1 / 255, name="r"))(augment(image)))
    view = read_model(model)
    assert view.input_range == (0, 255)
    assert view.input_range_source == f"read from the Rescaling layer '{model.layers[-1].name}/r'"


@pytest.mark.parametrize(
    "preprocess_input",
    [
        keras.applications.vgg16.preprocess_input,
        keras.applications.mobilenet_v2.preprocess_input,
        keras.applications.densenet.preprocess_input,
    ],
    ids=["caffe", "tf", "torch"],
)
def test_arithmetic_says_the_range_in_the_graph_and_as_a_function(preprocess_input):
    image = keras.Input((8, 8, 3))
    view = read_model(keras.Model(image, layers.Conv2D(2, 3)(preprocess_input(image))))
    assert view.input_range == (0, 255)
    assert view.input_range_source == "read from the arithmetic before the first layer"
    view = read_model(behind(), preprocess=preprocess_input)
    assert view.input_range == (0, 255)
    assert view.input_range_source == "read from preprocess"


@pytest.mark.parametrize(
    "first",
    [(), (layers.Conv2D(3, 3), layers.Rescaling(1 / 255)), (layers.Normalization(mean=[0.0] * 3, variance=[1.0] * 3),)],
)
def test_where_nothing_says_the_range_is_assumed_and_the_view_says_so(first):
    view = read_model(behind(*first))
    assert view.input_range == (0, 1)
    assert view.input_range_source == "assumed, nothing in the model says"


def test_a_given_range_stands():
    view = read_model(behind(layers.Rescaling(1 / 255)), input_range=(-3, 7))
    assert (view.input_range, view.input_range_source) == ((-3, 7), "given")


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocessing_by_name_is_that_of_keras_applications(mode):
    image = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    model = behind()
    view = read_model(model, preprocess=mode)
    expected = model(imagenet_utils.preprocess_input(image.copy(), mode=mode, data_format="channels_last"))
    np.testing.assert_allclose(view.cut(model.layers[0].name)(image), expected, rtol=1e-4, atol=1e-3)
    assert (view.input_range, view.input_range_source) == ((0, 255), f"set by preprocess={mode!r}")


@pytest.mark.parametrize(
    ("preprocess", "channels", "error", "message"),
    [
        ("cafe", 3, ValueError, 'preprocess must be "caffe", "tf", "torch" or a function, got \'cafe\''),
        (3, 3, TypeError, "or a function, got 3"),
        ("caffe", 1, ValueError, r"is for RGB images, but the model's image has 1 channel\(s\)"),
        (
            lambda x: x @ tf.zeros((5, 5)),
            3,
            ValueError,
            r"preprocess failed on a float32 image of shape \(1, 8, 8, 3\)",
        ),
        (lambda x: x[..., :1], 3, ValueError, r"must return a tensor \(batch, height, width, 3\), got \(1, 8, 8, 1\)"),
        (lambda x: x.numpy(), 3, ValueError, "must return a tensor"),
        (lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32), 3, ValueError, "preprocess has no gradient"),
    ],
)
def test_a_preprocessing_that_cannot_work_is_refused(preprocess, channels, error, message):
    with pytest.raises(error, match=message):
        read_model(behind(channels=channels), preprocess=preprocess)


@pytest.mark.parametrize("wanted", [(1, 0), (0, float("inf")), (1,), "wide", None, 3])
def test_a_range_that_is_none_is_refused(wanted):
    with pytest.raises(ValueError, match="input_range must be"):
        read_model(behind(), input_range=wanted)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("vgg16", "caffe"),
        ("resnet50", "caffe"),
        ("resnet50v2", "tf"),
        ("mobilenetv2_1.00_224", "tf"),
        ("NASNet", "tf"),
        ("densenet121", "torch"),
    ],
)
def test_where_the_range_is_assumed_a_published_model_is_recognised_by_its_name(name, mode):
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)], name=name)
    assert published_mode(inner.name) == mode
    view = read_model(keras.Sequential([keras.Input((8, 8, 3)), inner, layers.Flatten()]))
    assert view.input_range_source == (
        f'assumed, nothing in the model says; with its published weights, {name} takes preprocess="{mode}"'
    )
    assert read_model(inner, preprocess=mode).input_range == (0, 255)
