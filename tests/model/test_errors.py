"""What cannot be shown is refused in words: what was given, what is expected, what to try."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from tests.model.networks import Subclassed


def sequential(*between, shape=(8, 8, 3), **options):
    return keras.Sequential([keras.Input(shape, **options), *between], name="mine")


class TwoArguments(keras.Model):
    def call(self, x, y):
        return x + y


def two_arguments():
    model = TwoArguments(name="mine")
    model(np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 3), np.float32))
    return model


class Decides(keras.Model):
    """A Python decision on numbers of the image, which no graph can hold."""

    def __init__(self):
        super().__init__(name="mine")
        self.conv = layers.Conv2D(2, 3)

    def call(self, x):
        return self.conv(x) if float(tf.reduce_mean(x).numpy()) > 0 else self.conv(-x)


def decides():
    model = Decides()
    model(np.ones((1, 8, 8, 3), np.float32))
    return model


def without_call():
    model = keras.Model(name="mine")
    model.generator = sequential(layers.Conv2D(2, 3))
    model.critic = keras.Sequential([layers.Conv2D(2, 3)], name="critic")
    return model


def over_time(*inner, shape=(4, 8, 8, 3)):
    return keras.Sequential([keras.Input(shape, name="clip"), *inner], name="mine")


def cnn():
    image = [keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="conv"), layers.GlobalAveragePooling2D()]
    return keras.Sequential(image, name="cnn")


def half_built():
    model = Subclassed(name="mine")
    model.built = True
    model._build_shapes_dict = {"input_shape": (None, 8, 8, 3)}
    return model


def two_images():
    a, b = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 1), name="right")
    return keras.Model([a, b], layers.Concatenate()([a, b]))


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        (lambda: 3, {}, TypeError, "Expected a Keras 3 model (keras.Model) or the path of one, got an object of type "),
        (lambda: keras.Model, {}, TypeError, "got the class keras.src.models.model.Model."),
        (lambda: layers.Conv2D(2, 3, name="mine"), {}, ValueError, "The layer 'mine' is not built"),
        (lambda: "nowhere.keras", {}, FileNotFoundError, "There is no file 'nowhere.keras' (in the working directory"),
        (
            lambda: "model.pt",
            {},
            ValueError,
            "or of a SavedModel's folder, got 'model.pt', a file of PyTorch.",
        ),
        (lambda: __file__[:-3] + ".h5", {}, FileNotFoundError, "There is no file"),
        (
            lambda: keras.Sequential([layers.Conv2D(2, 3)], name="mine"),
            {},
            ValueError,
            "The model 'mine' is not built: its input shape is unknown. Call it once on a batch of images",
        ),
        (lambda: Subclassed(name="mine"), {}, ValueError, "The model 'mine' is not built"),
        (half_built, {}, ValueError, "Its layer 'conv' is not built: call the model on a batch of images first."),
        (
            two_arguments,
            {},
            ValueError,
            "The model 'mine' cannot be read: 'mine' takes x, y. Say the shape of each for one example: "
            "input_shape={'x': (...), 'y': (...)}.",
        ),
        (decides, {}, ValueError, "The model 'mine' cannot be read: AttributeError: 'SymbolicTensor' object has no "),
        (decides, {}, ValueError, " of test_errors.py: return self.conv(x) if float(tf.reduce_mean(x).numpy()) > 0"),
        (decides, {}, ValueError, "decisions on the numbers in an image only where AutoGraph sees them"),
        (
            without_call,
            {},
            ValueError,
            "has no call, so nothing says what happens to an image. Pass one of the models in it: 'mine', 'critic'.",
        ),
        (
            lambda: over_time(layers.Reshape((4, 8, 8, 3)), layers.TimeDistributed(cnn(), name="f"), shape=(4, 192)),
            {},
            ValueError,
            "its inputs are 'clip' (None, 4, 192) float32. Nothing before the first weights makes an image of it.",
        ),
        (
            lambda: sequential(layers.Dense(2), shape=(9, 3), name="series"),
            {},
            ValueError,
            'If it is a signal, say so: data="signal".',
        ),
        (
            lambda: sequential(layers.Conv1D(2, 3), shape=(20, 4), name="series"),
            {"data": "image"},
            ValueError,
            "its inputs are 'series' (None, 20, 4) float32.",
        ),
        (
            lambda: sequential(layers.Conv2D(2, 3)),
            {"data": "signal"},
            ValueError,
            "data='signal' does not fit: the model's input is that of an image.",
        ),
        (
            lambda: sequential(layers.Conv2D(2, 3)),
            {"data": "music"},
            ValueError,
            "data must be one of 'auto', 'image', 'spectrogram', 'signal', 'volume'; got 'music'.",
        ),
        (
            lambda: sequential(layers.Conv1D(2, 3), shape=(None, 4), name="series"),
            {"image_size": (2, 40)},
            ValueError,
            "image_size of a signal must be its length, or (1, length), got (2, 40).",
        ),
        (
            two_images,
            {},
            ValueError,
            "The model has several image inputs: 'left' (None, 8, 8, 3) float32, 'right' (None, 8, 8, 1) float32. "
            "Say which one to optimise, e.g. input='left'.",
        ),
        (two_images, {"input": "lefft"}, ValueError, "The model has no input 'lefft'; its inputs are 'left' (None, 8"),
        (two_images, {"input": "lefft"}, ValueError, "Did you mean 'left'?"),
        (
            two_images,
            {"input": "left", "other_inputs": {"write": 0}},
            ValueError,
            "other_inputs names 'write'; the inputs beside the image are: 'right' (None, 8, 8, 1) float32.",
        ),
        (
            two_images,
            {"input": "left", "other_inputs": {"left": 0}},
            ValueError,
            "other_inputs names 'left'; the inputs beside the image are: 'right'",
        ),
        (
            two_images,
            {"input": "left", "other_inputs": {"right": np.zeros((8, 7, 1))}},
            ValueError,
            "The input 'right' takes shape (8, 8, 1), got (8, 7, 1).",
        ),
        (two_images, {"input": "left", "other_inputs": [0]}, TypeError, "other_inputs must be a dictionary of arrays"),
        (
            lambda: sequential(layers.Conv2D(2, 3, data_format="channels_first", padding="same", name="cf")),
            {},
            ValueError,
            "The convolution 'cf' works on channels_first images (batch, channels, height, width), which are not supp",
        ),
        (
            lambda: sequential(layers.GlobalMaxPooling2D()),
            {},
            ValueError,
            "The model 'mine' has no layer that can be shown",
        ),
        (
            lambda: sequential(layers.Rescaling(1 / 255), dtype="uint8", name="bytes"),
            {},
            ValueError,
            "The image input is 'bytes' (None, 8, 8, 3) uint8, and whole numbers have no gradient to climb. Build the "
            'model on an input of dtype "float32"',
        ),
        (lambda: sequential(layers.Dense(2), shape=(8,)), {}, ValueError, "Expected a model with an image input"),
        (lambda: sequential(layers.Conv2D(2, 3)), {"image_size": 0}, ValueError, "image_size must be from 1 to 2048"),
        (lambda: sequential(layers.Conv2D(2, 3)), {"image_size": "8"}, TypeError, "image_size must be a whole number"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(model, options, error, message):
    with pytest.raises(error) as caught:
        read_model(model(), **options)
    assert message in str(caught.value)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"Keras runs on 'jax'. Set the environment variable KERAS_BACKEND"):
        read_model(sequential(layers.Conv2D(2, 3)))


@pytest.mark.parametrize("function", ["layer", "cut", "pre_activation"])
def test_an_unknown_layer_is_answered_by_the_nearest(function):
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="conv")], name="inner")
    view = read_model(keras.Sequential([keras.Input((8, 8, 3)), inner, layers.Conv2D(2, 3, name="last")]))
    for asked, answer in [
        ("lats", "There is no layer 'lats' that can be shown; did you mean 'last'?"),
        ("conv", "There is no layer 'conv' that can be shown; did you mean 'inner/conv'?"),
        ("xyz", "There is no layer 'xyz' that can be shown; there are 'inner/conv', 'last'"),
    ]:
        with pytest.raises(ValueError, match=answer.replace("?", r"\?")):
            getattr(view, function)(asked)


def test_an_error_of_a_layer_at_the_models_own_size_comes_through():
    class Failing(layers.Layer):
        def call(self, x):
            if not isinstance(x, keras.KerasTensor) and tf.executing_eagerly():
                raise ZeroDivisionError("mine")
            return x

    view = read_model(sequential(Failing(name="failing"), layers.Conv2D(2, 3, name="conv")))
    with pytest.raises(ZeroDivisionError, match="mine"):
        view.cut("conv")(tf.zeros((1, 8, 8, 3)))
