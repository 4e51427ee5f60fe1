"""Draws random descriptions in a process of its own, for `soak.determinism`: `python -m soak.drawing '{...}'`"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported

SEED_OF_WEIGHTS = 3
ITERATIONS = 6
EACH_WAY = 3
"""Pictures of each way to ascend, which takes up to a second to compile."""

DOORS = ["widget", "layer", "filter"]

LAYERS = {"kinds": ("conv", "depthwise", "normalized", "transposed", "attended", "units"), "flower": ("conv2", "conv4")}
SIZES: dict[str, tuple[Any, ...]] = {"kinds": (20, (20, 28)), "flower": (96, (80, 96))}
ONE_SIZE = ("attended", "units")
"""Layers of the first that can be computed at its own size only."""

FILTERS = 6
"""That every one of these layers has."""


def network() -> Any:
    """A convolution, a depthwise and a transposed one, batch normalization, attention and a dense layer."""
    import keras
    from keras import layers

    from tests.networks import with_weights

    x = inputs = keras.Input((20, 20, 3))
    x = layers.Conv2D(8, 5, padding="same", activation="relu", name="conv")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="elu", name="depthwise")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="plain")(x)
    x = layers.BatchNormalization(name="normalized")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="elu", name="transposed")(x)
    x = layers.Reshape((400, 6), name="tokens")(x)
    x = layers.MultiHeadAttention(2, 4, name="attended_tokens")(x, x)
    x = layers.Reshape((20, 20, 6), name="attended")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, layers.Dense(6, name="units")(x), name="kinds")
    with_weights(model, SEED_OF_WEIGHTS)
    mean, variance = model.get_layer("normalized").get_weights()[2:]
    gamma, beta = model.get_layer("normalized").get_weights()[:2]
    model.get_layer("normalized").set_weights([gamma, beta, mean, np.abs(variance) + 0.1])
    return model


def wishes(times: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """What is drawn, the same in every process: names of models with arguments of `visualize_filter`."""
    rng = np.random.default_rng(seed)

    def one_of(*choices: Any) -> Any:
        return choices[rng.integers(len(choices))]

    def amount(high: float) -> float:
        return one_of(0.0, round(float(rng.uniform(0, high)), 2))

    def way() -> tuple[str, dict[str, Any]]:
        model = one_of("kinds", "kinds", "kinds", "flower")
        layer = one_of(*LAYERS[model])
        return model, {
            "layer": layer,
            "image_size": SIZES[model][0] if layer in ONE_SIZE else one_of(*SIZES[model]),
            "method": one_of("classic", "classic", "robust", "natural"),
            "precision": one_of("float32", "auto"),
            "objective": one_of("mean", "mean", "center", "layer"),
            "update": one_of("normalized", "adam"),
            "direction": one_of((), (), ((0, 1.0), (4, -0.5))),
            "sign": one_of(1, -1),
            "octaves": one_of(1, 1, 2),
            "jitter": amount(4),
            "rotation": amount(20),
            "blur": amount(2),
            "l2": amount(2),
            "total_variation": amount(1),
        }

    ways = [way() for _ in range(max(1, times // EACH_WAY))]
    made = []
    for number in range(times):
        model, chosen = ways[number % len(ways)]
        numbers = {
            "filter": int(rng.integers(FILTERS)),
            "seed": int(rng.integers(2**31)),
            "iterations": int(rng.integers(1, ITERATIONS + 1)),
            "step_size": round(float(rng.uniform(0.5, 8)), 2),
        }
        made.append((model, chosen | numbers))
    return made


def drawn(models: dict[str, Any], wished: list[tuple[str, dict[str, Any]]], places: Iterable[int]) -> Iterator[Any]:
    """Their pictures with their places, each by another door than the one before."""
    from filterviz_widget import FilterExplorer, visualize_filter, visualize_layer

    for place in places:
        name, options = wished[place]
        model, door = models[name], DOORS[place % len(DOORS)]
        if door == "widget":
            explorer = FilterExplorer(model, panels=(), **options)
            picture = explorer.wait(120)
            explorer.close()
        elif door == "layer":
            rest = {name: value for name, value in options.items() if name not in ("layer", "filter")}
            (picture,) = visualize_layer(model, options["layer"], [options["filter"]], progress=False, **rest)
        else:
            picture = visualize_filter(model, **options)
        yield place, picture


def other_work(model: Any) -> None:
    """What a person may have done before: other numbers drawn, other networks trained, all cores at work."""
    import keras
    import tensorflow as tf

    from tests.networks import small_network

    keras.utils.set_random_seed(11)
    trained = small_network()
    trained.compile("adam", "mse")
    trained.fit(np.random.default_rng(1).random((16, 20, 20, 3)), np.zeros((16, 3)), epochs=1, verbose=0)
    model(tf.random.uniform((8, 20, 20, 3)))
    tf.linalg.matmul(tf.random.normal((512, 512)), tf.random.normal((512, 512)))


def main() -> None:
    """Writes the pictures' arrays by their places."""
    asked = json.loads(sys.argv[1])
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(asked["threads"])
    from filterviz_widget.demo import flower_model

    wished = wishes(asked["times"], asked["seed"])
    models = {"kinds": network(), "flower": flower_model()}
    places: Iterable[int] = range(len(wished))
    if asked["is_later"]:
        other_work(models["kinds"])
        places = reversed(places)
    else:  # by one door, whichever it is
        DOORS[:] = ["filter"]
    arrays = {}
    for place, picture in drawn(models, wished, places):
        arrays[f"{place} raw"], arrays[f"{place} image"] = picture.raw, picture.image
        arrays[f"{place} curve"] = picture.activations
    np.savez(asked["path"], **arrays)


if __name__ == "__main__":
    main()
