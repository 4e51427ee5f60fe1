"""The user's model is read, never changed; nor is anything global."""

import functools
import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.src.backend.common import global_state

from filterviz_widget.model import read_model
from filterviz_widget.model.opening import Opening
from tests.model.networks import Case, Subclassed, SubclassedOfBlocks, functional_with_a_block, training_only_layers

pytestmark = pytest.mark.usefixtures("quick_to_start")


def used(model, **options):
    """Does all that can be done with a view, with a gradient through each function, traced and not."""
    view = read_model(model, **options)
    images = tf.constant(np.random.default_rng(0).uniform(0, 1, (2, *view.image_shape)), tf.float32)
    names = [info.name for info in view.layers]
    functions = [view.cut(name) for name in names]
    functions += [functools.partial(each, opening=Opening(tf.constant([True, False]), True)) for each in functions]
    functions += filter(None, map(view.pre_activation, names))
    for features in functions:
        features(images)

    @tf.function(autograph=False)
    def gradients(images):
        return [tf.gradients(features(images), images)[0] for features in functions]

    assert [gradient for gradient in gradients(images) if gradient is None] == []
    return view


class Restless(layers.Layer):
    """Assigns to its variable, draws random numbers and adds a loss at every call, training or not."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros")
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x):
        self.calls.assign_add(1.0)
        self.add_loss(keras.ops.mean(x))
        return x + 0 * keras.random.normal(keras.ops.shape(x), seed=self.seed)


def restless() -> Case:
    regular = layers.Conv2D(3, 3, activity_regularizer="l2", activation="relu", name="regular")
    return Case(keras.Sequential([keras.Input((12, 12, 3)), Restless(), regular, layers.Dense(2, name="units")]), {})


def subclassed() -> Case:
    model = Subclassed()
    model(np.zeros((1, 12, 12, 3), np.float32))
    return Case(model, {})


def subclassed_of_blocks() -> Case:
    model = SubclassedOfBlocks()
    model(np.zeros((1, 12, 12, 3), np.float32))
    return Case(model, {})


def everything(model):
    """All of a model's state that a reader could disturb."""
    parts = model._flatten_layers()
    return (
        [np.asarray(variable).tolist() for variable in model.variables],
        [np.asarray(loss).tolist() for loss in model.losses],
        [
            (
                part.name,
                part.trainable,
                part.built,
                part.dtype_policy.name,
                len(part._inbound_nodes),
                len(part._outbound_nodes),
                getattr(part, "activation", None),
                sorted(vars(part)),
            )
            for part in parts
        ],
        model.compiled,
        None if model.optimizer is None else [np.asarray(v).tolist() for v in model.optimizer.variables],
    )


@pytest.mark.parametrize(
    "case", [restless, training_only_layers, functional_with_a_block, subclassed, subclassed_of_blocks]
)
def test_a_model_that_was_trained_and_partly_frozen_is_the_same_after_as_before(case):
    model = case().model
    model.compile("adam", "mse")
    model.layers[-1].trainable = False
    images = np.random.default_rng(0).uniform(0, 1, (4, 12, 12, 3)).astype(np.float32)
    model.fit(images, np.zeros_like(model(images)), verbose=0)
    optimizer = model.optimizer
    model(images)
    before = everything(model)
    used(model)
    assert everything(model) == before
    assert model.optimizer is optimizer
    model.fit(images, np.zeros_like(model(images)), verbose=0)


def test_moving_averages_do_not_move_even_where_the_graph_says_training():
    model = training_only_layers().model
    norm = model.get_layer("norm")
    before = [np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)]
    images = np.random.default_rng(0).uniform(0, 1, (4, 12, 12, 3)).astype(np.float32)
    read_model(model).cut("second")(images)
    np.testing.assert_array_equal(norm.moving_mean, before[0])
    np.testing.assert_array_equal(norm.moving_variance, before[1])
    model(images)
    assert np.any(norm.moving_mean != before[0]), "the model itself moves them, so there was something to prevent"


def test_keras_global_state_is_the_same_after_as_before():
    def state():
        return (
            dict(global_state.get_global_attribute("object_name_uids")),
            keras.config.floatx(),
            keras.config.dtype_policy().name,
            keras.config.image_data_format(),
            tf.config.functions_run_eagerly(),
            tf.executing_eagerly(),
        )

    models = [case().model for case in (restless, functional_with_a_block, subclassed, subclassed_of_blocks)]
    before = state()
    for model in models:
        used(model, image_size=(12, 12))
    assert state() == before


def test_the_next_automatic_name_follows_the_users_own(tmp_path):
    model = subclassed().model
    first = layers.Conv2D(1, 1).name
    read_model(model)
    count = int(first.rpartition("_")[2]) if first != "conv2d" else 0
    assert layers.Conv2D(1, 1).name == f"conv2d_{count + 1}"


def test_a_model_is_let_go_with_its_view():
    model = subclassed_of_blocks().model
    view = used(model)
    seen = weakref.ref(model)
    del model, view
    gc.collect()
    assert seen() is None


def test_a_view_cannot_be_changed():
    view = read_model(subclassed().model)
    with pytest.raises(AttributeError):
        view.input_range = (0, 2)
