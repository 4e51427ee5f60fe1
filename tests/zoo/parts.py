"""Rows: what a model is made of. The orders of its input, kinds of convolutions, normalizations, heads, precision."""

import keras
import numpy as np
from keras import layers, ops

from tests.zoo.plain import conv
from tests.zoo.table import SIZE, Made, image, shown, weighed

INPUTS = "Keras: inputs"
CONVOLUTIONS = "Keras: convolutions"
NORMALIZATIONS = "Keras: normalizations, attention, wrappers"
HEADS = "Keras: heads"
PRECISION = "Keras: precision and adapters"


@shown(INPUTS, "conv", options={"input_range": (0, 1)}, source="given")
def flat_input():
    """All pixels in a row, which a Reshape makes an image of."""
    model = weighed(keras.Sequential([keras.Input((SIZE * SIZE * 3,)), layers.Reshape((SIZE, SIZE, 3)), conv()]))
    return Made(model, lambda given: model(ops.reshape(given, (1, -1))))


@shown(INPUTS, "conv", size=(SIZE, SIZE, 1))
def without_channels():
    """Grey images without an axis of channels."""
    model = weighed(keras.Sequential([keras.Input((SIZE, SIZE)), layers.Reshape((SIZE, SIZE, 1)), conv()]))
    return Made(model, lambda given: model(given[..., 0]))


@shown(INPUTS, "conv")
def channels_first_input():
    """Channels first, which a Permute turns."""
    model = weighed(keras.Sequential([keras.Input((3, SIZE, SIZE)), layers.Permute((2, 3, 1)), conv()]))
    return Made(model, lambda given: model(ops.transpose(given, (0, 3, 1, 2))))


@shown(INPUTS, "conv", range=(0.0, 255.0), source="read from the Rescaling layer")
def preprocess_in_the_model():
    """A Rescaling from 0..255 in the model, and augmentation."""
    augment = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.2)], name="augment")
    model = weighed(keras.Sequential([image(), augment, layers.Rescaling(1 / 127.5, offset=-1), conv()]))
    return Made(model, lambda given: model.get_layer("conv")(given / 127.5 - 1))


@shown(INPUTS, "conv", range=(0.0, 255.0), source="Normalization")
def normalization_of_the_data():
    """A Normalization that was adapted to images of 0..255."""
    norm = layers.Normalization(mean=[120.0, 115.0, 100.0], variance=[3600.0, 3500.0, 3700.0])
    model = weighed(keras.Sequential([image(), norm, conv()]))
    deviation = np.sqrt(np.float32([3600, 3500, 3700]))
    return Made(model, lambda given: model.get_layer("conv")((given - np.float32([120, 115, 100])) / deviation))


@shown(INPUTS, "conv", range=(0.0, 255.0), source="preprocess", options={"preprocess": "caffe"})
def preprocess_outside_the_model():
    """Preprocessing outside the model: `preprocess="caffe"`, "tf", "torch", or a function."""
    model = weighed(keras.Sequential([image(), conv()]))
    means = np.float32([103.939, 116.779, 123.68])
    return Made(model, lambda given: model(np.asarray(given)[..., ::-1] - means))


def one(layer, **options):
    """A model of a convolution and a layer."""
    return weighed(keras.Sequential([image(**options), conv(activation="elu"), layer]))


@shown(CONVOLUTIONS, "layer")
def strided():
    """Strided."""
    return one(layers.Conv2D(3, 3, strides=2, name="layer"))


@shown(CONVOLUTIONS, "layer")
def dilated():
    """Dilated."""
    return one(layers.Conv2D(3, 3, dilation_rate=2, padding="same", name="layer"))


@shown(CONVOLUTIONS, "layer")
def grouped():
    """Grouped."""
    return one(layers.Conv2D(4, 3, groups=2, name="layer"))


@shown(CONVOLUTIONS, "layer", filter=5)
def depthwise():
    """Depthwise."""
    return one(layers.DepthwiseConv2D(3, depth_multiplier=2, name="layer"))


@shown(CONVOLUTIONS, "layer")
def separable():
    """Separable."""
    return one(layers.SeparableConv2D(3, 3, name="layer"))


@shown(CONVOLUTIONS, "layer")
def transposed():
    """Transposed."""
    return one(layers.Conv2DTranspose(3, 3, strides=2, padding="same", name="layer"))


