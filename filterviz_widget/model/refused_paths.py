"""What is said of a name, a file or a folder that no model can be loaded from: what it is, and the nearest way."""

import difflib
import re
from pathlib import Path

import keras

EXPECTED = "Expected the path of a .keras or .h5 file, or of a SavedModel's folder"

ONNX = 'Turn it into a SavedModel, in a shell `onnx2tf -i model.onnx -o folder -osd`, and pass "folder".'
TORCH = (
    'Export it with torch.onnx.export(model, images, "model.onnx"), turn that into a SavedModel, in a shell '
    '`onnx2tf -i model.onnx -o folder -osd`, and pass "folder".'
)
WEIGHTS = "They are weights without a model. Make the model, give it the weights, and pass it:"

FILES: dict[tuple[str, ...], tuple[str, str]] = {
    (".onnx",): ("an ONNX file", ONNX),
    (".pt", ".pth", ".pt2", ".torchscript"): ("a file of PyTorch", f"Load it where it was made. {TORCH}"),
    (".safetensors", ".npz", ".npy", ".gguf", ".caffemodel", ".pdparams", ".params", ".bin"): (
        "a file of weights",
        f"{WEIGHTS} model.set_weights(list_of_arrays).",
    ),
    (".msgpack",): ("a file of Flax on JAX", f"{WEIGHTS} keras.layers.FlaxLayer(module, variables)."),
    (".ckpt", ".index", ".data-00000-of-00001"): (
        "a checkpoint",
        f"{WEIGHTS} tf.train.Checkpoint(model=model).restore(path).",
    ),
    (".tflite", ".lite"): (
        "a TensorFlow Lite file, which has no gradients",
        'Pass the model that it was made from, such as "model.keras" from model.save("model.keras").',
    ),
    (".mlmodel", ".mlpackage", ".engine", ".trt", ".plan", ".rknn", ".dlc"): (
        "a file that was compiled for one kind of device and has no gradients",
        'Pass the model that it was made from, such as "model.keras" from model.save("model.keras").',
    ),
    (".pkl", ".pickle", ".joblib", ".dill"): (
        "a pickle, which may run any code",
        'If you trust it, load it yourself and save what is in it: model.save("model.keras").',
    ),
    (".json", ".yaml", ".yml"): (
        "an architecture without weights",
        "Make the model, load its weights, and pass it: keras.models.model_from_json(Path(path).read_text()).",
    ),
    (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar"): (
        "an archive",
        "Unpack it, shutil.unpack_archive(path), and pass the path of what is in it.",
    ),
    (".py", ".ipynb"): ("a program", "Import what makes the model in it, and call it: from program import make_model."),
    (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"): (
        "an image",
        "The model comes first: feature_maps(model, layer, path).",
    ),
}
"""By how a file's name ends."""


def refused_path(path: str | Path) -> str:
    """Says of a path that no model can be loaded from what it is, what is expected, and what comes nearest."""
    text, path = str(path), Path(path)
    what, way = _known(text, path)
    return f"{EXPECTED}, got {text[:200]!r}{f', {what}' if what else ''}. {way}"


def _known(text: str, path: Path) -> tuple[str, str]:
    if address := re.match(r"(\w{2,}):/+", text):  # a Path has made one slash of two
        if address[1] in ("hf", "kaggle"):
            preset = text.replace(address[0], f"{address[1]}://")[:200]
            return "the address of a preset", f'Load it: keras_hub.models.Backbone.from_preset("{preset}").'
        return "an address", "Download the file and pass its path: keras.utils.get_file(origin=address)."
    if path.is_dir():
        return "a folder that is no SavedModel", _in_folder(path)
    for endings, known in FILES.items():
        if text.lower().endswith(endings):
            return known
    names = {_plain(name): name for name in dir(keras.applications) if name[0].isupper()}
    close = [] if path.suffix and path.exists() else difflib.get_close_matches(_plain(text), names, 1, 0.8)
    if close:
        name = names[close[0]]
        return "the name of an architecture", f"Make the model: keras.applications.{name}()."
    if path.is_file():
        return "", 'If it is a model\'s file, save the model anew: model.save("model.keras").'
    said = f"There is no such file (in the working directory {str(Path.cwd())!r})."
    if beside := _models_in(Path.cwd()):
        return "", f"{said} There is {beside!r}."
    return "", f'{said} Save the model first, model.save("model.keras"), and pass "model.keras".'


def _in_folder(folder: Path) -> str:
    if inside := _models_in(folder):
        return f"There is a model in it: pass {str(folder / inside)!r}."
    names = {entry.name for entry in folder.iterdir()}
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        restored = "tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(folder))"
        return f"It holds a checkpoint. {WEIGHTS} {restored}."
    if {"config.json", "metadata.json"} <= names:
        return 'It is an unpacked .keras file: pack it, shutil.make_archive("model", "zip", folder), and rename it.'
    return 'A SavedModel has a file saved_model.pb in it: save the model again, model.save("model.keras").'


def _models_in(folder: Path) -> str:
    """The first file in a folder that may be a model; empty where there is none."""
    try:
        found = sorted(each.name for each in folder.iterdir() if each.suffix in (".keras", ".h5", ".hdf5"))
    except OSError:
        return ""
    return next((name for name in found if ".weights." not in name), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
