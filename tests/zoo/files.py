"""Rows: names, files and folders that no model can be loaded from, and what is said of them."""

import tensorflow as tf

from tests.zoo.not_models import MADE_FROM, TO_TENSORFLOW
from tests.zoo.plain import sequential
from tests.zoo.table import EXPECTED, refused

*_, PATH = EXPECTED


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
