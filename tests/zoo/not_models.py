"""Rows: things that are no models, and what is said of them: what it is, what is expected, and the nearest way."""

import types

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from filterviz_widget.demo import flower_model
from tests.zoo.plain import Subclass, conv, sequential
from tests.zoo.table import EXPECTED, image, refused

_, NO_MODEL, _ = EXPECTED
TO_TENSORFLOW = ("`onnx2tf -i model.onnx -o folder -osd`", 'pass "folder".')
MADE_FROM = "Pass the model that it was made from"


def foreign(module, *names):
    """A thing whose class is made from classes of a package that is not installed here."""
    kind = object
    for name in names:
        kind = type(name, (kind,), {"__module__": module})
    return type("Mine", (kind,), {"__module__": "mine"})()


@refused(
    NO_MODEL,
    "an estimator of scikit-learn",
    "keras.Sequential([keras.Input((height, width, channels)), keras.layers.Conv2D(16, 3), ...])",
)
def estimator():
    """An estimator of scikit-learn."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


@refused(NO_MODEL, "a Keras model in an estimator of scikit-learn", "Pass the model: estimator.model_.")
def keras_in_an_estimator():
    """A Keras model in a wrapper for scikit-learn."""
    return keras.wrappers.SKLearnClassifier(sequential())


@refused(NO_MODEL, "a PyTorch model", 'torch.onnx.export(model, images, "model.onnx")', *TO_TENSORFLOW)
def torch_module():
    """A module of PyTorch."""
    return foreign("torch.nn.modules.module", "Module")


@refused(NO_MODEL, "a Flax model on JAX", "keras.layers.FlaxLayer(module, variables)")
def flax_module():
    """A module of Flax."""
    return foreign("flax.linen.module", "Module")


@refused(NO_MODEL, "an object of JAX", "keras.layers.JaxLayer(function, params=params)")
def jax_function():
    """A compiled function of JAX."""
    return foreign("jax._src.stages", "Wrapped")


@refused(NO_MODEL, "an ONNX model", 'onnx.save(model, "model.onnx")', *TO_TENSORFLOW)
def onnx_model():
    """An ONNX ModelProto."""
    return foreign("onnx.onnx_ml_pb2", "ModelProto")


@refused(NO_MODEL, "a model of trees", "It has no layers to look into.")
def trees():
    """A model of trees, such as XGBoost's."""
    return foreign("xgboost.sklearn", "XGBModel")


@refused(NO_MODEL, "a model of TensorFlow Lite, which has no gradients", MADE_FROM)
def tflite_interpreter():
    """An interpreter of TensorFlow Lite."""
    return foreign("tensorflow.lite.python.interpreter", "Interpreter")


@refused(NO_MODEL, "the function ResNet50.", "Call it: ResNet50().")
def function_of_keras():
    """A function of keras.applications."""
    return keras.applications.ResNet50


@refused(NO_MODEL, "the function flower_model.", "If it makes a model, call it: flower_model().")
def function_of_ones_own():
    """A function that makes a model."""
    return flower_model


@refused(NO_MODEL, "the module keras.applications.vgg16.", "keras.applications.vgg16.VGG16().")
def module_of_applications():
    """A module of keras.applications."""
    return keras.applications.vgg16


@refused(NO_MODEL, "the class tests.zoo.plain.Subclass.", "model = Subclass(...); model(images).")
def class_of_a_model():
    """The class of a model."""
    return Subclass


@refused(NO_MODEL, "a callback", "pass the model that was trained, history.model.")
def history():
    """What fit returns."""
    model = keras.Sequential([image(), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model.fit(np.zeros((1, 16, 16, 3)), np.zeros((1, 1)), verbose=0)


@refused(NO_MODEL, "the optimizer keras.src.optimizers.adam.Adam.", "FilterExplorer(model)")
def optimizer():
    """An optimizer."""
    return keras.optimizers.Adam()


@refused(NO_MODEL, "a symbolic tensor (None, 16, 16, 4).", "keras.Model(inputs, tensor)")
def symbolic_tensor():
    """The output of a layer."""
    return sequential().get_layer("conv").output


@refused(NO_MODEL, "a list of layers.", "keras.Sequential(layers)")
def list_of_layers():
    """A list of layers."""
    return [conv(), layers.Flatten()]


@refused(NO_MODEL, "a list of arrays.", "They are weights without a model.", "model.set_weights(list_of_arrays)")
def list_of_arrays():
    """Weights, from get_weights."""
    return sequential().get_weights()


@refused(NO_MODEL, "the configuration of a model.", "keras.saving.deserialize_keras_object(config)")
def configuration():
    """The configuration of a model."""
    return keras.saving.serialize_keras_object(sequential())


@refused(NO_MODEL, "a tf.Module without __call__", "Pass its function that takes images: module.infer")
def module_without_call():
    """A tf.Module that cannot be called."""

    class Mine(tf.Module):
        @tf.function
        def infer(self, images):
            return images

    return Mine()


@refused(NO_MODEL, "an array (8, 8, 3) of float32.", "feature_maps(model, layer, image)")
def array():
    """An array."""
    return np.zeros((8, 8, 3), np.float32)


@refused(NO_MODEL, "a dataset", "strongest_images(model, layer, dataset)")
def dataset():
    """A tf.data.Dataset."""
    return tf.data.Dataset.range(3)


@refused(NO_MODEL, "None.", "such as model.compile(...)", "pass the model")
def nothing():
    """None."""
    return sequential().compile("adam", "mse")


@refused(NO_MODEL, "an object of type types.SimpleNamespace.", "Pass the model in it: thing.network.")
def holder():
    """An object that has a model."""
    return types.SimpleNamespace(network=sequential())


@refused(NO_MODEL, "an object of type builtins.int.", "Pass the network itself: FilterExplorer(model).")
def number():
    """A number."""
    return 3
