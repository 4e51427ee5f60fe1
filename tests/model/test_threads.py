"""Models are read in many threads at once: always the same layers, and nothing is left on the model."""

import random
import threading
from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model import generators, read_model
from filterviz_widget.model.keras_private import flat_layers
from tests.model.networks import Block, SubclassedOfBlocks

THREADS, READINGS = 8, 20


def functional_with_blocks():
    x = image = keras.Input((12, 12, 3))
    for number in range(4):
        x = Block(3, name=f"block_{number}")(x)
    return keras.Model(image, layers.Dense(2, name="units")(layers.GlobalAveragePooling2D()(x)))


def subclass():
    model = SubclassedOfBlocks()
    model(np.zeros((1, 12, 12, 3), np.float32))
    return model


def nodes(model):
    return [(layer.name, len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in flat_layers(model)]


@pytest.mark.parametrize("make", [functional_with_blocks, subclass])
def test_a_model_that_is_read_in_many_threads_at_once_has_the_same_layers_each_time(make):
    model = make()
    expected, before = read_model(model).layers, nodes(model)
    seen, errors = Counter(), []
    start = threading.Barrier(THREADS)

    def read():
        start.wait()
        try:
            for _ in range(READINGS):
                seen[read_model(model).layers] += 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert seen == {expected: THREADS * READINGS}
    assert nodes(model) == before


class Drawing(layers.Layer):
    """Draws from the global generators whenever it is traced."""

    def call(self, x):
        return x * (1 + 0 * random.random() + 0 * np.random.random())  # noqa: NPY002

    def compute_output_shape(self, shape):
        return shape


def test_reading_a_model_with_code_of_its_own_leaves_the_global_generators_where_they_were():
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, layers.Conv2D(2, 3, name="conv")(Drawing()(image)))
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.Random(3).random(), np.random.RandomState(3).random_sample()
    view = read_model(model)
    assert view.has_own_code
    with generators.kept(view.has_own_code):
        view.cut("conv")(np.zeros((1, 8, 8, 3), np.float32))
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_draws_that_another_thread_makes_are_not_rewound_where_the_code_is_keras_own():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, activation="relu")])
    assert not read_model(model).has_own_code
    reference = random.Random(5)
    expected = [reference.random() for _ in range(2)]
    random.seed(5)
    with generators.kept(False):
        first = random.random()
    assert [first, random.random()] == expected


@pytest.mark.parametrize(
    ("layer", "is_own"),
    [
        (layers.Conv2D(2, 3, activation="relu"), False),
        (layers.SpectralNormalization(layers.Conv2D(2, 3)), False),
        (layers.Conv2D(2, 3, activation=lambda x: x), True),
        (layers.Lambda(lambda x: x), True),
        (Block(2), True),
    ],
)
def test_a_view_tells_whether_tracing_runs_code_that_is_not_keras_own(layer, is_own):
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 1), layer])
    assert read_model(model).has_own_code == is_own
    assert read_model(model, preprocess=lambda x: x).has_own_code
