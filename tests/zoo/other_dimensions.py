"""Rows: signals, volumes, frames, spectrograms, texts and tokens."""

import keras
import tensorflow as tf
from keras import layers

from tests.zoo.table import Made, shown, weighed

SIGNALS, VOLUMES, TOKENS = "Signals and texts", "Volumes, frames, spectrograms", "Transformers on images"


def until(model, layer, arranged):
    """The model's own pass to a layer, for pictures that are laid out as the model takes them by `arranged`."""
    inner = keras.Model(model.inputs, model.get_layer(layer).output)
    return lambda images: inner(arranged(images))


def signal(images):
    return images[:, 0]


def stack(slices):
    """Slices lie beside one another in the channels of a picture."""

    def arranged(images):
        height, width, channels = images.shape[1:]
        return tf.transpose(tf.reshape(images, (-1, height, width, slices, channels // slices)), (0, 3, 1, 2, 4))

    return arranged


@shown(SIGNALS, "second", size=(1, 60, 2), range=(-1.0, 1.0), source="assumed")
def conv1d():
    """A time series of two channels and Conv1D."""
    row = [
        keras.Input((60, 2)),
        layers.Conv1D(4, 5, activation="elu", name="first"),
        layers.Conv1D(3, 3, name="second"),
    ]
    model = weighed(keras.Sequential([*row, layers.GlobalAveragePooling1D(), layers.Dense(2)]))
    return Made(model, until(model, "second", signal))


@shown(SIGNALS, "first", size=(1, 80, 1), range=(-1.0, 1.0), source="assumed")
def audio():
    """Audio without an axis of channels, which a Reshape adds."""
    row = [keras.Input((80,)), layers.Reshape((80, 1)), layers.Conv1D(4, 9, strides=2, name="first")]
    model = weighed(keras.Sequential([*row, layers.GlobalMaxPooling1D(), layers.Dense(2)]))
    return Made(model, until(model, "first", lambda images: images[:, 0, :, 0]))


@shown(SIGNALS, "separable", size=(1, 40, 3), range=(-1.0, 1.0), source="assumed")
def separable1d():
    """SeparableConv1D behind a recurrent layer."""
    row = [keras.Input((40, 3)), layers.GRU(4, return_sequences=True), layers.SeparableConv1D(5, 3, name="separable")]
    model = weighed(keras.Sequential([*row, layers.Flatten(), layers.Dense(2)]))
    return Made(model, until(model, "separable", signal))


@shown(VOLUMES, "conv", size=(12, 12, 6), range=(0.0, 1.0))
def conv3d():
    """A volume of six slices and Conv3D."""
    model = keras.Sequential([keras.Input((6, 12, 12, 1)), layers.Conv3D(4, 3, name="conv"), layers.Flatten()])
    return Made(weighed(model), until(model, "conv", stack(6)))


@shown(VOLUMES, "frames", size=(12, 12, 15), range=(0.0, 1.0))
def time_distributed():
    """Five frames of a video, and a convolution over each."""
    conv = layers.TimeDistributed(layers.Conv2D(4, 3, activation="elu"), name="frames")
    model = keras.Sequential([keras.Input((5, 12, 12, 3)), conv, layers.Flatten(), layers.Dense(2)])
    return Made(weighed(model), until(model, "frames", stack(5)))


@shown(VOLUMES, "memory", size=(12, 12, 4), range=(0.0, 1.0))
def conv_lstm():
    """ConvLSTM2D over four frames."""
    model = keras.Sequential([keras.Input((4, 12, 12, 1)), layers.ConvLSTM2D(3, 3, name="memory"), layers.Flatten()])
    return Made(weighed(model), until(model, "memory", stack(4)))


@shown(VOLUMES, "conv", size=(48, 10, 1), options={"data": "spectrogram"})
def spectrogram():
    """A spectrogram, time by frequency, moved along time only."""
    model = keras.Sequential([keras.Input((48, 10, 1)), layers.Conv2D(4, 3, name="conv"), layers.Flatten()])
    return Made(weighed(model), until(model, "conv", lambda images: images))


@shown(TOKENS, "mixed", size=(16, 16, 3))
def vision_transformer():
    """Patches as tokens: a token's channel is a map over the grid of patches."""
    image = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4, name="patches")(image))
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4, name="heads")(x, x)])
    model = keras.Model(image, layers.Dense(5, activation="gelu", name="mixed")(layers.LayerNormalization()(x)))
    return Made(weighed(model), keras.Model(model.inputs, model.get_layer("mixed").output))
