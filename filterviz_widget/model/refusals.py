"""What is said of a thing that is no model: what it is, what is expected, and the nearest way, with a line of code."""

import types
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.model.refused_paths import ONNX, TORCH, WEIGHTS, refused_path

EXPECTED = "Expected a Keras 3 model (keras.Model) or the path of one"

MADE = "keras.Sequential([keras.Input((height, width, channels)), {}])"
"""How a model is made of something else."""

NO_LAYERS = f"It has no layers to look into. Pass a network: {MADE.format('keras.layers.Conv2D(16, 3), ...')}."
OF_JAX = f"Make a Keras model of it: {MADE.format('keras.layers.JaxLayer(function, params=params)')}."

FOREIGN: dict[str, tuple[str, str]] = {
    "torch": ("a PyTorch model", TORCH),
    "fastai": ("a fastai learner on PyTorch", TORCH.replace("(model", "(learner.model")),
    "flax": (
        "a Flax model on JAX",
        f"Make a Keras model of it: {MADE.format('keras.layers.FlaxLayer(module, variables)')}.",
    ),
    "haiku": ("a Haiku model on JAX", OF_JAX),
    "equinox": ("an Equinox model on JAX", OF_JAX),
    "jax": ("an object of JAX", OF_JAX),
    "onnx": ("an ONNX model", f'Save it, onnx.save(model, "model.onnx"). {ONNX}'),
    "onnxruntime": ("a session of ONNX Runtime, which has no gradients", ONNX),
    "xgboost": ("a model of trees", NO_LAYERS),
    "lightgbm": ("a model of trees", NO_LAYERS),
    "catboost": ("a model of trees", NO_LAYERS),
    "sklearn": ("an estimator of scikit-learn", NO_LAYERS),
    "transformers": ("an object of Hugging Face Transformers", "Pass the model in it: pipeline.model."),
}
"""By the package that a class, or one of those that it is made from, comes from; the first that fits."""

Said = tuple[str, str]
"""What a thing is, and the nearest way."""


def refusal(thing: Any) -> str:
    """Says of something that cannot be read as a model what it is, what is expected, and what comes nearest.

    Nothing is imported and nothing of the thing's own is run to find that out: a class is known by the modules of those
    that it is made from.

    Args:
        thing: Anything but a Keras model; a string or a path for the name of something.

    Example:

    >>> refusal(keras.applications.ResNet50)
    'Expected a Keras 3 model (keras.Model) or the path of one, got the function ResNet50. Call it: ResNet50().'
    """
    if isinstance(thing, str | Path):
        return refused_path(thing)
    for known in (_of_python, _several, _of_keras, _of_others, _of_tensorflow, _around_a_model):
        if (said := known(thing)) is not None:
            return f"{EXPECTED}, got {said[0]}. {said[1]}"
    return f"{EXPECTED}, got an object of type {_kind(thing)}. Pass the network itself: FilterExplorer(model)."


