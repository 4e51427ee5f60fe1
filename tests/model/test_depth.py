"""Receptive fields over signals and volumes, against where the gradient is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.model import read_model

ROWS = {
    "strides": [layers.Conv1D(2, 5, strides=2), layers.Conv1D(2, 3, strides=3)],
    "same": [layers.Conv1D(2, 4, padding="same"), layers.AveragePooling1D(3, 2, padding="same"), layers.Conv1D(2, 3)],
    "causal": [layers.Conv1D(2, 3, padding="causal", dilation_rate=2), layers.Conv1D(2, 2, padding="causal")],
    "dilated": [layers.Conv1D(2, 3, dilation_rate=4), layers.ReLU(), layers.BatchNormalization()],
    "separable": [layers.SeparableConv1D(3, 3, strides=2), layers.DepthwiseConv1D(4)],
    "transposed": [layers.Conv1D(2, 3, strides=2), layers.Conv1DTranspose(2, 3, strides=2, padding="same")],
    "padded": [layers.ZeroPadding1D((2, 1)), layers.Conv1D(2, 3), layers.Cropping1D((1, 2)), layers.UpSampling1D(2)],
}
STACKS = {
    "strides": [layers.Conv3D(2, (3, 2, 3), strides=(2, 1, 2)), layers.Conv3D(2, (1, 3, 2))],
    "same": [layers.Conv3D(2, 3, padding="same"), layers.AveragePooling3D((1, 2, 2)), layers.Conv3D(1, (2, 1, 1))],
    "transposed": [layers.Conv3D(2, 2, strides=2), layers.Conv3DTranspose(1, 2, strides=(2, 1, 1))],
    "frames": [layers.TimeDistributed(layers.Conv2D(2, 3)), layers.TimeDistributed(layers.AveragePooling2D(2))],
    "padded": [layers.ZeroPadding3D(((1, 0), (0, 1), (1, 0))), layers.Conv3D(1, 2), layers.UpSampling3D((2, 1, 1))],
}


def support(model, place):
    """Where a position's gradient is: along each axis the first place and the one behind the last."""
    size = tuple(model.inputs[0].shape[1:])
    for weight in model.weights:  # of one sign, so that nothing cancels
        weight.assign(tf.abs(weight) + 0.1)
    given = tf.constant(np.random.default_rng(0).uniform(0.5, 1, (1, *size)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = tf.reduce_sum(model(given)[(0, *place)])
    seen = np.abs(tape.gradient(value, given).numpy()[0]).sum(-1) > 0
    spans = []
    for axis in range(seen.ndim):
        there = np.flatnonzero(seen.any(tuple(each for each in range(seen.ndim) if each != axis)))
        spans.append((int(there[0]), int(there[-1]) + 1))
    return spans


@pytest.mark.parametrize("name", list(ROWS))
def test_a_position_of_a_signal_sees_the_steps_where_its_gradient_is(name):
    model = keras.Sequential([keras.Input((31, 2)), *ROWS[name]])
    view = read_model(model)
    field = view.receptive_field(view.layers[-1].name)
    steps = model.outputs[0].shape[1]
    assert field.map_size == (1, steps)
    assert field.depth is None
    assert not field.unknown
    for column in range(steps):
        (span,) = support(model, (column,))
        assert field.box((0, column)) == (0, span[0], 1, span[1])
    middle = steps // 2
    if name != "causal":
        (span,) = support(model, (middle,))
        assert field.size == (1, span[1] - span[0]) or name in ("transposed", "padded")
    assert field.stride[1] == {"strides": 6, "same": 2, "separable": 2, "padded": 0.5}.get(name, 1)


@pytest.mark.parametrize("name", list(STACKS))
def test_a_position_of_a_volume_sees_the_slices_and_pixels_where_its_gradient_is(name):
    model = keras.Sequential([keras.Input((7, 9, 8, 1)), *STACKS[name]])
    view = read_model(model)
    field = view.receptive_field(view.layers[-1].name)
    slices, rows, columns = model.outputs[0].shape[1:4]
    assert (field.map_size, len(field.depth.edges)) == ((rows, columns), slices)
    assert not field.unknown
    for place in [(0, 0, 0), (slices // 2, rows // 2, columns // 2), (slices - 1, rows - 1, columns - 1)]:
        through, down, across = support(model, place)
        assert tuple(field.depth.edges[place[0]]) == through
        assert field.box(place[1:]) == (down[0], across[0], down[1], across[1])


def test_behind_global_pooling_the_whole_volume_is_seen():
    model = keras.Sequential(
        [keras.Input((6, 8, 8, 1)), layers.Conv3D(2, 3), layers.GlobalAveragePooling3D(), layers.Dense(2, name="units")]
    )
    field = read_model(model).receptive_field("units")
    assert field.is_whole
    assert (field.size, field.depth.size) == ((8, 8), 6)


def test_a_layer_over_time_sees_all_steps_and_is_named():
    model = keras.Sequential(
        [keras.Input((20, 2)), layers.Conv1D(2, 3), layers.GRU(3, return_sequences=True, name="gru")]
    )
    field = read_model(model).receptive_field("gru")
    assert field.is_whole
    assert field.unknown == ("gru",)


def test_frames_that_are_pooled_each_by_itself_stay_apart():
    pooled = layers.TimeDistributed(layers.GlobalAveragePooling2D(), name="pooled")
    field = read_model(keras.Sequential([keras.Input((4, 6, 6, 1)), pooled])).receptive_field("pooled")
    assert field.depth.edges.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert field.box() == (0, 0, 6, 6)
