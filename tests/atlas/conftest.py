"""A small atlas that the tests of this folder share, made in this very process, and what it was made from."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from filterviz_widget import Atlas
from tests.networks import SIZE, small_network

CLASSES = ("rose", "tulip", "daisy")
WAYS: dict[str, Any] = {"iterations": 3, "facets": 2, "input_range": (0, 1)}


def photographs() -> np.ndarray:
    """As smooth as photographs are."""
    coarse = np.random.default_rng(3).integers(0, 256, (12, 4, 4, 3), np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for each in coarse]
    )


def contents(folder: Path) -> dict[str, bytes]:
    """All files of an atlas by their addresses."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def model() -> keras.Model:
    return small_network()


@pytest.fixture(scope="session")
def atlas(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder = tmp_path_factory.mktemp("atlas") / "small"
    return Atlas.make(
        model, folder, images=photographs(), class_names=CLASSES, workers=0, wait=True, progress=False, **WAYS
    )


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the atlas that one process made."""
    from tests.atlas.in_scripts import make

    made = make(tmp_path_factory.mktemp("one") / "atlas", workers=1)
    assert made.made == 103
    return contents(made.folder)
