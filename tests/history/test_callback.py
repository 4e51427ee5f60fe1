"""Recording during fit: what is recorded when, and that training does not notice."""

import dataclasses
import random
import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget import FilterHistory, visualize_filter
from filterviz_widget.engine import Engine
from tests.history.networks import examples, small


def history(**options):
    """Quick to record: one small layer, one filter, two iterations."""
    return FilterHistory(
        **({"probe": examples(6, seed=9), "layers": ["first"], "filters": [0], "iterations": 2} | options)
    )


def said(caught):
    """The warnings of the history's own."""
    return [str(one.message) for one in caught if "FilterHistory" in str(one.message)]


def trained(callbacks, **options):
    """A model with every source of randomness, trained from a fixed seed; and what the generators say afterwards."""
    keras.utils.set_random_seed(3)
    model = small(compiled=False, inside=(layers.BatchNormalization(), layers.Dropout(0.5), layers.GaussianNoise(0.1)))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = examples(24)
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(24).batch(8)
    logs = model.fit(data, epochs=2, callbacks=callbacks, verbose=0, validation_data=(x, y)).history
    numpys = np.random.random()  # noqa: NPY002  # the global one is the point
    draws = [random.random(), numpys, float(tf.random.uniform(())), float(keras.random.uniform(()))]
    state = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [variable.numpy().copy() for variable in state], logs, draws


