"""What a call does to the user's own attributes when a model is read: nothing that stays; and other surprises."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from keras import Input, Sequential, layers
from keras.src.backend.common import global_state

from filterviz_widget import feature_maps, filter_kernel, receptive_field
from filterviz_widget.model import read_model


class Counting(keras.Model):
    """Counts its calls, in Python and in a variable, and keeps its last features."""

    def __init__(self, function):
        super().__init__(name="counting")
        self.conv = layers.Conv2D(4, 3, name="conv")
        self.calls, self.last, self.count = 0, None, tf.Variable(0.0)
        self.function = function

    def call(self, x):
        self.calls += 1
        self.count.assign_add(1.0)
        self.last = self.conv(x)
        return self.function(self.last)


@pytest.mark.parametrize("function", [keras.ops.relu, tf.nn.relu], ids=["followed", "traced"])
def test_a_call_that_is_followed_leaves_no_trace_in_the_users_attributes(function):
    model = Counting(function)
    model(tf.zeros((1, 12, 12, 3)))
    before, last = (model.calls, float(model.count)), model.last
    view = read_model(model)
    assert "conv" in [info.name for info in view.layers]
    assert (model.calls, float(model.count)) == before
    assert model.last is last


def test_behind_a_step_that_leaves_the_size_open_the_whole_image_is_assumed():
    model = Sequential(
        [Input((None, 3)), layers.LSTM(4, return_sequences=True, name="memory"), layers.Conv1D(3, 3, name="conv")]
    )
    field = receptive_field(model, "conv", image_size=30)
    assert (field.is_whole, field.map_size, field.unknown) == (True, (1, 28), ("memory",))
    assert feature_maps(model, "conv", np.zeros((30, 3), np.float32), image_size=30).maps.shape == (1, 28, 3)


def test_behind_a_loop_too():
    class Looped(keras.Model):
        def __init__(self):
            super().__init__(name="looped")
            self.a, self.b = layers.Conv2D(4, 3, name="a"), layers.Conv2D(5, 3, name="b")

        def call(self, x):
            x = self.a(x)
            for _ in tf.range(3):
                x = x * 0.9
            return self.b(x)

    model = Looped()
    model(tf.zeros((1, 14, 14, 3)))
    assert receptive_field(model, "b").map_size == (10, 10)
    assert feature_maps(model, "b", np.zeros((14, 14, 3), np.float32)).maps.shape == (10, 10, 5)


def test_a_compiled_model_that_was_never_called_is_copied():
    model = Counting(tf.nn.relu)
    model.compile("sgd", "mse")
    assert read_model(model, input_shape=(14, 14, 3)).layers[0].name == "conv"
    assert not model.built


def test_names_do_not_move_for_models_of_open_size():
    model = Sequential([Input((None, None, 3)), layers.Conv2D(2, 3, name="conv")])
    before = dict(global_state.get_global_attribute("object_name_uids"))
    read_model(model)
    assert global_state.get_global_attribute("object_name_uids") == before


def test_a_model_of_keras_2_that_was_never_called_gets_no_weights():
    class Second(tf_keras.Model):
        def __init__(self):
            super().__init__(name="second")
            self.conv = tf_keras.layers.Conv2D(2, 3)

        def call(self, x):
            return self.conv(x)

    model = Second()
    with pytest.raises(ValueError, match=r"'second' of Keras 2 was never called. Call it once"):
        read_model(model, input_shape=(12, 12, 3))
    assert not model.built
    assert model.weights == []


def test_a_traced_layer_without_a_kernel_is_called_as_the_user_knows_it():
    model = Counting(tf.nn.relu)
    model(tf.zeros((1, 12, 12, 3)))
    with pytest.raises(ValueError, match=r"The layer 'Relu' \(ReLU\) has no kernel"):
        filter_kernel(model, "Relu", 0)


def test_a_path_may_begin_at_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    Sequential([Input((8, 8, 3)), layers.Conv2D(2, 3, name="conv")]).save(tmp_path / "model.keras")
    assert read_model("~/model.keras").layers[0].name == "conv"
