"""Files that Keras 2 wrote and Keras 3 cannot read, opened by Keras 2 where that is installed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]  # it has no types

from filterviz_widget.model.reason import reason


def is_of_keras2(path: Path) -> bool:
    """Whether Keras 2, or a Keras before it, wrote an HDF5 file with a whole model."""
    try:
        with h5py.File(path, "r") as file:
            version = file.attrs.get("keras_version", "")
            return "model_config" in file.attrs and _text(version).startswith(("1.", "2."))
    except (OSError, RuntimeError, ValueError, TypeError, KeyError):  # it is damaged there
        return False


def open_keras2(path: Path) -> Any:
    """The model of tf_keras in an HDF5 file, not compiled. A file with code in it is refused.

    Raises:
        ValueError: If tf_keras is not installed, the file holds code, or tf_keras cannot read it either.
    """
    try:
        import tf_keras
    except ImportError as error:
        raise ValueError(
            f"{str(path)!r} is of Keras 2, and Keras 3 cannot read it. Install Keras 2 beside it, pip install "
            "tf_keras, and try again."
        ) from error
    with h5py.File(path, "r") as file:
        config = json.loads(_text(file.attrs["model_config"]))
    if code := next(_with_code(config), None):
        raise ValueError(
            f"{str(path)!r} is of Keras 2 and holds code ({code}), which is not run. If you trust it, load it with "
            "tf_keras.models.load_model(path) and pass the model."
        )
    try:
        return tf_keras.models.load_model(path, compile=False)
    except Exception as error:
        raise ValueError(
            f"The model in {str(path)!r} is of Keras 2, and tf_keras could not load it ({reason(error)}). If it has "
            "layers of your own, load it with tf_keras.models.load_model(path, custom_objects=...) and pass the model."
        ) from error


def _with_code(config: Any) -> Iterator[str]:
    """The names of the layers of a configuration that hold code."""
    if isinstance(config, dict):
        inner = config.get("config")
        name = inner.get("name", "?") if isinstance(inner, dict) else "?"
        if config.get("class_name") in ("Lambda", "__lambda__", "function") or config.get("function_type") == "lambda":
            yield f"the {config.get('class_name', 'function')} {name!r}"
        for value in config.values():
            yield from _with_code(value)
    elif isinstance(config, list):
        for value in config:
            yield from _with_code(value)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
