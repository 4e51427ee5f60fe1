"""The gradients on the probe, against finite differences and an independent tape."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.history.gradients import ProbeGradients
from filterviz_widget.history.probe import Probe
from tests.history.networks import CLASSES, SIZE, examples, small

CROSSENTROPY = keras.losses.SparseCategoricalCrossentropy


def measured(model, *probe, **options):
    return ProbeGradients(model, Probe.of(probe), **options).measure()


def by_tape(model, loss):
    """An independent gradient: the loss written out by the test, the model called as a user calls it."""
    with tf.GradientTape() as tape:
        value = loss(lambda x: model(tf.constant(x), training=False))
    variables = [weight.value for weight in model.trainable_weights]
    gradients = tape.gradient(value, variables, unconnected_gradients="zero")
    return float(value), [np.asarray(gradient) for gradient in gradients]


def crossentropies(predictions, y):
    return -tf.math.log(tf.gather(predictions, y, axis=1, batch_dims=1))


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def assert_close(found, expected, tolerance=1e-4):
    loss, gradients = expected
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert len(found.gradients) == len(gradients)
    for got, wanted in zip(found.gradients, gradients, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())


@contextlib.contextmanager
def float64():
    for choose in (keras.config.set_floatx, keras.config.set_dtype_policy):
        choose("float64")
    try:
        yield
    finally:
        for choose in (keras.config.set_floatx, keras.config.set_dtype_policy):
            choose("float32")


@pytest.mark.parametrize("batch_size", [32, 4])
def test_gradients_are_the_slopes_that_finite_differences_find(batch_size):
    with float64():
        model = small(kernel_regularizer=keras.regularizers.L2(1 / 16))
        x, y = examples(10)
        x = x.astype(np.float64)
        found = measured(model, x, y, batch_size=batch_size)

        def loss():
            penalty = sum((w.numpy() ** 2).sum() for w in model.trainable_weights[0:3:2]) / 16
            return float(tf.reduce_mean(crossentropies(model(x, training=False), y))) + penalty

        assert found.loss == pytest.approx(loss(), rel=1e-12)
        rng, step = np.random.default_rng(0), 1e-5
        for weight, gradient in zip(model.trainable_weights, found.gradients, strict=True):
            assert gradient.dtype == np.float64
            direction = rng.normal(size=weight.shape)
            middle = weight.numpy()
            weight.assign(middle + step * direction)
            above = loss()
            weight.assign(middle - step * direction)
            slope = (above - loss()) / (2 * step)
            weight.assign(middle)
            assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_gradients_are_those_of_an_independent_tape():
    model = small()
    x, y = examples()
    expected = by_tape(model, lambda call: tf.reduce_mean(crossentropies(call(x), y)))
    found = measured(model, x, y)
    assert_close(found, expected)
    assert [g.shape for g in found.gradients] == [tuple(w.shape) for w in model.trainable_weights]
    assert {g.dtype for g in found.gradients} == {np.dtype(np.float32)}


@pytest.mark.parametrize("batch_size", [3, 5, 9, 10])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_batches_give_the_gradients_of_the_whole_probe_whatever_the_reduction(reduction, batch_size):
    model = small(compiled=False, bias_regularizer=keras.regularizers.L2(0.3), kernel_regularizer="l1")
    model.compile("sgd", CROSSENTROPY(reduction=reduction))
    x, y = examples()
    weights = np.linspace(0.1, 2.0, 10).astype(np.float32)
    divisor = {"sum_over_batch_size": 10.0, "sum": 1.0, "mean_with_sample_weight": weights.sum()}[reduction]

    def loss(call):
        data = tf.reduce_sum(crossentropies(call(x), y) * weights) / divisor
        convolutions = [model.get_layer("first"), model.get_layer("second")]
        biases = sum(0.3 * tf.reduce_sum(tf.square(layer.bias.value)) for layer in convolutions)
        return data + biases + sum(0.01 * tf.reduce_sum(tf.abs(layer.kernel.value)) for layer in convolutions)

    assert_close(measured(model, x, y, weights, batch_size=batch_size), by_tape(model, loss))


@pytest.mark.parametrize("batch_size", [4, 32])
def test_penalties_on_activations_are_part_of_the_loss(batch_size):
    model = small(activity_regularizer=keras.regularizers.L2(0.2))
    x, y = examples()
    first, second = model.get_layer("first"), model.get_layer("second")

    def loss(call):
        one = first(tf.constant(x))
        # Keras divides such a penalty by the number of examples.
        penalty = 0.2 * (tf.reduce_sum(one**2) + tf.reduce_sum(second(one) ** 2)) / len(x)
        return tf.reduce_mean(crossentropies(call(x), y)) + penalty

    assert_close(measured(model, x, y, batch_size=batch_size), by_tape(model, loss))


class Added(layers.Layer):
    """Adds losses: a mean over examples, and a number for each example."""

    def call(self, x):
        self.add_loss(tf.reduce_mean(tf.sin(x)))
        self.add_loss(0.3 * tf.reduce_sum(x**2, axis=(1, 2, 3)))
        return x


def by_added(model, x, shares=(1.0, 1.0)):
    def loss(call):
        one = model.get_layer("first")(tf.constant(x))
        return shares[0] * tf.reduce_mean(tf.sin(one)) + shares[1] * 0.3 * tf.reduce_sum(one**2)

    return by_tape(model, loss)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("batch_size", [3, 5, 32])
def test_losses_that_layers_add_are_the_loss_of_a_model_without_targets(batch_size, eager):
    model = small(inside=(Added(),), compiled=False)
    model.compile("sgd", run_eagerly=eager)
    x, _ = examples()
    gradients = ProbeGradients(model, Probe.of((x, None)), batch_size=batch_size)
    for _ in range(2):
        assert_close(gradients.measure(), by_added(model, x))


@pytest.mark.parametrize("batch_size", [3, 32])
def test_losses_that_layers_add_count_as_compute_loss_lets_them(batch_size):
    class Weighing(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            mean, squares = self.losses
            return 2.0 * mean + 0.0 * tf.reduce_sum(squares)

    model = small(inside=(Added(),), kind=Weighing, compiled=False)
    model.compile("sgd")
    x, y = examples()
    assert_close(measured(model, x, y, batch_size=batch_size), by_added(model, x, (2.0, 0.0)))


@pytest.mark.parametrize("batch_size", [4, 32])
def test_several_outputs_add_up_with_their_weights(batch_size):
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="elu")(inputs))
    outputs = {"a": layers.Dense(2, name="a")(x), "b": layers.Dense(CLASSES, activation="softmax", name="b")(x)}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"a": "mse", "b": CROSSENTROPY(reduction="sum")}, loss_weights={"a": 0.5, "b": 2.0})
    x, y = examples()
    target = np.random.default_rng(3).normal(size=(10, 2)).astype(np.float32)

    def loss(call):
        found = call(x)
        return 0.5 * tf.reduce_mean((found["a"] - target) ** 2) + 2 * tf.reduce_sum(crossentropies(found["b"], y))

    assert_close(measured(model, x, {"a": target, "b": y}, batch_size=batch_size), by_tape(model, loss))


def test_a_compute_loss_of_ones_own_is_the_loss():
    class Squares(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return tf.reduce_sum(y_pred**2) + tf.reduce_sum(self(x, training=False))

    model = small(kind=Squares, compiled=False)
    model.compile("sgd")
    x, y = examples()
    expected = by_tape(model, lambda call: tf.reduce_sum(call(x) ** 2) + tf.reduce_sum(call(x)))
    assert_close(measured(model, x, y), expected)
    assert_close(measured(model, x, y, batch_size=3), expected)


def test_a_frozen_layer_has_no_gradient_and_a_thawed_one_has_it_again():
    model = small()
    gradients = ProbeGradients(model, Probe.of(examples()))
    assert len(gradients.measure().gradients) == 6
    model.get_layer("first").trainable = False
    found = gradients.measure().gradients
    assert [g.shape for g in found] == [(3, 3, 4, 5), (5,), (5, 3), (3,)]
    model.get_layer("first").trainable = True
    assert len(gradients.measure().gradients) == 6


def test_new_weights_are_seen_without_tracing_again():
    traced = []

    class Counting(layers.Layer):
        def call(self, x):
            traced.append(len(x.shape))
            return x

    model = small(inside=(Counting(),))
    x, y = examples()
    gradients = ProbeGradients(model, Probe.of((x, y)))
    gradients.measure()
    before = len(traced)
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    expected = by_tape(model, lambda call: tf.reduce_mean(crossentropies(call(x), y)))
    traced.clear()
    assert_close(gradients.measure(), expected)
    assert before > 0
    assert traced == []


def test_tensorflow_warns_of_nothing_whose_cause_is_here(monkeypatch):
    said = []
    monkeypatch.setattr(tf.get_logger(), "warning", lambda message, *_: said.append(message))
    x, y = examples()
    for _ in range(3):
        model = small()
        for _ in range(2):
            measured(model, x, y, batch_size=len(x) - 1)  # two batches of different size
    assert [message for message in said if "retracing" in message] == []


@pytest.mark.parametrize("batch_size", [4, 32])
@pytest.mark.parametrize("scale", [2.0**8, 2.0**40])
def test_loss_scaling_is_undone_and_lowered_where_half_precision_overflows(scale, batch_size):
    single, half = small(), None
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = small(compiled=False)
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(single.get_weights())
    half.compile(
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=scale),
        "sparse_categorical_crossentropy",
    )
    half.optimizer.build(half.trainable_variables)
    x, y = examples()
    expected = measured(single, x, y)
    found = measured(half, x, y, batch_size=batch_size)
    assert found.loss == pytest.approx(expected.loss, rel=5e-3)
    for got, wanted in zip(found.gradients, expected.gradients, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, wanted, rtol=0.05, atol=0.02 * np.abs(wanted).max())
    assert float(half.optimizer.dynamic_scale) == scale


def test_small_gradients_survive_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small(compiled=False)
    finally:
        keras.config.set_dtype_policy("float32")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=2.0**14)
    model.compile(optimizer, "sparse_categorical_crossentropy", loss_weights=[1e-6])
    assert np.abs(measured(model, *examples()).gradients[0]).max() > 0


def state_of(model):
    variables = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
    return [variable.numpy().copy() for variable in variables]


@pytest.mark.parametrize("batch_size", [4, 32])
@pytest.mark.parametrize("training", [False, True])
def test_nothing_in_the_model_changes(training, batch_size):
    model = small(compiled=False, inside=(layers.BatchNormalization(), layers.Dropout(0.5, seed=4)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = examples()
    model.fit(x, y, verbose=0)
    before = state_of(model)
    found = measured(model, x, y, training=training, batch_size=batch_size)
    for old, new in zip(before, state_of(model), strict=True):
        np.testing.assert_array_equal(old, new)
    again = measured(model, x, y, training=training, batch_size=batch_size)
    for one, two in zip(found.gradients, again.gradients, strict=True):
        np.testing.assert_array_equal(one, two)


def test_training_mode_normalizes_by_the_batch_and_drops_units():
    model = small(inside=(layers.BatchNormalization(name="norm"),))
    x, y = examples()
    inference = measured(model, x, y)

    def loss(call):
        one = model.get_layer("first")(tf.constant(x))
        mean, variance = tf.nn.moments(one, [0, 1, 2])
        norm = model.get_layer("norm")
        one = (one - mean) / tf.sqrt(variance + norm.epsilon) * norm.gamma.value + norm.beta.value
        one = model.get_layer("mean")(model.get_layer("second")(one))
        return tf.reduce_mean(crossentropies(model.get_layer("classes")(one), y))

    training = measured(model, x, y, training=True)
    assert_close(training, by_tape(model, loss), 1e-3)
    assert training.loss != pytest.approx(inference.loss, rel=1e-3)
    dropping = small(inside=(layers.Dropout(0.5, seed=1),))
    assert measured(dropping, x, y, training=True).loss != measured(dropping, x, y).loss


def test_a_weight_that_the_loss_does_not_depend_on_has_gradient_zero():
    class Idle(layers.Layer):
        def build(self, shape):
            self.idle = self.add_weight(shape=(2,), name="idle")

        def call(self, x):
            return x

    found = measured(small(inside=(Idle(),)), *examples())
    np.testing.assert_array_equal(found.gradients[2], [0, 0])


def test_a_model_that_runs_eagerly_is_run_eagerly():
    class Eager(layers.Layer):
        def call(self, x):
            return x * float(hasattr(x, "numpy") or not tf.is_tensor(x))

    model = small(inside=(Eager(),))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    assert np.abs(measured(model, *examples()).gradients[0]).max() > 0


def test_a_model_without_a_loss_is_told_what_to_do():
    model = small(compiled=False)
    model.compile("sgd")
    with pytest.raises(RuntimeError, match=r"compute_loss.*train_step.*probe=None"):
        measured(model, *examples())


def test_a_masked_output_is_not_joined_from_batches():
    inputs = keras.Input((4, 2))
    model = keras.Model(inputs, layers.Dense(1)(layers.Masking()(inputs)))
    model.compile("sgd", "mse")
    x = np.ones((6, 4, 2), np.float32)
    with pytest.raises(RuntimeError, match=r"mask.*batch_size"):
        measured(model, x, x[..., :1], batch_size=2)
    assert measured(model, x, x[..., :1]).loss >= 0


@pytest.mark.parametrize(
    ("probe", "problem"),
    [
        ("images", TypeError),
        ((np.ones((3, 2)),), TypeError),
        ((np.ones((3, 2)), np.ones(4)), ValueError),
        ((np.ones((0, 2)), np.ones(0)), ValueError),
        ((np.ones((3, 2)), 1.0), TypeError),
        ((np.ones((3, 2)), np.ones(3), np.ones(2)), ValueError),
    ],
)
def test_a_wrong_probe_is_refused_in_words(probe, problem):
    with pytest.raises(problem, match="probe must"):
        Probe.of(probe)
