"""Layer normalization and dense layers over positions: Keras' values and gradients, in fewer operations."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from tests.twin.networks import SIZE, images, operations, sequential, slope, twin_of
from tests.twin.test_twin import assert_equal


def modern(**options):
    """A block in the manner of ConvNeXt, its normalization with weights of its own."""
    model = sequential(
        layers.Conv2D(6, 3, name="conv"),
        layers.LayerNormalization(name="normalization", **options),
        layers.Dense(9, activation="gelu", name="wide"),
        layers.Dense(4, name="narrow"),
    )
    for variable in model.get_layer("normalization").weights:
        variable.assign(np.random.default_rng(5).uniform(0.5, 1.5, variable.shape))
    return model


@pytest.mark.parametrize("layer", ["normalization", "wide", "narrow", "last"])
def test_values_and_gradients_are_the_models(layer):
    model = modern(epsilon=1e-6)
    view = read_model(model)
    assert_equal(twin_of(view, layer), model, layer)
    np.testing.assert_allclose(slope(twin_of(view, layer)), slope(view.cut(layer)), rtol=1e-3, atol=1e-6)
    reduced = twin_of(view, layer, precision="bfloat16")(images())
    np.testing.assert_allclose(reduced, view.cut(layer)(images()), atol=0.1)


@pytest.mark.parametrize("options", [{"axis": 1}, {"axis": [1, 2, 3]}, {"scale": False}, {"center": False}])
def test_a_normalization_of_another_kind_is_left_as_it_is(options):
    model = modern(**options)
    assert_equal(twin_of(read_model(model), "last"), model, "last")


def test_a_size_that_is_not_known_while_tracing_is_no_obstacle():
    model = modern()
    twin = twin_of(read_model(model), "last")
    run = tf.function(twin, input_signature=[tf.TensorSpec((None, None, None, 3))], autograph=False)
    np.testing.assert_allclose(run(images()), model(images(), training=False), rtol=1e-4, atol=1e-5)


def test_new_weights_show():
    model = modern()
    twin = twin_of(read_model(model), "last")
    model.get_layer("normalization").gamma.assign(np.linspace(-1, 1, 6))
    assert_equal(twin, model, "last")


def test_a_dense_layer_over_positions_is_a_product_of_matrices():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Dense(4, name="dense"), layers.Conv2D(2, 1)])
    twin = twin_of(read_model(model), "dense")
    kinds = operations(lambda images: tf.gradients(twin(images), images))
    assert "MatMul" in kinds
    assert "Transpose" not in kinds
