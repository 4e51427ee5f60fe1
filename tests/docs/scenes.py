"""What stands around an example: what documentation calls `model`, "photos/" or `images`."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

import filterviz_widget
from filterviz_widget.demo import SPECIES, bundled_flowers, flower_model
from filterviz_widget.model import read_model
from filterviz_widget.twin.weights import Weights
from tests.networks import with_weights

Scene = dict[str, Any]


def files(folder: Path) -> None:
    """The files that examples name."""
    images, _ = bundled_flowers()
    (folder / "photos").mkdir()
    for number in range(6):
        Image.fromarray(images[10 * number]).save(folder / "photos" / f"{number}.png")
    Image.fromarray(images[3]).save(folder / "cat.jpg")
    flower_model().save(folder / "model.keras")


def public() -> Scene:
    """What the package gives."""
    return {name: getattr(filterviz_widget, name) for name in filterviz_widget.__all__}


def shared() -> Scene:
    """What nearly all examples are about: the flowers and the network that knows them."""
    images, labels = bundled_flowers()
    return {
        **public(),
        **{"keras": keras, "np": np, "numpy": np, "tf": tf, "json": json, "Path": Path},
        "model": flower_model(),
        "images": images[::10],
        "labels": labels[::10],
        "names": [species.name for species in SPECIES],
    }


def explored(scene: Scene) -> Scene:
    """With an explorer of that network."""
    return {**scene, "explorer": filterviz_widget.FilterExplorer(scene["model"], layer="conv3", filter=12)}


def inside(scene: Scene) -> Scene:
    """With what those who work on the package have at hand."""
    return {**scene, "read_model": read_model, "Weights": Weights}


class Block(keras.layers.Layer):
    """The half of a transformer's block that looks around."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.attention = keras.layers.MultiHeadAttention(2, 4, name="attention")

    def build(self, shape: Any) -> None:
        self.attention.build(shape, shape)

    def call(self, tokens: Any) -> Any:
        return tokens + self.attention(tokens, tokens)


def transformer(scene: Scene) -> Scene:
    """With a network whose heads look at a grid of 4 x 4 tokens."""
    tokens = keras.Input((16, 8))
    encoder = keras.Model(tokens, Block(name="block_3")(tokens), name="encoder")
    image = keras.Input((32, 32, 3))
    x = keras.layers.Reshape((16, 8))(keras.layers.Conv2D(8, 8, 8, name="patches")(image))
    model = keras.Model(image, keras.layers.GlobalAveragePooling1D()(encoder(x)))
    with_weights(model)
    return {**scene, "model": model, "vit": model}


class Here(filterviz_widget.Atlas):
    """An atlas that is made in this process: workers take longer to start than such a small one to be made."""

    @classmethod
    def make(cls, model: Any, folder: Any, **options: Any) -> filterviz_widget.Atlas:
        few = "few.keras" if isinstance(model, str) else model
        return super().make(few, Path(folder) / "few", workers=0, progress=False, facets=0, **options)


def few(scene: Scene) -> Scene:
    """With a network of few filters."""
    layers = keras.layers
    convolutions = [layers.Conv2D(count, 3, 2, name=f"conv{count - 1}") for count in (2, 3)]
    model = keras.Sequential([keras.Input((24, 24, 3)), *convolutions, layers.Flatten(), layers.Dense(2)])
    with_weights(model)
    shutil.rmtree("atlas", ignore_errors=True)
    model.save("few.keras")
    return {**scene, "model": model, "Atlas": Here}


def training(scene: Scene) -> Scene:
    """With a small network, compiled, and digits to train it with."""
    layers = keras.layers
    convolutions = [layers.Conv2D(32, 3, name="conv2d"), layers.Conv2D(64, 3, strides=2, name="conv2d_1")]
    model = keras.Sequential([keras.Input((12, 12, 1)), *convolutions, layers.Flatten(), layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 12, 12, 1), np.float32), rng.integers(0, 3, 64)
    history = filterviz_widget.FilterHistory(layers=["conv2d_1"], filters=range(4), iterations=2, input_range=(0, 1))
    return {**scene, "model": model, "x": x, "y": y, "history": history}


def trained(scene: Scene) -> Scene:
    """With that network trained for an epoch."""
    scene = training(scene)
    scene["model"].fit(scene["x"], scene["y"], epochs=1, verbose=0, callbacks=[scene["history"]])
    return scene
