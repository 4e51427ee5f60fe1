"""Small networks of signals, volumes and frames, and what an independent forward pass says of them."""

import keras
import numpy as np
from keras import layers


def signals():
    """Of every kind of layer over sequences."""
    return keras.Sequential(
        [
            keras.Input((60, 3), name="series"),
            layers.Conv1D(4, 5, strides=2, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.SeparableConv1D(5, 3, name="separable"),
            layers.MaxPooling1D(2, name="pool"),
            layers.DepthwiseConv1D(3, depth_multiplier=2, dilation_rate=2, padding="same", name="depthwise"),
            layers.Conv1DTranspose(3, 3, strides=2, name="transposed"),
            layers.GRU(4, return_sequences=True, name="gru"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, name="units"),
        ],
        name="signals",
    )


def audio():
    """Of samples in a row."""
    samples = keras.Input((400,), name="samples")
    x = layers.Reshape((400, 1), name="steps")(samples)
    x = layers.Conv1D(4, 9, strides=4, activation="relu", name="conv")(x)
    return keras.Model(samples, layers.Dense(2, name="units")(layers.GlobalMaxPooling1D()(x)), name="audio")


def spectra():
    """Of samples, of which the model makes a spectrogram."""
    samples = keras.Input((800, 1), name="samples")
    x = layers.STFTSpectrogram(frame_length=64, frame_step=32, fft_length=64, name="stft")(samples)
    x = layers.Reshape((*x.shape[1:], 1))(x)
    return keras.Model(samples, layers.Conv2D(3, 3, activation="relu", name="conv")(x), name="spectra")


def text(dtype="int32", length=12):
    """Of tokens."""
    tokens = keras.Input((length,), dtype=dtype, name="tokens")
    x = layers.Embedding(30, 10, name="embedding")(tokens)
    x = layers.Conv1D(4, 3, activation="tanh", name="conv")(x)
    return keras.Model(tokens, layers.Dense(2, name="units")(layers.GlobalMaxPooling1D()(x)), name="text")


def volumes():
    """Of every kind of layer over volumes."""
    return keras.Sequential(
        [
            keras.Input((8, 12, 10, 2), name="volume"),
            layers.Conv3D(3, (3, 3, 2), strides=(2, 1, 1), activation="tanh", name="conv"),
            layers.MaxPooling3D((1, 2, 2), name="pool"),
            layers.Conv3DTranspose(2, 2, strides=2, name="transposed"),
            layers.GlobalAveragePooling3D(),
            layers.Dense(2, name="units"),
        ],
        name="volumes",
    )


def video():
    """Of frames, each by itself and then one after the other."""
    return keras.Sequential(
        [
            keras.Input((4, 10, 12, 3), name="clip"),
            layers.TimeDistributed(layers.Conv2D(3, 3, activation="tanh"), name="frames"),
            layers.ConvLSTM2D(2, 3, return_sequences=True, name="moving"),
            layers.ConvLSTM2D(2, 3, name="last"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, name="units"),
        ],
        name="video",
    )


ALL = {"signals": signals, "audio": audio, "spectra": spectra, "text": text, "volumes": volumes, "video": video}

SHAPES = {
    "signals": (60, 3),
    "audio": (400,),
    "spectra": (800, 1),
    "text": (12, 10),
    "volumes": (8, 12, 10, 2),
    "video": (4, 10, 12, 3),
}
"""Of what is optimised, in the order of the model's input."""


def made(name):
    """The network with weights that are always the same, and some of them where few were."""
    keras.utils.set_random_seed(3)
    model = ALL[name]()
    draw = np.random.default_rng(5)
    for weight in model.weights:
        if weight.path.endswith(("gamma", "moving_variance")):
            weight.assign(draw.uniform(0.5, 1.5, weight.shape))
        elif "rng" not in weight.path and "stft" not in weight.path:
            weight.assign(draw.normal(0, 0.4, weight.shape))
    return model


def plain(model, layer, values):
    """A layer's output for `values`, `(batch, ...)`, by a model of its own that Keras cuts."""
    before = model.get_layer("embedding").output if model.name == "text" else model.inputs[0]
    return np.asarray(keras.Model(before, model.get_layer(layer).output)(values))
