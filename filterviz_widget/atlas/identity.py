"""Which atlas it is: digests of the model's weights and of everything that the files depend on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from filterviz_widget._version import __version__
from filterviz_widget.atlas.files import FORMAT

NAMES = ("name", "module", "build_config")
"""Of a layer's config what does not say what it computes."""


def weights_digest(model: Any) -> str:
    """Of the weights of a Keras model, in their order; their names, which Keras may number, have no say."""
    digest = hashlib.sha256()
    for weight in model.weights:
        values = np.asarray(weight)
        digest.update(repr((values.shape, values.dtype.name)).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:32]


def architecture(model: Any) -> Any:
    """What its layers are, as plain data, as far as they say: two that differ in an activation are two models.

    Without names, which Keras may number.
    """
    from filterviz_widget.model.keras_private import flat_layers

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                str(key): plain(each) for key, each in value.items() if key not in ("name", "module", "build_config")
            }
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        return value if isinstance(value, str | int | float | bool | None) else type(value).__name__

    found = []
    for layer in flat_layers(model):
        try:
            config = plain({key: value for key, value in layer.get_config().items() if key != "layers"})
        except Exception:  # a layer of one's own without a config
            config = None
        found.append([type(layer).__name__, config])
    return found


def behaviour(preprocess: Any, images: npt.NDArray[np.float32]) -> str:
    """A function by what it does to images: where it is written, and in which kernel, has no say."""
    made = np.asarray(preprocess(images), np.float64).ravel()
    some = made[:: max(1, len(made) // 64)]
    steps = np.rint(some / (float(np.abs(made).max()) or 1.0) * 4096).astype("<i4")
    return f"function {hashlib.sha256(steps.tobytes()).hexdigest()[:16]}"


def file_digest(path: Path) -> str:
    """Of what a file holds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def images_digest(photos: Path | Sequence[Path] | None) -> str:
    """Of the file of an array by what it holds; of images by their names and sizes, wherever they lie."""
    if photos is None:
        return ""
    if isinstance(photos, Path):
        return file_digest(photos)
    return hashlib.sha256(json.dumps([(each.name, each.stat().st_size) for each in photos]).encode()).hexdigest()[:32]


def key(about: dict[str, Any]) -> str:
    """Of everything that the files depend on, as plain data, and of this version."""
    text = json.dumps({**about, "format": FORMAT, "version": __version__}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
