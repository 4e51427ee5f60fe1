"""Training runs of networks over signals and volumes are recorded, kept and shown."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterHistory

RNG = np.random.default_rng(0)
NETWORKS = {
    "signals": [keras.Input((30, 3)), layers.Conv1D(4, 5, name="conv"), layers.GlobalAveragePooling1D()],
    "volumes": [keras.Input((4, 8, 8, 1)), layers.Conv3D(4, 3, name="conv"), layers.GlobalAveragePooling3D()],
}
PICTURES = {"signals": (240, 480, 3), "volumes": (32, 8, 1)}


def canonical(kernel):
    """Over a signal one high; the slices of one over a volume one below the other."""
    return kernel[None] if kernel.ndim == 3 else kernel.reshape(-1, *kernel.shape[2:])


@pytest.fixture(scope="module", params=list(NETWORKS))
def run(request):
    model = keras.Sequential([*NETWORKS[request.param], layers.Dense(2)])
    model.compile("sgd", "mse")
    x = RNG.uniform(-1, 1, (6, *model.input_shape[1:])).astype(np.float32)
    y = RNG.uniform(size=(6, 2)).astype(np.float32)
    history = FilterHistory((x, y), filters=range(2), iterations=2, method="robust", strict=True)
    before = np.array(model.get_layer("conv").kernel)
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    yield request.param, model, history, before
    history.close()


def test_kernels_and_pictures_are_recorded_in_the_order_of_images(run):
    name, model, history, before = run
    assert history.error == ""
    np.testing.assert_array_equal(history.kernels("conv")[0], canonical(before))
    np.testing.assert_array_equal(history.kernels("conv")[1], canonical(np.array(model.get_layer("conv").kernel)))
    assert history.pictures("conv").shape == (2, 2, *PICTURES[name])
    assert history.kernel_gradients("conv").shape == history.kernels("conv").shape
    assert not history.layout[0].sees_colours  # three channels of a signal are none


def test_a_saved_history_is_the_same_again(run, tmp_path):
    _, _, history, _ = run
    history.save(tmp_path / "run.h5")
    again = FilterHistory.load(tmp_path / "run.h5")
    np.testing.assert_array_equal(again.kernels("conv"), history.kernels("conv"))
    np.testing.assert_array_equal(again.pictures("conv"), history.pictures("conv"))
    assert again.settings == history.settings
    again.close()


def test_kernels_are_drawn(run):
    from filterviz_widget import plot_kernels

    _, model, _, _ = run
    figure = plot_kernels(model, "conv")
    assert "4 filters" in figure.get_suptitle()
