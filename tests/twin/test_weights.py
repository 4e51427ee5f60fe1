"""Weights of one moment: computed anew only where they have changed, and never of two training steps at once."""

import threading

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model
from filterviz_widget.twin import Source, Twin, Weights
from tests.twin.networks import sequential


def test_prepared_weights_are_held_once_for_all_layers_of_a_model():
    model = sequential(layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(name="normalization"))
    view, weights = read_model(model), Weights()
    taken = [weights.take(Twin(view, layer).sources) for layer in ("normalization", "relu", "last")]
    assert taken[0].tensors[0][0] is taken[1].tensors[0][0] is taken[2].tensors[0][0]


def doubled(layer):
    computed = []

    def compute(values):
        computed.append(1)
        return (2 * values[0],)

    return Source("key", tuple(layer.variables), compute), computed


def test_only_weights_whose_sources_have_changed_are_computed_anew_and_every_change_has_a_version():
    layer = layers.Dense(3)
    layer.build((None, 4))
    source, computed = doubled(layer)
    weights = Weights()
    versions = [weights.take([source]).version]
    assert weights.take([source]).version == versions[0]
    for change in (
        lambda: layer.kernel.assign(layer.kernel * 3),
        lambda: layer.kernel.assign_add(tf.ones((4, 3))),  # in place, as optimizers do
        lambda: layer.set_weights([weight + 1 for weight in layer.get_weights()]),
        lambda: keras.optimizers.Adam(0.1).apply([tf.ones((4, 3)), tf.ones(3)], layer.trainable_variables),
    ):
        change()
        taken = weights.take([source])
        np.testing.assert_array_equal(taken.tensors[0][0], 2 * layer.kernel.numpy())
        versions.append(taken.version)
        count = len(computed)
        assert weights.take([source]).version == versions[-1]
        assert len(computed) == count, "nothing had changed"
    assert versions == sorted(set(versions))
    assert len(computed) == 5


def test_what_was_taken_stays_as_it_was_while_the_model_is_trained():
    layer = layers.Dense(3)
    layer.build((None, 4))
    source = Source("key", tuple(layer.variables), tuple)
    (kernel, _), before = Weights().take([source]).tensors[0], layer.kernel.numpy()
    for _ in range(3):
        keras.optimizers.SGD(0.1).apply([tf.ones((4, 3)), tf.ones(3)], layer.trainable_variables)
        layer.kernel.assign_add(tf.ones((4, 3)))
    np.testing.assert_array_equal(kernel, before)
    assert np.abs(layer.kernel.numpy() - before).min() > 2


def test_weights_of_two_training_steps_are_never_mixed():
    variables = [keras.Variable(np.zeros(3, np.float32)) for _ in range(60)]
    source = Source("key", tuple(variables), tuple)
    over, mixed, seen = threading.Event(), [], set()

    @tf.function(autograph=False)
    def write(value):  # as an optimizer does
        for variable in variables:
            variable.assign(value)

    def train():
        for step in range(1, 100):
            write(tf.fill((3,), float(step)))
            over.wait(0.015)  # forward and backward pass
        over.set()

    training = threading.Thread(target=train)
    training.start()
    weights = Weights()
    while not over.is_set():
        steps = {float(tensor[0]) for tensor in weights.take([source]).tensors[0]}
        seen |= steps
        if len(steps) > 1:
            mixed.append(steps)
    training.join()
    assert mixed == []
    assert len(seen) > 10, "it was trained while they were taken"


def test_reduced_weights_and_those_of_every_dtype_can_be_told_apart():
    for dtype in ("float32", "bfloat16", "float16", "float64", "int8"):
        variable = keras.Variable(np.ones(3), dtype=dtype, trainable=False)
        source, weights = Source(dtype, (variable,), tuple), Weights()
        first = weights.take([source])
        assert weights.take([source]).version == first.version
        variable.assign(keras.ops.cast(np.arange(3), dtype))
        assert weights.take([source]).version > first.version