@pytest.mark.parametrize("training", [False, True])
def test_training_is_the_same_to_the_last_bit_with_and_without_recording(training):
    alone, logs_alone, draws_alone = trained([])
    recorder = history(training=training, layers=None)
    watched, logs, draws = trained([recorder])
    assert recorder.epochs == (0, 1, 2)
    assert logs == logs_alone
    assert draws == draws_alone
    for one, two in zip(alone, watched, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("probe", [True, False])
def test_a_model_that_is_built_by_its_first_batch_is_recorded_and_trains_the_same(probe):
    def weights(callbacks):
        keras.utils.set_random_seed(4)
        model = keras.Sequential([layers.Conv2D(4, 3, name="first"), layers.Flatten(), layers.Dense(3)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(*examples(), epochs=2, callbacks=callbacks, verbose=0)
        return model.get_weights()

    recorder = history(filters=()) if probe else history(filters=(), probe=None)
    for one, two in zip(weights([]), weights([recorder]), strict=True):
        np.testing.assert_array_equal(one, two)
    # Without a probe there is nothing to build it with before training.
    assert recorder.epochs == ((0, 1, 2) if probe else (1, 2))


@pytest.fixture(scope="module")
def run():
    """One short training with a record per epoch, and the weights at each, kept by another callback."""
    model, (x, y) = small(inside=(layers.BatchNormalization(),)), examples()
    kept = []

    class Keeper(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            kept.append(model.get_layer("first").kernel.numpy().copy())

        def on_epoch_end(self, epoch, logs=None):
            kept.append(model.get_layer("first").kernel.numpy().copy())

    heard = []
    recorder = history()
    recorder.subscribe(heard.append)
    keras_history = model.fit(x, y, epochs=2, callbacks=[recorder, Keeper()], verbose=0)
    return recorder, keras_history, kept, heard, model


def test_each_epoch_is_recorded_and_the_state_before_training_too(run):
    recorder, _, kept, _, _ = run
    assert recorder.epochs == (0, 1, 2)
    assert recorder.layers == ("first",)
    np.testing.assert_array_equal(recorder.kernels("first"), np.stack(kept))
    assert len(recorder.gradients) == 3
    assert all(len(gradients) == 8 for gradients in recorder.gradients)
    assert recorder.pictures("first").shape == (3, 1, 12, 12, 3)


def test_logs_hold_what_keras_logged_and_the_time_of_the_recording(run):
    recorder, keras_history, _, _, _ = run
    assert set(recorder.logs[0]) == {"probe_loss", "record_seconds"}
    for number, loss in enumerate(keras_history.history["loss"], 1):
        assert recorder.logs[number]["loss"] == loss
        assert 0 < recorder.logs[number]["record_seconds"] < 60
    assert set(keras_history.history) == {"loss"}


def test_listeners_get_each_record_and_cannot_change_what_is_recorded(run):
    recorder, _, kept, heard, _ = run
    assert [record.epoch for record in heard] == [0, 1, 2]
    for record, kernel in zip(heard, kept, strict=True):
        np.testing.assert_array_equal(record.kernels["first"][0], kernel)
        small_ones = (record.norms, record.activations["first"], record.dead["first"])
        for array in (*record.large_arrays(), *small_ones):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
            with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                array.flags.writeable = True
        record.logs["loss"] = record.logs["probe_loss"] = -1.0
        record.kernels.clear()
        record.pictures.clear()
    np.testing.assert_array_equal(recorder.kernels("first"), np.stack(kept))
    assert recorder.pictures("first").shape == (3, 1, 12, 12, 3)
    assert all(log["probe_loss"] > 0 for log in recorder.logs)


def test_what_the_history_hands_out_cannot_change_it(run):
    recorder, _, kept, _, _ = run
    for record in recorder.records:
        with pytest.raises(ValueError, match="read-only"):
            record.gradients[0][:] = 0
        record.kernels.clear()
        record.logs.clear()
    recorder.logs[1]["loss"] = -1.0
    recorder.kernels("first")[:] = 0
    recorder.gradients[0].clear()
    np.testing.assert_array_equal(recorder.kernels("first"), np.stack(kept))
    assert recorder.logs[1]["loss"] > 0
    assert len(recorder.gradients[0]) == 8


def test_the_pictures_are_those_of_the_weights_of_the_epoch(run):
    recorder, _, _, _, model = run
    pictures = recorder.pictures("first")
    assert (pictures[0] != pictures[2]).any()
    # The last epoch's weights are still in the model: a new history draws the same picture from them.
    again = history()
    again.set_model(model)
    again.on_train_begin()
    again.on_epoch_begin(0)
    np.testing.assert_array_equal(again.pictures("first")[0], pictures[2])


def test_a_second_fit_goes_on_counting_and_every_second_epoch_is_recorded():
    model, (x, y) = small(), examples()
    recorder = history(every=2, filters=())
    model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 2)
    model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 2, 4, 6)
    model.fit(x, y, initial_epoch=6, epochs=8, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 2, 4, 6, 8)


def test_resumed_training_begins_with_the_epoch_that_it_resumes():
    model, (x, y) = small(), examples()
    recorder = history(filters=())
    model.fit(x, y, initial_epoch=5, epochs=7, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (5, 6, 7)
    without = history(filters=(), initial=False)
    model.fit(x, y, initial_epoch=7, epochs=8, callbacks=[without], verbose=0)
    assert without.epochs == (8,)


def test_a_training_loop_of_ones_own_that_counts_otherwise_is_recorded_in_order(tmp_path):
    model, (x, y) = small(), examples()
    recorder = history(filters=())
    callbacks = keras.callbacks.CallbackList([recorder], model=model)
    callbacks.on_train_begin()
    for epoch in (np.int64(0), np.int64(0), np.int64(0)):
        callbacks.on_epoch_begin(epoch)
        model.train_on_batch(x, y)
        callbacks.on_epoch_end(epoch, {"loss": tf.constant(1.5), "words": "no number"})
    assert recorder.epochs == (0, 1, 2, 3)
    recorder.save(tmp_path / "run.h5")
    loaded = FilterHistory.load(tmp_path / "run.h5")
    assert loaded.epochs == (0, 1, 2, 3)
    assert [log.get("loss") for log in loaded.logs] == [None, 1.5, 1.5, 1.5]


def test_a_pipeline_with_steps_per_epoch_is_recorded():
    model, (x, y) = small(), examples()
    recorder = history(filters=())
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(5).repeat()
    model.fit(data, epochs=2, steps_per_epoch=3, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 1, 2)


def test_interrupting_fit_keeps_what_was_recorded_and_a_further_fit_goes_on():
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    model, (x, y) = small(), examples()
    recorder = history(filters=())
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=4, callbacks=[recorder, Interrupt()], verbose=0)
    assert recorder.epochs == (0, 1, 2)
    model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 1, 2, 3)


class OwnStep(keras.Model):
    """Trains on a loss that only its train_step knows."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, self(x, training=True)))
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, [w.value for w in self.trainable_weights]), self.trainable_weights, strict=True)
        )
        return {"own": loss}


def test_gradients_that_fail_are_said_once_in_words_and_the_rest_is_recorded():
    model, (x, y) = small(kind=OwnStep, compiled=False), examples()
    model.compile("sgd")
    recorder = history()
    with pytest.warns(RuntimeWarning, match=r"(?s)could not record all of epoch 0.*compute_loss") as caught:
        result = model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert len(said(caught)) == 1
    assert len(result.history["own"]) == 3
    assert recorder.epochs == (0, 1, 2, 3)
    np.testing.assert_array_equal(recorder.kernels("first")[-1], model.get_layer("first").get_weights()[0])
    assert recorder.pictures("first").shape[:2] == (4, 1)
    assert [len(gradients) for gradients in recorder.gradients] == [0, 0, 0, 0]
    assert np.isnan(recorder.kernel_gradients("first")).all()
    assert "train_step" in recorder.error
    assert "could not be computed" in repr(recorder)
    assert all("train_step" in record.problems["gradients"] for record in recorder.records)
    with pytest.raises(RuntimeError, match="compute_loss"):
        model.fit(x, y, epochs=1, callbacks=[history(filters=(), strict=True)], verbose=0)


def test_the_next_fit_tries_again():
    model, (x, y) = small(kind=OwnStep, compiled=False), examples()
    model.compile("sgd")
    recorder = history(filters=())
    with pytest.warns(RuntimeWarning, match="compute_loss"):
        model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert recorder.error == ""
    assert [len(gradients) for gradients in recorder.gradients] == [0, 0, 6]


def test_recording_that_fails_as_a_whole_ends_with_a_warning_and_training_goes_on(monkeypatch):
    model, (x, y) = small(), examples()
    recorder = history(filters=(), probe=None)

    def broken(part):
        raise ArithmeticError("no more")

    monkeypatch.setattr("filterviz_widget.history.recorder.read_kernel", broken)
    with pytest.warns(RuntimeWarning, match="stopped recording at epoch 0.*no more") as caught:
        result = model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert len(said(caught)) == 1
    assert (len(result.history["loss"]), recorder.epochs) == (3, ())
    assert recorder.error == "ArithmeticError: no more"
    with pytest.raises(ArithmeticError, match="no more"):
        model.fit(x, y, callbacks=[history(filters=(), probe=None, strict=True)], verbose=0)


class Breaking(layers.Layer):
    """Works while a model is trained, and in inference until it is told to break."""

    broken = False

    def call(self, x, training=False):
        if self.broken and not training:
            raise ArithmeticError("no more")
        return x


def test_a_layer_that_cannot_be_drawn_is_said_and_the_others_are_drawn(monkeypatch):
    model, (x, y) = small(inside=(Breaking(name="breaking"),)), examples()
    monkeypatch.setattr(Breaking, "broken", True)
    recorder = history(probe=None, layers=["first", "second"], filters=[0, 2])
    with pytest.warns(RuntimeWarning, match="2 of 2 pictures of 'second' failed: ArithmeticError: no more") as caught:
        model.fit(x, y, epochs=2, callbacks=[recorder], verbose=0)
    assert len(said(caught)) == 1
    assert recorder.epochs == (0, 1, 2)
    assert recorder.notes("first") == [("", "")] * 3
    assert recorder.notes("second") == [("failed: ArithmeticError: no more",) * 2] * 3
    assert recorder.pictures("second").shape == (3, 2, 12, 12, 3)
    assert (recorder.pictures("second") == 128).all()
    assert np.isnan(recorder.activations("second")).all()
    assert np.isfinite(recorder.activations("first")).all()
    with pytest.raises(ArithmeticError, match="no more"):
        model.fit(x, y, callbacks=[history(probe=None, layers=["second"], strict=True)], verbose=0)


def test_one_filter_that_fails_does_not_end_the_recording(monkeypatch):
    original = Engine.facets

    def facets(self, wanted):
        (picture,) = original(self, wanted)
        return [dataclasses.replace(picture, error="its gradient is NaN.") if wanted.filter == 2 else picture]

    monkeypatch.setattr(Engine, "facets", facets)
    model, (x, y) = small(), examples()
    recorder = history(probe=None, filters=[0, 2])
    with pytest.warns(RuntimeWarning, match="1 of 2 pictures of 'first' failed: its gradient is NaN"):
        model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 1)
    assert recorder.notes("first") == [("", "failed: its gradient is NaN.")] * 2
    with pytest.raises(FloatingPointError, match="NaN"):
        model.fit(x, y, callbacks=[history(probe=None, filters=[0, 2], strict=True)], verbose=0)


def test_training_that_diverges_is_recorded_to_its_end():
    model, (x, y) = small(), examples()
    model.compile(keras.optimizers.SGD(1e30), "sparse_categorical_crossentropy")
    recorder = history()
    with pytest.warns(RuntimeWarning, match="pictures of 'first' failed: the gradient of filter 0 is NaN"):
        model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 1, 2, 3)
    assert np.isnan(recorder.kernels("first")[-1]).all()
    assert np.isnan(recorder.logs[-1]["loss"])


def test_a_train_step_of_ones_own_is_recorded_where_compute_loss_tells_the_loss_or_without_gradients():
    model, (x, y) = small(kind=OwnStep), examples()
    recorder, without = history(filters=()), history(filters=(), probe=None)
    model.fit(x, y, epochs=1, callbacks=[recorder, without], verbose=0)
    assert recorder.epochs == without.epochs == (0, 1)
    assert recorder.logs[1]["own"] > 0
    assert [len(gradients) for gradients in without.gradients] == [0, 0]
    assert without.gradient_norms().shape == (2, 0)
    assert without.kernels("first").shape == (2, 3, 3, 3, 4)


def test_a_listener_that_fails_is_not_called_again_and_recording_goes_on():
    model, (x, y) = small(), examples()
    recorder, calls = history(filters=()), []

    def broken(record):
        calls.append(record.epoch)
        raise ValueError("no screen")

    recorder.subscribe(broken)
    other = []
    stop = recorder.subscribe(other.append)
    with pytest.warns(RuntimeWarning, match="no screen"):
        model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert calls == [0]
    assert len(other) == 2
    stop()
    model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert len(other) == 2
    assert recorder.epochs == (0, 1, 2)


def test_a_frozen_layer_is_shown_as_such_and_comes_back_when_it_is_thawed():
    model, (x, y) = small(), examples()
    model.get_layer("first").trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    recorder = history(filters=())
    model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert [len(gradients) for gradients in recorder.gradients] == [4, 4]
    assert np.isnan(recorder.kernel_gradients("first")).all()
    model.get_layer("first").trainable = True
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    gradients = recorder.kernel_gradients("first")
    assert gradients.shape == (3, 3, 3, 3, 4)
    assert np.isnan(gradients[:2]).all()
    np.testing.assert_array_equal(gradients[2], recorder.gradients[2][0])
    frozen = [name for name, has in zip(recorder.weights, recorder.has_gradient[0], strict=True) if not has]
    assert frozen == ["first/kernel", "first/bias"]
    np.testing.assert_array_equal(np.isnan(recorder.gradient_norms()), ~recorder.has_gradient)
    by_layer = recorder.layer_gradient_norms()
    np.testing.assert_array_equal(np.isnan(by_layer["first"]), [True, True, False])
    kernel, bias = recorder.gradients[2][:2]
    assert by_layer["first"][2] == pytest.approx(np.sqrt((kernel**2).sum() + (bias**2).sum()), rel=1e-6)


def test_a_model_that_cannot_be_drawn_is_recorded_without_pictures_and_says_why():
    class Opaque(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, name="conv")
            self.head = layers.Dense(3, activation="softmax")

        def call(self, x):
            x = self.conv(x)
            scale = 1 / (1 + float(tf.reduce_mean(tf.abs(x)).numpy()))  # no graph can hold that
            return self.head(tf.reduce_mean(x * scale, axis=(1, 2)))

    model, (x, y) = Opaque(), examples()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    recorder = history(layers=None)
    with pytest.warns(RuntimeWarning, match="no pictures"):
        model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
    assert recorder.layers == ("conv",)
    assert recorder.kernels("conv").shape == (2, 3, 3, 3, 4)
    with pytest.raises(ValueError, match="No pictures"):
        recorder.pictures("conv")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": ["third"]}, "'first'"),
        ({"layers": [9]}, "5 layers, got the index 9"),
        ({"layers": [layers.Conv2D(3, 3, name="first")]}, "no such layer as 'first'"),
        ({"filters": [40]}, "has 4 filters"),
        ({"direction": {40: 1.0}}, "from 0 to 3, got 40"),
    ],
)
def test_what_does_not_fit_the_model_ends_the_recording_not_the_training(options, words):
    model, (x, y) = small(), examples()
    recorder = history(**options)
    with pytest.warns(RuntimeWarning, match=f"stopped recording before training.*{words}") as caught:
        result = model.fit(x, y, epochs=2, callbacks=[recorder], verbose=0)
    assert len(said(caught)) == 1
    assert len(result.history["loss"]) == 2
    assert re.search(words, recorder.error)
    assert recorder.epochs == ()
    assert re.search(words, repr(recorder))
    # Strictly, before anything was trained.
    before = model.get_weights()
    with pytest.raises(ValueError, match=words):
        model.fit(x, y, callbacks=[history(**options, strict=True)], verbose=0)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


class Parts(keras.Model):
    """Two networks with a train_step of its own, and no call."""

    def __init__(self):
        super().__init__(name="parts")
        self.one = keras.Sequential([keras.Input((12, 12, 3)), layers.Conv2D(4, 3, name="conv")], name="one")
        self.two = keras.Sequential([keras.Input((10, 10, 4)), layers.Conv2D(3, 3, name="conv")], name="two")

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.two(self.one(data[0])) ** 2)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, [w.value for w in weights]), weights, strict=True))
        return {"loss": loss}


@pytest.mark.parametrize("probe", [None, examples(6, seed=9)], ids=["without", "probe"])
def test_a_model_without_a_call_is_trained_and_its_kernels_recorded_under_their_paths(probe):
    model, (x, y) = Parts(), examples()
    model.compile("sgd")
    before = model.two.get_layer("conv").get_weights()[0]
    recorder = history(probe=probe, layers=["one/conv", "two/conv"])
    with pytest.warns(RuntimeWarning, match="no pictures") as caught:
        model.fit(x, y, epochs=2, callbacks=[recorder], verbose=0)
    assert recorder.epochs == (0, 1, 2)
    np.testing.assert_array_equal(recorder.kernels("two/conv")[0], before)
    np.testing.assert_array_equal(recorder.kernels("two/conv")[-1], model.two.get_layer("conv").get_weights()[0])
    np.testing.assert_array_equal(recorder.kernels(model.one.get_layer("conv"))[-1], model.one.get_weights()[0])
    assert recorder.kernels("one/conv").shape[-1] == 4
    assert len(said(caught)) == (1 if probe is None else 2)
    assert ("call" in recorder.error) == (probe is not None)


def test_a_probe_that_does_not_fit_costs_the_gradients_only():
    x, y = examples()
    for wrong in ((x[:, :5, :5], y), (x[..., :1], y), (x, np.full((10, 1, 1), 99)), (x[:, 0], y)):
        model = small()
        recorder = history(probe=wrong, filters=())
        with pytest.warns(RuntimeWarning, match="gradients on the probe"):
            result = model.fit(x, y, epochs=1, callbacks=[recorder], verbose=0)
        assert len(result.history["loss"]) == 1
        assert recorder.epochs == (0, 1)
        assert "gradients" in recorder.error


def test_a_probe_that_does_not_fit_leaves_a_model_that_is_not_built_alone():
    x, y = examples()

    def weights(callbacks):
        keras.utils.set_random_seed(4)
        model = keras.Sequential([layers.Conv2D(4, 3, name="first"), layers.Flatten(), layers.Dense(3)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
        return model.get_weights()

    recorder = history(probe=(x[:, 0], y), filters=())
    with pytest.warns(RuntimeWarning, match="gradients on the probe"):
        watched = weights([recorder])
    for one, two in zip(weights([]), watched, strict=True):
        np.testing.assert_array_equal(one, two)
    assert recorder.epochs == (1, 2)


class TrainedOnly(keras.Model):
    """Can be called in training only, and does not say how it is made."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = layers.Conv2D(4, 3, name="conv"), layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        if not training:
            raise ArithmeticError("not now")
        return self.head(keras.ops.mean(self.conv(x), axis=(1, 2)))


def test_a_model_that_cannot_be_built_before_training_is_recorded_afterwards():
    model, (x, y) = TrainedOnly(), examples()
    model.compile("sgd", "sparse_categorical_crossentropy")
    recorder = history(layers=["conv"])
    with pytest.warns(RuntimeWarning, match="could not record all of epoch 1.*not now"):
        result = model.fit(x, y, epochs=2, callbacks=[recorder], verbose=0)
    assert len(result.history["loss"]) == 2
    assert recorder.epochs == (1, 2)
    np.testing.assert_array_equal(recorder.kernels("conv")[-1], model.conv.get_weights()[0])


class Sampling(layers.Layer):
    """Draws in inference too, from a generator whose state is a variable."""

    def __init__(self):
        super().__init__(name="sampling")
        self.seeds = keras.random.SeedGenerator(7)

    def call(self, x):
        return x + 0.1 * keras.random.normal(tf.shape(x), seed=self.seeds)


@pytest.mark.parametrize("is_built", [False, True])
def test_a_layer_that_always_draws_draws_the_same_with_and_without_recording(is_built):
    x, y = examples()

    def trained(callbacks):
        keras.utils.set_random_seed(4)
        chain = [Sampling(), layers.Conv2D(4, 3, name="first"), layers.Flatten(), layers.Dense(3)]
        model = keras.Sequential([keras.Input((12, 12, 3)), *chain] if is_built else chain)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
        return [variable.numpy() for variable in model.variables]

    recorder = history(filters=())
    for one, two in zip(trained([]), trained([recorder]), strict=True):
        np.testing.assert_array_equal(one, two)
    assert recorder.epochs == (0, 1, 2)


@pytest.mark.parametrize("filters", [(), [0]], ids=["kernels", "pictures"])
@pytest.mark.parametrize("probe", [True, False])
def test_an_activation_that_keras_builds_with_the_first_call_is_trained_as_without_recording(filters, probe):
    x, y = examples()

    def trained(callbacks):
        keras.utils.set_random_seed(4)
        quarter = keras.initializers.Constant(0.25)
        first, second = (layers.PReLU(alpha_initializer=quarter, shared_axes=[1, 2]) for _ in range(2))
        model = keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                layers.Conv2D(4, 3, activation=first, name="first"),
                layers.Conv2D(5, 3, activation=second, name="second"),
                layers.Flatten(),
                layers.Dense(3),
            ]
        )
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
        return model

    recorder = history(filters=filters, layers=["second"], **({} if probe else {"probe": None}))
    alone, watched = trained([]), trained([recorder])
    for one, two in zip(alone.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert recorder.error == ""
    assert recorder.epochs == (0, 1, 2)
    if filters:
        drawn = visualize_filter(watched, "second", 0, iterations=2)
        assert recorder.pictures("second")[-1, 0].tobytes() == drawn.image.tobytes(), "with the alpha of the epoch"
    if probe:
        assert [len(gradients) for gradients in recorder.gradients] == [len(watched.trainable_weights)] * 3
        assert sum("alpha" in name for name in recorder.weights) == 2


def test_all_that_is_missing_is_said_once():
    model, (x, y) = small(kind=OwnStep, compiled=False), examples()
    model.compile(keras.optimizers.SGD(1e30))
    recorder = history(filters=[0, 1])
    with pytest.warns(RuntimeWarning, match="could not record all") as caught:
        model.fit(x, y, epochs=3, callbacks=[recorder], verbose=0)
    assert len(said(caught)) == 2
    assert "compute_loss" in recorder.error
    assert "2 of 2 pictures of 'first' failed" in recorder.error


def test_each_filter_is_drawn_once_per_epoch(monkeypatch):
    model, (x, y) = small(), examples()
    drawn, original = [], Engine.facets
    monkeypatch.setattr(Engine, "facets", lambda self, wanted: drawn.append(wanted.filter) or original(self, wanted))
    recorder = history(probe=None, filters=[0, 3])
    model.fit(x, y, epochs=2, callbacks=[recorder], verbose=0)
    assert drawn == [0, 3] * 3


def test_a_history_is_of_one_model():
    x, y = examples()
    recorder = history(filters=())
    small().fit(x, y, callbacks=[recorder], verbose=0)
    other = small(strides=2)
    other.fit(x, y, callbacks=[recorder], verbose=0)  # the same layers and weights: training goes on elsewhere
    assert recorder.epochs == (0, 1, 2)
    for filters, size in ((9, 3), (4, 5)):
        conv = layers.Conv2D(filters, size, name="first")
        wider = keras.Sequential([keras.Input((12, 12, 3)), conv, layers.GlobalAveragePooling2D()])
        wider.compile("sgd", "mse")
        with pytest.warns(RuntimeWarning, match="make a new FilterHistory"):
            wider.fit(x, np.zeros((10, filters)), callbacks=[recorder], verbose=0)
        assert "make a new FilterHistory" in recorder.error
        assert recorder.epochs == (0, 1, 2)


def test_pictures_of_another_size_are_of_another_history():
    def train(size):
        conv = layers.Conv2D(4, 3, name="first")
        model = keras.Sequential([keras.Input((size, size, 3)), conv, layers.GlobalAveragePooling2D()])
        model.compile("sgd", "mse")
        model.fit(np.zeros((4, size, size, 3)), np.zeros((4, 4)), callbacks=[recorder], verbose=0)

    recorder = history(probe=None)
    train(12)
    with pytest.warns(RuntimeWarning, match="make a new FilterHistory"):
        train(10)
    assert recorder.pictures("first").shape == (2, 1, 12, 12, 3)


def test_layers_are_named_by_name_index_or_themselves():
    model, (x, y) = small(), examples()
    recorder = history(layers=[1, model.get_layer("second")], filters=())
    model.fit(x, y, callbacks=[recorder], verbose=0)
    assert recorder.layers == ("first", "second")
    assert recorder.kernels(model.get_layer("second")).shape == recorder.kernels(1).shape == (2, 3, 3, 4, 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "every must be a whole number from 1"),
        ({"filters": [-1]}, "filters must be whole numbers"),
        ({"filters": 1.5}, "filters must be whole numbers"),
        ({"method": "best"}, "method must be one of"),
        ({"iterations": 0}, "iterations must be"),
        ({"step_size": float("nan")}, "step_size must be"),
        ({"seed": -1}, "seed must be"),
        ({"batch_size": 2.5}, "batch_size must be"),
        ({"max_bytes": -1}, "max_bytes must be"),
        ({"input_range": (1, 0)}, "input_range must be"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        FilterHistory(**options)


def test_closing_lets_go_of_everything(tmp_path):
    import gc
    import weakref

    model, (x, y) = small(), examples()
    recorder = history()
    model.fit(x, y, callbacks=[recorder], verbose=0)
    recorder.close()
    recorder.close()
    assert "closed" in repr(recorder)
    with pytest.raises(RuntimeError, match="closed"):
        recorder.kernels("first")
    with pytest.raises(RuntimeError, match="closed"):
        model.fit(x, y, callbacks=[recorder], verbose=0)
    gone = weakref.ref(model)
    keras.backend.clear_session()
    del model
    gc.collect()
    assert gone() is None


def test_the_text_says_what_is_recorded(run):
    recorder, _, _, _, _ = run
    text = repr(recorder)
    for words in ("3 records, epochs 0 to 2", "first", "8 weights on 6 examples", "s for the last record"):
        assert words in text
    assert "nothing recorded" in repr(history())


def test_recording_raises_no_warnings_of_its_own():
    model, (x, y) = small(), examples()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, callbacks=[history()], verbose=0)