@shown(NORMALIZATIONS, "layer")
def batch_normalization():
    """Batch normalization, with its moving statistics."""
    return one(layers.BatchNormalization(name="layer"))


@shown(NORMALIZATIONS, "layer")
def layer_normalization():
    """Layer normalization."""
    return one(layers.LayerNormalization(name="layer"))


@shown(NORMALIZATIONS, "last")
def group_normalization():
    """Group normalization before a convolution."""
    return weighed(keras.Sequential([image(), conv(), layers.GroupNormalization(2), conv(3, "last")]))


@shown(NORMALIZATIONS, "layer")
def spectral_normalization():
    """A wrapped convolution: SpectralNormalization."""
    model = one(layers.SpectralNormalization(layers.Conv2D(3, 3), name="layer"))
    model.get_layer("layer").vector_u.assign(np.ones(model.get_layer("layer").vector_u.shape, np.float32))
    return model


@shown(NORMALIZATIONS, "last")
def squeeze_and_excite():
    """Squeeze and excitation."""
    x = image()
    y = conv(activation="swish")(x)
    scale = layers.Dense(4, activation="sigmoid")(layers.Dense(2, activation="relu")(ops.mean(y, axis=(1, 2))))
    y = layers.Multiply()([y, layers.Reshape((1, 1, 4))(scale)])
    return weighed(keras.Model(x, conv(3, "last")(y)))


@shown(NORMALIZATIONS, "last")
def attention():
    """Self-attention over the positions of a feature map."""
    x = image()
    y = layers.Conv2D(4, 4, strides=4, name="patches")(x)
    tokens = layers.Reshape((16, 4))(y)
    tokens = layers.Add()([tokens, layers.MultiHeadAttention(2, 2)(tokens, tokens)])
    return weighed(keras.Model(x, layers.Conv2D(3, 1, name="last")(layers.Reshape((4, 4, 4))(tokens))))


def classifier(activation):
    x = [image(), conv(activation="elu"), layers.GlobalAveragePooling2D(), layers.Dense(5, activation, name="head")]
    model = weighed(keras.Sequential(x))
    kernel, bias = (np.asarray(each) for each in model.get_layer("head").weights)
    pooled = keras.Model(model.inputs[0], model.layers[1].output)
    return Made(model, lambda given: np.asarray(pooled(given)) @ kernel + bias)


@shown(HEADS, "head", filter=2)
def logits():
    """Logits."""
    return classifier(None)


@shown(HEADS, "head", filter=2, note="before the softmax")
def softmax():
    """A softmax: the units before it are shown."""
    return classifier("softmax")


@shown(HEADS, "head", filter=2, note="before the sigmoid")
def sigmoid():
    """A sigmoid: the units before it are shown."""
    return classifier("sigmoid")


@shown(HEADS, "hidden")
def dense_network():
    """A network without convolutions, of dense layers over the pixels."""
    head = [layers.Flatten(), layers.Dense(6, activation="tanh", name="hidden"), layers.Dense(2)]
    return weighed(keras.Sequential([image(), *head]))


def in_precision(policy):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([image(), conv(activation="elu", dtype=policy), conv(3, "last", dtype=policy)])
    return Made(model, keras.Model(model.inputs[0], model.get_layer("last").output))


@shown(PRECISION, "last", tolerance=0.02)
def mixed_float16():
    """Mixed precision, float16."""
    return in_precision("mixed_float16")


@shown(PRECISION, "last", tolerance=0.05)
def mixed_bfloat16():
    """Mixed precision, bfloat16."""
    return in_precision("mixed_bfloat16")


@shown(PRECISION, "last")
def double():
    """Double precision."""
    return in_precision("float64")


@shown(PRECISION, "head", filter=1, tolerance=0.05)
def quantized():
    """A dense layer quantized to 8 bits."""
    model = weighed(keras.Sequential([image(), conv(), layers.GlobalAveragePooling2D(), layers.Dense(3, name="head")]))
    model.get_layer("head").quantize("int8")
    return model


@shown(PRECISION, "conv")
def lora():
    """A convolution with LoRA."""
    model = keras.Sequential([image(), conv(name="conv")])
    model.get_layer("conv").enable_lora(2)
    return weighed(model)
