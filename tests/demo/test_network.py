"""The shipped network: its file, its accuracy, and whether its filters make pictures worth looking at."""

import functools
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import h5py  # type: ignore[import-untyped]  # it ships no types
import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget.demo import ACCURACY, SPECIES, flower_model, flowers, network

FILE = Path(network.__file__).with_name(network.WEIGHTS)
FILTERS = {"conv1": 16, "conv2": 32, "conv3": 64, "conv4": 80, "conv5": 96, "logits": 17}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return flower_model()


def start(seed: int, count: int) -> tf.Tensor:
    """The default start, the same for `count` filters: grey and +-4 grey levels of uniform noise."""
    noise = np.random.default_rng(seed).uniform(-4 / 255, 4 / 255, (1, 96, 96, 3))
    return tf.constant(np.repeat(0.5 + noise, count, axis=0), tf.float32)


def gradients(features: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """The gradient of filter i's activation (the mean of its feature map) with respect to image i."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        maps = features(images, training=False)
        activations = tf.reduce_mean(maps, axis=list(range(1, maps.shape.rank - 1)))
        total = tf.reduce_sum(tf.linalg.diag_part(activations))
    return tape.gradient(total, images)


def cut(model: keras.Model, layer: str, filters: int) -> keras.Model:
    """The model up to a layer's first filters."""
    return keras.Model(model.inputs, model.get_layer(layer).output[..., :filters], name="cut")


def test_the_shipped_file_is_below_one_megabyte() -> None:
    assert FILE.stat().st_size < 1_000_000


def test_the_shipped_file_holds_the_networks_weights_and_no_optimizer_state(model: keras.Model) -> None:
    sizes: list[int] = []
    with h5py.File(FILE) as file:
        assert "optimizer" not in file
        file.visititems(lambda name, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    assert sum(sizes) == model.count_params()


def test_the_convolutions_are_conv1_to_conv5_with_16_to_96_filters_and_then_come_the_logits(model: keras.Model) -> None:
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    found = {layer.name: layer.filters for layer in convolutions}
    assert found | {"logits": len(SPECIES)} == FILTERS
    assert model.layers[-1].name == "logits"


def test_it_takes_images_of_96_pixels_and_gives_one_number_per_species(model: keras.Model) -> None:
    assert model.input_shape == (None, 96, 96, 3)
    assert model.output_shape == (None, 17)


def test_from_its_smallest_size_on_every_layer_takes_images_of_other_sizes(model: keras.Model) -> None:
    def reach(size: int) -> int:
        """The side of conv5's feature map."""
        shape = (1, size, size, 3)
        for layer in model.layers[1:-2]:  # between the input, and the mean and the logits, which have no positions
            shape = layer.compute_output_shape(shape)
        return shape[1]

    assert reach(network.SMALLEST) == 1
    assert reach(160) == 6  # by hand: 160, 156, 78, 76, 38, 36, 18, 16, 8, 6
    with pytest.raises(ValueError, match="output"):
        reach(network.SMALLEST - 1)


def test_loading_it_leaves_keras_counter_of_names_alone() -> None:
    keras.utils.clear_session()
    flower_model()
    assert keras.layers.Conv2D(1, 1).name == "conv2d"
    assert keras.layers.Dense(1).name == "dense"


def test_a_brighter_or_duller_photograph_has_the_same_logits(model: keras.Model) -> None:
    """Standardised input: an affine change of each channel drops out (up to the epsilon)."""
    images, _ = flowers(4, seed=2)
    changed = 0.3 + 0.5 * images
    np.testing.assert_allclose(
        model.predict(images, verbose=0), model.predict(changed, verbose=0), rtol=1e-2, atol=1e-2
    )


def test_it_names_unseen_flowers_as_well_as_the_docs_say(model: keras.Model) -> None:
    """ACCURACY is of 2,000 images (a minute to draw); these are 510 unseen ones, so chance alone moves them by a
    binomial standard deviation, sqrt(p (1 - p) / 510), about .007. Three of those make a false alarm rare.
    """
    count = 510
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:  # drawing takes longest
        drawn = list(pool.map(flowers, [count // 2] * 2, [96] * 2, [2, 3]))
    images, labels = (np.concatenate(part) for part in zip(*drawn, strict=True))
    accuracy = (model.predict(images, batch_size=102, verbose=0).argmax(1) == labels).mean()
    assert ACCURACY >= 0.95
    assert abs(accuracy - ACCURACY) <= 3 * np.sqrt(ACCURACY * (1 - ACCURACY) / count)


def test_nine_of_ten_filters_of_every_layer_have_a_gradient_from_the_default_start(model: keras.Model) -> None:
    for layer, filters in FILTERS.items():
        gradient = gradients(cut(model, layer, filters), start(1, filters)).numpy()
        live = (gradient != 0).any((1, 2, 3))
        assert live.mean() >= 0.9, layer


@pytest.mark.parametrize("layer", FILTERS)
def test_pictures_are_neither_flat_nor_like_their_neighbours(model: keras.Model, layer: str) -> None:
    """Twenty steps of one grey level, in plain arithmetic; the first filters of a large layer stand for all."""
    filters = min(FILTERS[layer], 24)
    images = begin = start(0, filters)
    step = tf.function(functools.partial(gradients, cut(model, layer, filters)))
    for _ in range(20):
        gradient = step(images)
        images += gradient / (255 * tf.sqrt(tf.reduce_mean(gradient**2, axis=(1, 2, 3), keepdims=True)))
    change = (images - begin).numpy()

    even = (change.mean((1, 2)) ** 2).mean(1) / (change**2).mean((1, 2, 3))  # share of one even colour
    assert (even < 0.1).mean() >= 0.9

    vectors = change.reshape(filters, -1)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = (vectors[:-1] * vectors[1:]).sum(1)
    assert (likeness < 0.8).mean() >= 0.9
