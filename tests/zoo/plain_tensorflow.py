"""Rows: networks on TensorFlow that are no Keras 3 models, and Keras models whose call uses TensorFlow's functions."""

import keras
import tensorflow as tf
import tf_keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

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


@shown(TENSORFLOW, "Conv2D", way="traced")
def frozen_graph(folder):
    """A frozen graph, a GraphDef in a .pb file."""
    made = Module()
    frozen = convert_variables_to_constants_v2(made.__call__.get_concrete_function())
    (folder / "frozen.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())
    return Made(folder / "frozen.pb", forward_of(made))


@shown(TENSORFLOW, "saved/Conv2D", way="graph")
def saved_layer(folder):
    """A SavedModel as a layer, keras.layers.TFSMLayer, in a Functional model."""
    made = Module()
    tf.saved_model.save(made, str(folder), signatures={"serve": made.__call__})
    image = keras.Input((SIZE, SIZE, 3))
    saved = keras.layers.TFSMLayer(folder, call_endpoint="serve", name="saved")
    return Made(keras.Model(image, saved(image)), forward_of(made))


class Decides(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv, self.last = conv(), conv(name="last")

    def call(self, images):
        x = self.conv(images)
        if tf.reduce_mean(x) > 0:
            x = x * 2.0
        for _ in tf.range(2):
            x = tf.nn.elu(x)
        return self.last(x)


@shown(TENSORFLOW, "last", way="traced")
def control_flow():
    """Python decisions and loops over tensors, which AutoGraph turns into TensorFlow's."""
    model = called(Decides())
    return Made(model, model)


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = conv()

    def call(self, image, scale=None):
        return tf.nn.elu(self.conv(image) * tf.reshape(scale, (-1, 1, 1, 1)))


@shown(
    TENSORFLOW,
    "conv",
    way="traced",
    options={"input_shape": {"image": (SIZE, SIZE, 3), "scale": (1,)}, "input": "image"},
)
def several_arguments():
    """A call with several arguments, whose shapes are given."""
    model = TwoArguments()
    model(tf.zeros((1, SIZE, SIZE, 3)), tf.ones((1, 1)))
    return Made(model, model.conv)


class Inner(keras.layers.Layer):
    def __init__(self):
        super().__init__(name="inner")
        self.conv = conv()

    def call(self, images):
        return tf.nn.relu(self.conv(images))


@shown(TENSORFLOW, "conv", way="traced")
def layer_with_layers():
    """A keras.layers.Layer with layers in it that is no model."""
    layer = Inner()
    layer(tf.zeros((1, SIZE, SIZE, 3)))
    return Made(layer, layer.conv)


class NormalizedKernel(tf.Module):
    def __init__(self):
        super().__init__(name="normalized")
        self.v = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (0, 2)))

    def __call__(self, images):
        return tf.nn.conv2d(images, tf.math.l2_normalize(self.v, (0, 1, 2)), 1, "SAME")


@shown(TENSORFLOW, "v", way="traced", options={"input_shape": (SIZE, SIZE, 3)})
def computed_kernel():
    """A kernel that is computed of variables, such as a normalized one."""
    made = NormalizedKernel()
    return Made(made, made)


@shown(TENSORFLOW, "conv", way="followed", options={"input_shape": (SIZE, SIZE, 3)})
def never_called():
    """A model that was never called: a copy of it gets weights."""

    class Late(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv2D(4, 3, padding="same", name="conv", kernel_initializer="ones")

        def call(self, images):
            return self.conv(images)

    ones = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer="ones")
    return Made(Late(), ones)


def second():
    image = tf_keras.Input((SIZE, SIZE, 3))
    x = tf_keras.layers.Conv2D(4, 3, name="conv", activation="elu")(image)
    x = tf.nn.relu(tf_keras.layers.BatchNormalization(name="norm")(x)) + 1.0  # what Keras 3 cannot read from a file
    return tf_keras.Model(image, x)


@shown(TENSORFLOW, "conv", way="traced")
def keras_2():
    """A model of Keras 2, of tf_keras."""
    model = second()
    return Made(model, tf_keras.Model(model.inputs, model.get_layer("conv").output))


@shown(TENSORFLOW, "norm", way="traced")
def keras_2_file(folder):
    """A .h5 file of Keras 2 that Keras 3 cannot read, where tf_keras is installed."""
    model = second()
    model.save(folder / "second.h5")
    return Made(folder / "second.h5", tf_keras.Model(model.inputs, model.get_layer("norm").output))


class Rows(tf.Module):
    def __init__(self):
        super().__init__(name="rows")
        self.kernel = tf.Variable(tf.random.stateless_normal((5, 2, 3), (0, 3)))

    def __call__(self, signals):
        return tf.nn.conv1d(signals, self.kernel, 2, "SAME") + 0.1


@shown(
    TENSORFLOW,
    "kernel",
    way="traced",
    options={"input_shape": (40, 2)},
    size=(1, 40, 2),
    range=(-1.0, 1.0),
    source="assumed",
)
def module_of_signals():
    """A tf.Module with tf.nn.conv1d, of signals."""
    made = Rows()
    return Made(made, lambda images: keras.ops.conv(images[:, 0], made.kernel, 2, "same"))


@shown(TENSORFLOW, "deep", way="traced", size=(10, 10, 6))
def keras_2_of_volumes():
    """A model of Keras 2 with Conv3D, of volumes."""
    image = tf_keras.Input((6, 10, 10, 1))
    model = tf_keras.Model(image, tf_keras.layers.Conv3D(4, 3, activation="elu", name="deep")(image))
    return Made(model, lambda images: model(tf.transpose(images, (0, 3, 1, 2))[..., None]))
