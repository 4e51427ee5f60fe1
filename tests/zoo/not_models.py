"""Rows: what is no model of images, and what is said of it: what it is, what is expected, and the nearest way."""

import types

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from filterviz_widget.demo import flower_model
from tests.zoo.plain import Subclass, conv, sequential
from tests.zoo.table import EXPECTED, image, refused

OTHER_MODEL, NO_MODEL, PATH = EXPECTED
TO_TENSORFLOW = ("`onnx2tf -i model.onnx -o folder -osd`", 'pass "folder".')
MADE_FROM = "Pass the model that it was made from"


def foreign(module, *names):
    """A thing whose class is made from classes of a package that is not installed here."""
    kind = object
    for name in names:
        kind = type(name, (kind,), {"__module__": module})
    return type("Mine", (kind,), {"__module__": "mine"})()


# Models of something else


@refused(
    OTHER_MODEL,
    "its inputs are 'words' (None,) string.",
    "It is a model of text: strings have no gradient to climb.",
    "keras.Model(model.get_layer('tokens').output, model.output)",
    error=ValueError,
)
def text_of_strings():
    """A model of text that takes strings."""
    words = keras.Input((), dtype="string", name="words")
    tokens = layers.TextVectorization(20, output_sequence_length=6, vocabulary=["a", "b"], name="tokens")(words)
    return keras.Model(words, layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Embedding(20, 4)(tokens))))


@refused(
    OTHER_MODEL,
    "its inputs are 'nodes' (None, 7, 4) float32, 'links' (None, 7, 7) float32.",
    "It looks like a network on graphs: its input 'links' says what belongs together",
    "If a part of it takes images, pass that: keras.Model(part.input, part.output)",
    error=ValueError,
)
def graph_network():
    """A network on graphs, with a matrix of neighbours."""
    nodes, links = keras.Input((7, 4), name="nodes"), keras.Input((7, 7), name="links")
    return keras.Model([nodes, links], layers.Dense(2)(keras.ops.matmul(links, layers.Dense(3)(nodes))))


@refused(
    OTHER_MODEL,
    "its inputs are 'nodes' (None, 4) float32, 'adjacency' (None, None) float32.",
    "It looks like a network on graphs: its input 'adjacency' says what belongs together",
    "keras.Model(part.input, part.output)",
    error=ValueError,
)
def sparse_graph_network():
    """A network on graphs, with a sparse matrix of neighbours."""
    nodes = keras.Input((4,), name="nodes")
    links = keras.Input((None,), sparse=True, name="adjacency")
    return keras.Model([nodes, links], keras.ops.matmul(links, layers.Dense(3)(nodes)))


@refused(
    OTHER_MODEL,
    "its inputs are 'row' (None, 7) float32.",
    "It is a model of a table, of 7 numbers for each example, which have no places in an image.",
    "How its first layer weighs them: model.get_layer('first').kernel.",
    error=ValueError,
)
def table():
    """A model of a table."""
    return keras.Sequential([keras.Input((7,), name="row"), layers.Dense(4, name="first"), layers.Dense(1)])


@refused(
    OTHER_MODEL,
    "its inputs are 'latent' (None, 6) float32.",
    "It makes images of its input, as a generator or a decoder does.",
    "FilterExplorer(discriminator)",
    error=ValueError,
)
def generator():
    """A GAN's generator."""
    start = [keras.Input((6,), name="latent"), layers.Dense(32), layers.Reshape((4, 4, 2))]
    return keras.Sequential([*start, layers.Conv2DTranspose(3, 3, strides=2)])


@refused(
    OTHER_MODEL,
    "The model 'mine' is not built: its input shape is unknown.",
    "Call it once on a batch of images, model(images)",
    error=ValueError,
    expected="",
)
def not_built():
    """A model that has seen no image."""
    return keras.Sequential([conv()], name="mine")


@refused(
    OTHER_MODEL,
    "The ascent is compiled by TensorFlow, but Keras runs on 'torch'.",
    'Set the environment variable KERAS_BACKEND="tensorflow" before Keras is imported.',
    error=RuntimeError,
    expected="",
)
def keras_on_torch(monkeypatch):
    """A Keras model on the backend torch or jax."""
    model = sequential()
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    return model


