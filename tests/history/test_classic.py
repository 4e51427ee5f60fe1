"""The classic network and the classic recipe: gradients and kernels after each epoch, on flowers."""

import numpy as np
import pytest

from filterviz_widget import FilterHistory
from filterviz_widget.demo.flowers import flowers
from filterviz_widget.picture.kernels import plot_kernels
from tests.history.networks import classic_network


@pytest.fixture(scope="module")
def run():
    images, labels = flowers(8, size=224)
    model = classic_network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = FilterHistory(probe=(images, labels), layers=[4], filters=range(2), iterations=2)
    model.fit(images, labels, batch_size=4, epochs=2, callbacks=[history], verbose=0)
    return model, history


def test_the_network_is_the_classic_one(run):
    model, _ = run
    assert model.count_params() == 20_842
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 20_802


def test_each_epoch_has_sixteen_gradients_of_the_trainable_weights_shapes(run):
    model, history = run
    assert history.epochs == (0, 1, 2)
    assert len(history.gradients) == 3
    for gradients in history.gradients:
        assert len(gradients) == 16
        assert [g.shape for g in gradients] == [tuple(w.shape) for w in model.trainable_weights]
        assert all(np.isfinite(g).all() for g in gradients)
    assert history.gradient_norms().shape == (3, 16)
    assert set(history.logs[1]) == {"loss", "accuracy", "probe_loss", "record_seconds"}


def test_kernels_are_ten_rows_by_five_columns_in_grey(run):
    model, history = run
    figure = plot_kernels(model, model.layers[4], signed=False)
    (shown,) = [axis.images[0] for axis in figure.axes if axis.get_label() != "scale"]
    kernel = model.layers[4].get_weights()[0]
    grey = (kernel - kernel.min()) / (kernel.max() - kernel.min())
    assert grey.shape == (3, 3, 5, 10)
    np.testing.assert_allclose(
        shown.get_array(), np.block([list(row) for row in grey.transpose(3, 2, 0, 1)]), atol=1e-6
    )
    assert shown.get_clim() == (0, 1)
    assert shown.get_cmap().name == "gray"
    np.testing.assert_array_equal(history.kernels(model.layers[4])[-1], kernel)


def test_pictures_are_of_the_models_size(run):
    _, history = run
    assert history.pictures(history.layers[0]).shape == (3, 2, 224, 224, 3)