def _of_python(thing: Any) -> Said | None:
    if thing is None:
        return "None", (
            "What changes a model, such as model.compile(...), model.build(...) and model.summary(), returns nothing: "
            "call it on a line of its own, and pass the model."
        )
    if isinstance(thing, types.ModuleType):
        makers = [name for name, value in vars(thing).items() if name[0].isupper() and _makes(value)]
        call = f"{thing.__name__}.{makers[0]}()" if makers else "keras.applications.VGG16()"
        return f"the module {thing.__name__}", f"Call the function in it that makes the model: {call}."
    if isinstance(thing, type):
        kind = f"the class {thing.__module__}.{thing.__qualname__}"
        if thing in (keras.Model, keras.Sequential):
            return kind, "Pass a model of that class: keras.applications.VGG16()."
        if issubclass(thing, keras.Model):
            return (
                kind,
                f"Make a model of it, and call it once on images: model = {thing.__name__}(...); model(images).",
            )
        if issubclass(thing, keras.Layer):
            return kind, f"Make a model with it: {MADE.format(f'{thing.__name__}(...)')}."
        return kind, f"If it is the class of a model, make one: model = {thing.__name__}(...)."
    if isinstance(thing, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        name = thing.__name__
        if not name.isidentifier():
            return "a lambda", "If it makes a model, call it: model = make()."
        sure = "Call it" if f"{thing.__module__}.".startswith("keras.") else "If it makes a model, call it"
        return f"the function {name}", f"{sure}: {name}()."
    return None


def _several(thing: Any) -> Said | None:
    """Lists and dictionaries of what a model is made of."""
    if not (isinstance(thing, list | tuple | dict) and thing):
        return None
    word = "dictionary" if isinstance(thing, dict) else type(thing).__name__
    parts = list(thing.values() if isinstance(thing, dict) else thing)
    if all(isinstance(each, keras.Model) for each in parts):
        return f"a {word} of models", "Pass one of them: models[0]." if word != "dictionary" else "Pass one of them."
    if all(isinstance(each, keras.Layer) for each in parts):
        return f"a {word} of layers", "Make a model of them: keras.Sequential(layers)."
    if all(isinstance(each, keras.KerasTensor) for each in parts):
        return f"a {word} of symbolic tensors", "Make a model of them: keras.Model(inputs, outputs)."
    if all(_is_array(each) or _names(each, "torch") for each in parts):
        return f"a {word} of arrays", f"{WEIGHTS} model.set_weights(list_of_arrays)."
    if isinstance(thing, dict) and "class_name" in thing:
        return "the configuration of a model", "Make the model: keras.saving.deserialize_keras_object(config)."
    return None


def _of_keras(thing: Any) -> Said | None:
    if isinstance(thing, keras.callbacks.Callback):
        return (
            f"a callback ({_kind(thing)})",
            "What model.fit(...) returns is the history of a training run: pass the model that was trained, "
            "history.model.",
        )
    for word, kind in (
        ("optimizer", keras.optimizers.Optimizer),
        ("loss", keras.losses.Loss),
        ("metric", keras.metrics.Metric),
    ):
        if isinstance(thing, kind):
            return f"the {word} {_kind(thing)}", "Pass the model that was compiled with it: FilterExplorer(model)."
    if isinstance(thing, keras.KerasTensor):
        return f"a symbolic tensor {tuple(thing.shape)}", "Make a model that ends there: keras.Model(inputs, tensor)."
    if isinstance(thing, keras.Variable):
        return f"the variable {thing.path!r}", "Pass the model that it is a weight of: FilterExplorer(model)."
    if {"Model", "Layer"} & _names(thing, "keras") and not _names(thing, "sklearn"):
        return (
            f"a Keras model of another Keras than the one that is loaded ({_kind(thing)})",
            "It was made before Keras was loaded again, or on another backend. Save it there, "
            'model.save("model.keras"), start again with KERAS_BACKEND="tensorflow", and pass "model.keras".',
        )
    return None


def _of_others(thing: Any) -> Said | None:
    """What comes from another package, by its classes' modules."""
    if _names(thing, "scikeras") or (_names(thing, "sklearn") and _names(thing, "keras")):
        return f"a Keras model in an estimator of scikit-learn ({_kind(thing)})", "Pass the model: estimator.model_."
    if {"Tensor", "Array", "Parameter"} & (_names(thing, "torch") | _names(thing, "jax") | _names(thing, "jaxlib")):
        return f"an array ({_kind(thing)})", "An image comes after the model: feature_maps(model, layer, image)."
    for package, (what, way) in FOREIGN.items():
        if _names(thing, package):
            return f"{what} ({_kind(thing)})", way
    return None


def _of_tensorflow(thing: Any) -> Said | None:
    """Images, which come after a model, and what TensorFlow has no gradients of or no call."""
    if _is_array(thing):
        name = thing.dtype.name
        return f"an array {tuple(thing.shape)} of {name}", (
            "An image comes after the model: feature_maps(model, layer, image)."
        )
    if type(thing).__module__.startswith("PIL."):
        return f"an image ({_kind(thing)})", "It comes after the model: feature_maps(model, layer, image)."
    if isinstance(thing, tf.data.Dataset):
        return f"a dataset ({_kind(thing)})", "It comes after the model: strongest_images(model, layer, dataset)."
    if isinstance(thing, tf.Module):
        inside = [name for name, value in vars(type(thing)).items() if hasattr(value, "get_concrete_function")]
        name = f"module.{inside[0]}" if inside else "tf.function(module.method)"
        return f"a tf.Module without __call__ ({_kind(thing)})", f"Pass its function that takes images: {name}."
    if _names(thing, "tensorflow.lite") or _names(thing, "ai_edge_litert") or _names(thing, "tflite_runtime"):
        return (
            f"a model of TensorFlow Lite, which has no gradients ({_kind(thing)})",
            'Pass the model that it was made from: keras.saving.load_model("model.keras").',
        )
    return None


def _around_a_model(thing: Any) -> Said | None:
    """Something that holds a model; nothing of its own is run to find that out."""
    held = getattr(thing, "__dict__", None)
    if not isinstance(held, dict):
        return None
    name = next((name for name, value in held.items() if isinstance(value, keras.Model)), None)
    return None if name is None else (f"an object of type {_kind(thing)}", f"Pass the model in it: thing.{name}.")


def _names(thing: Any, package: str) -> set[str]:
    """The classes of a package that a thing's class is made from, by their names."""
    return {each.__name__ for each in type(thing).__mro__ if f"{each.__module__}.".startswith(f"{package}.")}


def _makes(value: Any) -> bool:
    return isinstance(value, types.FunctionType) or (isinstance(value, type) and issubclass(value, keras.Model))


def _is_array(thing: Any) -> bool:
    return isinstance(thing, np.ndarray | tf.Tensor | tf.Variable | tf.RaggedTensor | tf.SparseTensor)


def _kind(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
