"""Rows: small networks of known kinds, each in a few lines."""

import keras
from keras import layers

from tests.zoo.plain import conv
from tests.zoo.table import SIZE, Made, image, shown, weighed

ARCHITECTURES = "Architectures"


@shown(ARCHITECTURES, "out")
def residual():
    """A residual network."""
    x = image()
    y = conv(name="stem")(x)
    for number in range(2):
        z = layers.Activation("relu")(layers.BatchNormalization()(conv(name=f"conv{number}")(y)))
        y = layers.Add()([y, z])
    return weighed(keras.Model(x, conv(3, "out")(y)))


@shown(ARCHITECTURES, "dense1")
def dense_connections():
    """Dense connections: each layer sees all before it."""
    x = y = image()
    for number in range(2):
        y = layers.Concatenate()([y, conv(3, f"dense{number}", activation="elu")(y)])
    return weighed(keras.Model(x, y))


@shown(ARCHITECTURES, "depthwise")
def inverted_residual():
    """An inverted residual block, as in MobileNetV2."""
    x = image()
    y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(8, 1, name="expand")(x)))
    y = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(y)
    return weighed(keras.Model(x, layers.Add()([x, layers.Conv2D(3, 1, name="project")(y)])))


@shown(ARCHITECTURES, "up")
def u_net():
    """A U-Net."""
    x = image()
    a = conv(name="down", activation="elu")(x)
    b = conv(6, "bottom", activation="elu")(layers.MaxPooling2D()(a))
    y = layers.Concatenate()([a, layers.UpSampling2D()(b)])
    return weighed(keras.Model(x, layers.Conv2D(2, 1, activation="softmax")(conv(name="up")(y))))


@shown(ARCHITECTURES, "decoder/wide")
def autoencoder():
    """An autoencoder, its decoder included."""
    encoder = keras.Sequential([image(), layers.Conv2D(4, 3, strides=2), layers.Flatten(), layers.Dense(5)])
    decoder = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(4 * 4 * 2),
            layers.Reshape((4, 4, 2)),
            layers.Conv2DTranspose(3, 3, strides=4, name="wide"),
        ],
        name="decoder",
    )
    model = weighed(keras.Sequential([image(), encoder, decoder]))
    return Made(model, model)


@shown(ARCHITECTURES, "conv", size=(SIZE, SIZE, 1))
def discriminator():
    """A GAN's discriminator."""
    x = [image(1), layers.Conv2D(4, 4, strides=2, name="conv"), layers.LeakyReLU(0.2), layers.Flatten()]
    return weighed(keras.Sequential([*x, layers.Dense(1)]))
