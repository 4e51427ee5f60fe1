"""What people set around a model: strategies, XLA, eager mode, determinism, policies, a cleared session. All are tests.

Whatever is set, the pictures have the bytes that they have without it, wherever the model computes the same. The
setting is as it was, and the activation is that of Keras' own forward pass. What cannot be undone is set in a process
of its own.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import filterviz_widget as fw
from filterviz_widget import FilterExplorer, FilterHistory, visualize_filter
from tests.networks import SIZE, small_network

IMAGES = np.random.default_rng(0).uniform(0, 1, (8, SIZE, SIZE, 3)).astype(np.float32)
TARGETS = np.zeros((8, 3), np.float32)


def compiled(**options):
    model = small_network()
    model.compile(keras.optimizers.SGD(0.01), "mse", **options)
    return model


def pictures(model):
    """The bytes of everything that is drawn of a model without training it, by each door."""
    made = {"optimum": visualize_filter(model, "second", 3, iterations=4, precision="float32").raw}
    made["photo"] = fw.accentuate(model, "second", 3, IMAGES[0], iterations=2, precision="float32").raw
    made["maps"] = fw.feature_maps(model, "second", IMAGES[0]).maps
    made["strongest"] = fw.strongest_images(model, "second", IMAGES, k=2, progress=False).values
    made["without"] = fw.ablate(model, "second", 3, IMAGES).after
    made["neighbours"] = np.array([each.weight for each in fw.neighbours(model, "second", 3).previous])
    explorer = FilterExplorer(model, layer="second", filter=3, iterations=4, precision="float32")
    try:
        made["explorer"] = explorer.wait(60).raw
        explorer.layer, explorer.filter = "first", 1
        made["another layer"] = explorer.wait(60).raw
        assert (explorer.status, explorer.error) == ("done", "")
    finally:
        explorer.close()
    assert made["explorer"].tobytes() == made["optimum"].tobytes()
    return {name: array.tobytes() for name, array in made.items()}


def trained(model):
    """The pictures of a short training run, and what it came to."""
    history = FilterHistory((IMAGES, TARGETS), ["second"], range(2), iterations=2, precision="float32", strict=True)
    model.fit(IMAGES, TARGETS, epochs=2, batch_size=4, shuffle=False, callbacks=[history], verbose=0)
    try:
        assert (history.epochs, history.error) == ((0, 1, 2), "")
        return history.pictures("second"), history.kernels("second"), history.kernel_gradients("second")
    finally:
        history.close()


def check_activation(model, tolerance=1e-5):
    """The activation is the mean of what Keras' own forward pass gives for the picture."""
    picture = visualize_filter(model, "second", 3, iterations=4, precision="float32")
    cut = keras.Model(model.inputs[0], model.get_layer("second").output)
    maps = np.asarray(cut(picture.raw[None], training=False), np.float64)
    assert picture.activations[-1] == pytest.approx(maps[..., 3].mean(), rel=tolerance)
    assert picture.activations[-1] > picture.activations[0]


def check_training(model, expected, rtol=1e-3):
    """The run's first pictures, kernels and gradients are the same, and the last nearly so: sums differ by rounding."""
    for made, wanted in zip(trained(model), expected, strict=True):
        assert made.shape == wanted.shape
        np.testing.assert_allclose(made[0], wanted[0], rtol=rtol, atol=1e-6 if made.dtype != np.uint8 else 2)
        np.testing.assert_allclose(made[-1], wanted[-1], rtol=0.02, atol=1e-4 if made.dtype != np.uint8 else 8)


@pytest.fixture(scope="module")
def plain():
    """Without anything set."""
    return pictures(compiled()), trained(compiled())


def settings():
    return (
        tf.config.functions_run_eagerly(),
        keras.config.dtype_policy().name,
        keras.config.floatx(),
        tf.config.optimizer.get_jit(),
        tf.distribute.has_strategy(),
    )


@contextlib.contextmanager
def eager():
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@contextlib.contextmanager
def policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def test_a_model_that_is_compiled_with_xla(plain):
    model = compiled(jit_compile=True)
    assert pictures(model) == plain[0]
    check_activation(model)
    check_training(model, plain[1])
    assert model.jit_compile


def test_a_layer_and_a_preprocessing_that_are_compiled_with_xla():
    """A tf.function with jit_compile=True has a gradient of its own, which is XLA's too."""
    kernel = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (0, 1)))

    class Own(keras.layers.Layer):
        @tf.function(jit_compile=True)
        def call(self, images):
            return tf.nn.elu(tf.nn.conv2d(images, kernel, 1, "SAME"))

    @tf.function(jit_compile=True)
    def halved(images):
        return images / 2

    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), Own(name="own")])
    picture = visualize_filter(model, "own", 1, preprocess=halved, iterations=4, precision="float32")
    expected = tf.nn.elu(tf.nn.conv2d(picture.raw[None] / 2, kernel, 1, "SAME"))[..., 1]
    assert picture.activations[-1] == pytest.approx(float(tf.reduce_mean(expected)), rel=1e-4)
    assert picture.activations[-1] > picture.activations[0]


