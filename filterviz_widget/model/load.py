"""From what the user passes, a model or the path of one, to a Keras model."""

from pathlib import Path
from typing import Any

import keras

from filterviz_widget.model.file_check import check_file, check_weights
from filterviz_widget.model.generators import kept
from filterviz_widget.model.keras2 import is_of_keras2, open_keras2
from filterviz_widget.model.keras_private import names_kept
from filterviz_widget.model.lock import READING
from filterviz_widget.model.reason import reason
from filterviz_widget.model.refusals import refusal
from filterviz_widget.model.traced.known import of_tensorflow
from filterviz_widget.model.traced.saved import from_folder, from_frozen
from filterviz_widget.store.paths import expanded

SAVED = "saved_model.pb"
SUFFIXES = (".keras", ".h5", ".hdf5")


def load(model: Any, input_shape: Any = None) -> Any:
    """Returns the model as Keras sees one, loaded from its file where it is a path, traced where it is none of Keras'.

    A file of Keras is loaded in its safe mode, which runs no code that it may contain, and is not compiled.

    Args:
        model: See `read_model`.
        input_shape: Of one example, where the model does not say.

    Raises:
        TypeError: If it is neither.
        RuntimeError: If Keras runs on another backend than TensorFlow.
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, damaged, or larger unpacked than the memory; if Keras cannot load
            it, or would run code in it.
    """
    if (backend := keras.config.backend()) != "tensorflow":
        raise RuntimeError(
            f"The ascent is compiled by TensorFlow, but Keras runs on {backend!r}. "
            'Set the environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
        )
    if isinstance(model, str | Path):
        return _load_file(expanded(model), input_shape)
    if isinstance(model, keras.Layer):
        return model
    if (made := of_tensorflow(model, input_shape)) is None:
        raise TypeError(refusal(model))
    return made


def _load_file(path: Path, input_shape: Any) -> Any:
    if path.is_dir() and (path / SAVED).is_file():
        return from_folder(path)
    if path.suffix == ".pb" and path.is_file():
        return from_folder(path.parent) if path.name == SAVED else from_frozen(path, input_shape)
    if path.suffix not in SUFFIXES:
        raise ValueError(refusal(path))
    if path.is_dir():
        raise ValueError(f"{str(path)!r} is a folder. Expected a .keras or .h5 file.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r} (in the working directory {str(Path.cwd())!r}).")
    stored = check_file(path)
    with READING, names_kept(), kept():  # what Keras notes of its own in the process must not stay
        check_weights(path, stored)
    try:
        with READING, names_kept(), kept():
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        if "No model config found" in str(error):
            raise ValueError(
                f"{str(path)!r} holds weights only. Make the model, load them with model.load_weights(path), and pass "
                "the model."
            ) from error
        if path.suffix != ".keras" and is_of_keras2(path):
            return of_tensorflow(open_keras2(path), None)
        raise ValueError(
            f"The model in {str(path)!r} could not be loaded ({reason(error)}). If it has layers of your own, or code "
            "that you trust, load it with keras.saving.load_model(path, custom_objects=..., safe_mode=...) and pass "
            "the model."
        ) from error
