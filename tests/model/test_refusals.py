"""What is advised to somebody whose thing is no model works; tests/zoo has the words."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from filterviz_widget.model.refusals import refusal
from tests.zoo.other_models import table, text_of_strings

pytestmark = pytest.mark.usefixtures("quick_to_start")


def test_what_comes_behind_the_layer_that_reads_strings_gives_what_the_model_gives():
    model = text_of_strings()
    behind = keras.Model(model.get_layer("tokens").output, model.output)
    words = tf.constant(["a b b", "b"])
    np.testing.assert_allclose(behind(model.get_layer("tokens")(words)), model(words), rtol=1e-5)


def test_numbers_that_are_pixels_are_shown_as_is_advised():
    model = table()
    with pytest.raises(ValueError, match=r"keras.layers.Reshape\(\(7,\)\), model\]\)"):
        read_model(model)
    view = read_model(keras.Sequential([keras.Input((1, 7, 1)), keras.layers.Reshape((7,)), model]))
    assert view.image_shape == (1, 7, 1)
    kernel = np.asarray(model.get_layer("first").kernel)
    np.testing.assert_allclose(
        view.cut(f"{model.name}/first")(np.ones((1, 1, 7, 1), np.float32))[0], kernel.sum(0), 1e-4
    )


@pytest.mark.parametrize(
    ("shape", "advice"),
    [((784,), r"keras.Input\(\(28, 28, 1\)\)"), ((3072,), r"keras.Input\(\(32, 32, 3\)\)")],
)
def test_numbers_that_fill_a_square_are_taken_for_pixels_rather_than_for_a_table(shape, advice):
    with pytest.raises(ValueError, match=advice):
        read_model(keras.Sequential([keras.Input(shape), layers.Dense(2)]))


def test_nothing_of_a_things_own_is_run_to_say_what_it_is():
    class Touchy:
        def __getattr__(self, name):
            raise RuntimeError(f"{name} was asked for")

        def __len__(self):
            raise RuntimeError("its length was asked for")

    assert "got an object of type" in refusal(Touchy())