def test_functions_that_run_eagerly(plain):
    """The ascent is compiled all the same: what is run eagerly calls each layer's Python once for every iteration."""
    model, calls = compiled(), []

    class Counted(keras.layers.Layer):
        def call(self, images):
            calls.append(1)
            return images * 1.0

    counted = keras.Sequential([keras.Input((SIZE, SIZE, 3)), Counted(), keras.layers.Conv2D(2, 3, name="conv")])
    with eager():
        before = settings()
        assert pictures(model) == plain[0]
        check_activation(model)
        visualize_filter(counted, "conv", 0, iterations=3, precision="float32")
        traced = len(calls)
        visualize_filter(counted, "conv", 1, iterations=200, precision="float32")
        assert len(calls) == traced
        check_training(compiled(), plain[1])
        assert settings() == before
        assert before[0]
    assert pictures(model) == plain[0]


def test_functions_that_begin_to_run_eagerly_while_a_widget_is_open(plain):
    explorer = FilterExplorer(compiled(), layer="second", filter=3, iterations=4, precision="float32")
    try:
        first = explorer.wait(60).raw.tobytes()
        with eager():
            explorer.layer, explorer.filter = "first", 1
            assert explorer.wait(60).raw.tobytes() == plain[0]["another layer"]
        assert first == plain[0]["explorer"]
    finally:
        explorer.close()


def test_a_global_policy_of_mixed_precision_changes_no_picture_of_a_model_that_was_made_before(plain):
    model = compiled()
    with policy("mixed_float16"):
        before = settings()
        assert pictures(model) == plain[0]
        check_activation(model)
        check_training(model, plain[1])
        assert settings() == before


def test_a_model_of_a_global_policy_of_mixed_precision(tmp_path):
    with policy("mixed_float16"):
        model = compiled()
        assert model.compute_dtype == "float16"
        before = settings()
        drawn = pictures(model)
        check_activation(model, 2e-3)
        pictures_of_training, kernels, gradients = trained(model)
        assert settings() == before
        assert np.isfinite(gradients).all()
        assert np.abs(kernels[-1] - kernels[0]).max() > 0
        assert pictures_of_training.std() > 0
        again = compiled()
        again.save(tmp_path / "model.keras")
        from_file = visualize_filter(tmp_path / "model.keras", "second", 3, iterations=4, precision="float32")
        assert from_file.raw.tobytes() == drawn["optimum"]
    assert pictures(again) == drawn, "the layers' own policy counts, not the one of the moment"


def test_a_session_that_is_cleared_in_between(plain):
    model = compiled()
    explorer = FilterExplorer(model, layer="second", filter=3, iterations=4, precision="float32")
    try:
        keras.utils.clear_session()
        assert explorer.wait(60).raw.tobytes() == plain[0]["explorer"]
        keras.utils.clear_session()
        explorer.layer, explorer.filter = "first", 1
        assert explorer.wait(60).raw.tobytes() == plain[0]["another layer"]
    finally:
        explorer.close()
    assert pictures(model) == plain[0]
    keras.utils.clear_session()
    assert keras.layers.Conv2D(1, 1).name == "conv2d", "and Keras counts from the beginning, as it does then"
    assert pictures(model) == plain[0]
    check_activation(model)


def test_a_session_that_is_cleared_between_the_epochs_of_a_recorded_run(plain):
    clear = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: keras.utils.clear_session())
    model = compiled()
    history = FilterHistory((IMAGES, TARGETS), ["second"], range(2), iterations=2, precision="float32", strict=True)
    options = {"batch_size": 4, "shuffle": False, "verbose": 0}
    model.fit(IMAGES, TARGETS, epochs=2, callbacks=[clear, history], **options)
    keras.utils.clear_session()
    model.fit(IMAGES, TARGETS, epochs=1, callbacks=[history], **options)
    assert history.epochs == (0, 1, 2, 3)
    for made, wanted in zip((history.pictures("second"), history.kernels("second")), plain[1], strict=False):
        np.testing.assert_allclose(made[:3], wanted, rtol=1e-3, atol=2 if made.dtype == np.uint8 else 1e-5)
    history.close()


# In a process of its own


def in_a_process(name):
    """Runs a function of this file in another process, which compares with what was before it set something."""
    program = f"from tests import test_normal_life as own; own.{name}()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]


def deterministic():
    expected = pictures(compiled()), trained(compiled())
    keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()
    model = compiled()
    assert pictures(model) == expected[0]
    check_activation(model)
    check_training(compiled(), expected[1], rtol=0)
    augmented = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), keras.layers.RandomFlip(seed=1), keras.layers.RandomRotation(0.1, seed=2), model]
    )
    one, other = (visualize_filter(augmented, "small/second", 3, iterations=4, precision="float32") for _ in range(2))
    assert one.raw.tobytes() == other.raw.tobytes() == expected[0]["optimum"]
    with np.testing.assert_raises(RuntimeError):
        tf.random.Generator.from_non_deterministic_state()  # it is still on


def mirrored():
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    expected = pictures(compiled()), trained(compiled())
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    with strategy.scope():
        model, other = compiled(), compiled()
    assert isinstance(model.weights[0].value, tf.distribute.DistributedValues)
    assert pictures(model) == expected[0]
    check_activation(model)
    with strategy.scope():
        assert pictures(other) == expected[0]
        check_activation(other)
        assert tf.distribute.get_strategy() is strategy
    check_training(model, expected[1])
    assert pictures(model) != expected[0], "what was trained is seen"
    check_activation(model)


def test_op_determinism():
    in_a_process("deterministic")


def test_a_model_in_the_scope_of_a_mirrored_strategy_and_calls_in_it_and_outside():
    in_a_process("mirrored")
