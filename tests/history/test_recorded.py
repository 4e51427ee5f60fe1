"""Reading a history: shapes and orders, tables, grids and animations."""

import sys
import types

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from filterviz_widget import FilterHistory
from filterviz_widget.history.export import picture_grid
from tests.history.networks import examples


@pytest.fixture(scope="module")
def zoo():
    """One training of a model with every kind of convolution; the history and the model as it is afterwards."""
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(4, 3, activation="elu", name="plain"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, activation="elu", name="depthwise"),
            layers.SeparableConv2D(5, 3, depth_multiplier=2, activation="elu", name="separable"),
            layers.Conv2DTranspose(6, (3, 2), activation="elu", name="transposed"),
            layers.Conv2D(7, 1, name="one"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="zoo",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = examples()
    history = FilterHistory(probe=(x, y), filters=[1, 4], iterations=1)
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    return history, model


def test_all_convolutions_are_recorded_by_default(zoo):
    history, _ = zoo
    assert history.layers == ("plain", "depthwise", "separable", "transposed", "one")
    assert history.filters("plain") == (1,)  # it has four
    assert history.filters("one") == (1, 4)
    assert history.pictures("one").shape == (2, 2, 12, 12, 3)
    assert history.pictures("one").dtype == np.uint8
    assert history.activations("one").shape == history.dead("one").shape == (2, 2)


def test_kernels_have_one_order_of_axes_for_every_kind_of_convolution(zoo):
    history, model = zoo
    shapes = {name: history.kernels(name).shape for name in history.layers}
    assert shapes == {
        "plain": (2, 3, 3, 3, 4),
        "depthwise": (2, 3, 3, 1, 8),
        "separable": (2, 3, 3, 1, 16),
        "transposed": (2, 3, 2, 5, 6),
        "one": (2, 1, 1, 6, 7),
    }
    assert history.kernels("separable", "pointwise").shape == (2, 1, 1, 16, 5)
    assert history.parts("separable") == ("depthwise", "pointwise")
    transposed = model.get_layer("transposed").kernel.numpy()  # height, width, filters, inputs
    assert history.kernels("transposed")[-1, 2, 1, 3, 4] == transposed[2, 1, 4, 3]
    depthwise = model.get_layer("depthwise").kernel.numpy()  # height, width, inputs, multiplier
    assert history.kernels("depthwise")[-1, 0, 1, 0, 5] == depthwise[0, 1, 2, 1]


def test_a_kernels_gradient_lies_over_the_kernel(zoo):
    history, model = zoo
    for layer in history.layers:
        for part in history.parts(layer):
            assert history.kernel_gradients(layer, part).shape == history.kernels(layer, part).shape
    index = [w.path.removeprefix("zoo/") for w in model.trainable_weights].index("transposed/kernel")
    raw = history.gradients[1][index]
    assert history.kernel_gradients("transposed")[1, 2, 1, 3, 4] == raw[2, 1, 4, 3]


def test_norms_are_those_of_the_gradients(zoo):
    history, model = zoo
    norms = history.gradient_norms()
    assert norms.shape == (2, len(model.trainable_weights))
    assert history.weights == tuple(w.path.removeprefix("zoo/") for w in model.trainable_weights)
    for row, gradients in zip(norms, history.gradients, strict=True):
        np.testing.assert_allclose(row, [np.sqrt((g.astype(float) ** 2).sum()) for g in gradients], rtol=1e-12)
    squares = history.layer_gradient_norms()["separable"] ** 2
    of_layer = [index for index, name in enumerate(history.weights) if name.startswith("separable/")]
    assert len(of_layer) == 3
    np.testing.assert_allclose(squares, (norms[:, of_layer] ** 2).sum(axis=1))


def test_what_was_not_recorded_is_named(zoo):
    history, _ = zoo
    for ask, words in [
        (lambda: history.kernels("conv9"), "recorded are 'plain'"),
        (lambda: history.kernels("plain", "depthwise"), "has kernel"),
        (lambda: history.plot("plain", 3), "Filter 3"),
        (lambda: history.save_gif("a.png", "plain", 1), r"\.gif"),
        (lambda: FilterHistory().kernels("plain"), "none yet"),
    ]:
        with pytest.raises(ValueError, match=words):
            ask()


def test_a_table_has_a_row_per_record(zoo, monkeypatch):
    history, _ = zoo
    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(DataFrame=list))
    rows = history.to_dataframe()
    assert [row["epoch"] for row in rows] == [0, 1]
    assert "loss" not in rows[0]
    assert rows[1]["loss"] == history.logs[1]["loss"]
    assert rows[1]["gradient_norm/plain/kernel"] == history.gradient_norms()[1, 0]


def test_without_pandas_the_table_says_what_is_missing(zoo, monkeypatch):
    history, _ = zoo
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas"):
        history.to_dataframe()


def test_a_plot_shows_the_pictures_over_the_epochs_without_pyplot(zoo):
    history, _ = zoo
    history.plot("one", 4)
    loaded = sys.modules.get("matplotlib.pyplot")
    figure = history.plot("one")
    assert loaded is None or not loaded.get_fignums()
    shown = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    pictures = history.pictures("one")
    assert len(shown) == 4  # two filters, two epochs
    for got, wanted in zip(shown, [pictures[0, 0], pictures[1, 0], pictures[0, 1], pictures[1, 1]], strict=True):
        np.testing.assert_array_equal(got, wanted)
    one = history.plot("one", 4)
    assert [axis.get_title() for axis in one.axes] == ["epoch 0", "epoch 1"]
    one.canvas.draw()


def test_a_name_from_a_file_is_not_taken_for_a_formula():
    figure = picture_grid("a$x^$b", [0], [0, 1], np.zeros((2, 1, 4, 4, 3), np.uint8))
    figure.canvas.draw()
    assert figure.get_suptitle().startswith("a$x^$b")


def test_an_animation_has_a_frame_per_epoch(zoo, tmp_path):
    history, _ = zoo
    history.save_gif(tmp_path / "one.gif", "one", 4, seconds=0.3)
    with Image.open(tmp_path / "one.gif") as image:
        assert image.n_frames == 2
        assert image.info["duration"] == 300
        assert image.info["loop"] == 0
        image.seek(1)
        frame = np.asarray(image.convert("RGB"), int)
    times = frame.shape[1] // 12
    enlarged = history.pictures("one")[1, 1].repeat(times, 0).repeat(times, 1)
    # A GIF has 256 colours: near, not equal.
    assert np.abs(frame[: enlarged.shape[0]] - enlarged).mean() < 8