@refused(
    OTHER_MODEL,
    "a Keras model of another Keras than the one that is loaded",
    'Save it there, model.save("model.keras")',
    'start again with KERAS_BACKEND="tensorflow", and pass "model.keras"',
    expected=EXPECTED["Not a model"],
)
def another_keras():
    """A Keras model that was made before `keras.config.set_backend`."""
    return foreign("keras.src.models.model", "Layer", "Model")


# Not a model


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


# Files and names


@refused(PATH, "'VGG16', the name of an architecture.", "keras.applications.VGG16()", error=ValueError)
def name_of_an_architecture():
    """The name of an architecture."""
    return "VGG16"


@refused(
    PATH, "'efficientnet_b0', the name of an architecture.", "keras.applications.EfficientNetB0()", error=ValueError
)
def spelled_otherwise():
    """The name of an architecture, spelled as others do."""
    return "efficientnet_b0"


@refused(
    PATH,
    "'mine'. There is no such file",
    'Save the model first, model.save("model.keras"), and pass "model.keras".',
    error=ValueError,
)
def no_path(folder, monkeypatch):
    """A string that is no path."""
    monkeypatch.chdir(folder)
    return "mine"


@refused(PATH, "'modle'. There is no such file", "There is 'model.keras'.", error=ValueError)
def misspelled_path(folder, monkeypatch):
    """A string that is no path, beside a model."""
    (folder / "model.keras").touch()
    monkeypatch.chdir(folder)
    return "modle"


@refused(PATH, "'hf:/keras/resnet', the address of a preset.", 'from_preset("hf://keras/resnet")', error=ValueError)
def preset():
    """The address of a preset."""
    return "hf://keras/resnet"


@refused(PATH, "a folder that is no SavedModel.", "There is a model in it", error=ValueError)
def folder_with_a_model(folder):
    """A folder with a model's file in it."""
    (folder / "best.keras").touch()
    return folder


@refused(
    PATH,
    "a folder that is no SavedModel.",
    "It holds a checkpoint. They are weights without a model.",
    "tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(folder))",
    error=ValueError,
)
def folder_with_a_checkpoint(folder):
    """A folder with a checkpoint."""
    tf.train.Checkpoint(number=tf.Variable(1.0)).save(str(folder / "weights"))
    return folder


@refused(PATH, "a folder that is no SavedModel.", "A SavedModel has a file saved_model.pb in it", error=ValueError)
def empty_folder(folder):
    """An empty folder."""
    return str(folder)


@refused(PATH, "'model.onnx', an ONNX file.", *TO_TENSORFLOW, error=ValueError)
def onnx_file():
    """An ONNX file."""
    return "model.onnx"


@refused(PATH, "'model.pt', a file of PyTorch.", 'torch.onnx.export(model, images, "model.onnx")', error=ValueError)
def torch_file():
    """A file of PyTorch: .pt, .pth."""
    return "model.pt"


@refused(PATH, "'model.safetensors', a file of weights.", "model.set_weights(list_of_arrays)", error=ValueError)
def safetensors():
    """Weights: .safetensors, .npz."""
    return "model.safetensors"


@refused(PATH, "'model.tflite', a TensorFlow Lite file, which has no gradients.", MADE_FROM, error=ValueError)
def tflite_file():
    """A TensorFlow Lite file."""
    return "model.tflite"


@refused(PATH, "'model.pkl', a pickle, which may run any code.", 'model.save("model.keras")', error=ValueError)
def pickled():
    """A pickle."""
    return "model.pkl"


@refused(
    PATH,
    "'model.json', an architecture without weights.",
    "keras.models.model_from_json(Path(path).read_text())",
    error=ValueError,
)
def architecture_without_weights():
    """An architecture without weights: .json."""
    return "model.json"


@refused(PATH, "'cat.jpg', an image.", "The model comes first: feature_maps(model, layer, path)", error=ValueError)
def image_file():
    """An image's file."""
    return "cat.jpg"


@refused(
    PATH,
    "holds weights only.",
    "Make the model, load them with model.load_weights(path), and pass the model.",
    expected="",
    error=ValueError,
)
def weights_of_keras(folder):
    """Weights of Keras: .weights.h5."""
    sequential().save_weights(folder / "my.weights.h5")
    return folder / "my.weights.h5"


@refused(PATH, "There is no file 'nowhere.keras' (in the working directory", error=FileNotFoundError, expected="")
def missing_file():
    """A file that is not there."""
    return "nowhere.keras"
