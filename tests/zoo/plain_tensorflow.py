"""Rows: networks on TensorFlow that are no Keras 3 models, and Keras models whose call uses TensorFlow's functions."""

import keras
import tensorflow as tf

from tests.zoo.plain import conv
from tests.zoo.table import SIZE, Made, called, shown

TENSORFLOW = "Plain TensorFlow"


class Module(tf.Module):
    def __init__(self):
        super().__init__(name="mine")
        self.kernel = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (0, 1)), name="kernel")

    @tf.function(input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3))])
    def __call__(self, images):
        return tf.nn.elu(tf.nn.conv2d(images, self.kernel, 1, "SAME"))


def forward_of(module):
    """The convolution by Keras' own, with the activation that the function goes on with."""
    return lambda given: keras.activations.elu(keras.ops.conv(given, module.kernel, padding="same"))


@shown(TENSORFLOW, "kernel", way="traced")
def module():
    """A tf.Module."""
    made = Module()
    return Made(made, forward_of(made))


@shown(TENSORFLOW, "Conv2D", way="traced")
def function():
    """A tf.function."""
    made = Module()
    return Made(made.__call__, forward_of(made))


@shown(TENSORFLOW, "Conv2D", way="traced")
def saved_model(folder):
    """The folder of a SavedModel."""
    made = Module()
    tf.saved_model.save(made, str(folder))
    return Made(folder, forward_of(made))


class WithTensorFlow(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = conv()

    def call(self, images):
        return tf.nn.relu(self.conv(tf.sqrt(images)))


@shown(TENSORFLOW, "conv", way="traced", source="could not be read")
def subclass_with_tensorflow():
    """A subclass of keras.Model whose call uses tf.* functions."""
    model = called(WithTensorFlow())
    return Made(model, lambda given: model.conv(keras.ops.sqrt(given)))
