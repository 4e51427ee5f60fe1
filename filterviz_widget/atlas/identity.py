"""Which atlas it is: digests of the model's weights and of everything that the files depend on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from filterviz_widget._version import __version__
from filterviz_widget.atlas.files import FORMAT

BLOCK = 1 << 22


def weights_digest(model: Any) -> str:
    """Of the weights of a Keras model, in their order; their names, which Keras may number, have no say."""
    digest = hashlib.sha256()
    for weight in model.weights:
        values = np.asarray(weight)
        digest.update(repr((values.shape, values.dtype.name)).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:32]


def images_digest(photos: Path | Sequence[Path] | None) -> str:
    """Of the file of an array by what it holds; of images by their names and sizes, wherever they lie."""
    digest = hashlib.sha256()
    if isinstance(photos, Path):
        with photos.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    elif photos is not None:
        digest.update(json.dumps([(each.name, each.stat().st_size) for each in photos]).encode())
    else:
        return ""
    return digest.hexdigest()[:32]


def key(about: dict[str, Any]) -> str:
    """Of everything that the files depend on, as plain data, and of this version."""
    text = json.dumps({**about, "format": FORMAT, "version": __version__}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
