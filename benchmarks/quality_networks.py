"""The networks whose pictures are judged, each with its natural images and the filters that are drawn."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from PIL import Image

from benchmarks.quality_cache import cached
from filterviz_widget import demo
from filterviz_widget.demo import flower_model, flowers
from tests.trained.network import CAFFE, crops, vgg16

FILTERS = {"flower model": 16, "VGG16": 8}
"""Of each layer, drawn at random."""

LAYERS = {
    "flower model": ("conv1", "conv2", "conv3", "conv4", "conv5", "logits"),
    "VGG16": ("block1_conv2", "block3_conv3", "block5_conv3"),  # blocks 2 and 4 are what presets were tuned on
}


class Judged(NamedTuple):
    """A network.

    Attributes:
        name: What it is called.
        model: As a person gives it to this project.
        reading: How that is read.
        plain: The same for those who take a model as it is: its input is pixels in `high`'s range.
        high: The largest value of a pixel; the lowest is 0.
        natural: Images that it answers to, `(count, height, width, 3)` from 0 to 1.
    """

    name: str
    model: Any
    reading: dict[str, Any]
    plain: Any
    high: float
    natural: np.ndarray

    def cut(self, layer: str) -> Any:
        """From pixels to a layer's feature maps."""
        return keras.Model(self.plain.input, self.plain.get_layer(layer).output)

    def measure(self, layer: str, images: np.ndarray, batch: int = 50) -> np.ndarray:
        """A layer's activations, `(count, filters)`, for images from 0 to 1; computed by Keras in float32."""
        cut = self.cut(layer)
        starts = range(0, len(images), batch)
        maps = (cut(self.high * images[first : first + batch], training=False).numpy() for first in starts)
        return np.concatenate([each.reshape(len(each), -1, each.shape[-1]).mean(1) for each in maps])

    def filters(self, layer: str) -> list[int]:
        """Some that answer differently to different natural images."""
        live = np.flatnonzero(self.measure(layer, self.natural).std(0) > 0)
        drawn = np.random.default_rng(0).choice(live, min(FILTERS[self.name], len(live)), replace=False)
        return sorted(map(int, drawn))


@cache
def judged(name: str) -> Judged:
    """One of the networks."""
    if name == "flower model":
        sources = sorted(Path(demo.__file__).parent.glob("*.py"))
        natural = cached("flowers", (2000, *sources), lambda: flowers(2000, seed=2)[0])
        model = flower_model()
        return Judged(name, model, {"input_range": (0, 1)}, model, 1.0, natural)
    size = 128  # Lucid's
    natural = np.stack([np.asarray(Image.fromarray(np.uint8(each)).resize((size, size))) for each in crops(6)])
    image = keras.Input((size, size, 3))
    model, plain = (
        keras.applications.VGG16(weights=None, include_top=False, input_tensor=start)
        for start in (image, image[..., ::-1] - CAFFE)
    )
    for each in (model, plain):
        each.set_weights(vgg16().model.get_weights())
    return Judged(name, model, {"preprocess": "caffe"}, plain, 255.0, natural.astype(np.float32) / 255)
