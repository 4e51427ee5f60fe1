"""Models whose input is no image are read: what it is, how long, which range, and what of the layers is shown."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.description.data import Data
from filterviz_widget.model import read_model
from tests.dimensions import SHAPES, made, plain, text, volumes


@pytest.mark.parametrize(
    ("name", "data", "shape"),
    [
        ("signals", Data("signal"), (1, 60, 3)),
        ("audio", Data("signal"), (1, 400, 1)),
        ("spectra", Data("signal"), (1, 800, 1)),
        ("text", Data("signal"), (1, 12, 10)),
        ("volumes", Data("volume", 8), (12, 10, 16)),
        ("video", Data("volume", 4), (10, 12, 12)),
    ],
)
def test_what_the_input_is_is_told_by_the_layers(name, data, shape):
    view = read_model(made(name))
    assert (view.data, view.image_shape) == (data, shape)


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_cut_takes_images_and_gives_maps_of_what_keras_computes(name):
    model = made(name)
    view = read_model(model)
    values = np.random.default_rng(2).uniform(-1, 1, (2, *SHAPES[name])).astype(np.float32)
    images = values.reshape(2, *view.image_shape)
    if view.data.kind == "volume":
        images = np.moveaxis(values, 1, 3).reshape(2, *view.image_shape)
    for info in view.layers:
        found, own = np.asarray(view.cut(info.name)(images)), plain(model, info.name, values)
        assert found.shape[1:] == info.shape
        np.testing.assert_allclose(found, own.reshape(found.shape), rtol=1e-4, atol=1e-5)


def test_layers_over_signals_and_volumes_are_convolutions_and_others():
    kinds = {info.name: info.kind for info in read_model(made("signals")).layers}
    assert kinds == {
        **dict.fromkeys(("conv", "separable", "depthwise", "transposed"), "convolution"),
        **dict.fromkeys(("norm", "pool", "gru"), "other"),
        "units": "units",
    }
    frames = {info.name: info.kind for info in read_model(made("video")).layers}
    assert frames == {**dict.fromkeys(("frames", "moving", "last"), "convolution"), "units": "units"}


@pytest.mark.parametrize("dtype", ["int32", "float32"], ids=["whole numbers", "numbers as Keras takes them by default"])
def test_of_tokens_what_their_embedding_gives_is_sought(dtype):
    model = text(dtype)
    view = read_model(model)
    vectors = np.asarray(model.get_layer("embedding").embeddings, np.float64)
    low, high = vectors.mean() - 2.5 * vectors.std(), vectors.mean() + 2.5 * vectors.std()
    assert view.input_range == pytest.approx((low, high), rel=1e-4)
    assert view.input_range_source == "read from the vectors of the Embedding 'embedding'"
    assert view.input_note == "Sought is what the Embedding 'embedding' gives: whole numbers have no gradient."
    assert [info.name for info in view.layers] == ["conv", "units"]


def test_an_embedding_is_named_as_an_input_where_there_are_several():
    one, other = (keras.Input((6,), dtype="int32", name=name) for name in ("question", "answer"))
    vectors = [layers.Embedding(9, 4, name=f"of_{each.name}")(each) for each in (one, other)]
    both = layers.Conv1D(3, 2, name="conv")(layers.Concatenate()(vectors))
    model = keras.Model([one, other], both)
    with pytest.raises(ValueError, match=r"Expected a model with an image input"):
        read_model(model)
    view = read_model(model, input="of_answer", other_inputs={"question": np.arange(6)})
    assert (view.input_name, view.image_shape) == ("of_answer", (1, 6, 4))
    values = np.random.default_rng(0).normal(size=(1, 6, 4)).astype(np.float32)
    held = np.asarray(model.get_layer("of_question")(np.arange(6)[None]))
    expected = model.get_layer("conv")(np.concatenate([held, values], -1))
    np.testing.assert_allclose(view.cut("conv")(values[None])[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "wanted", "expected"),
    [
        ((None, 2), None, (1, 256, 2)),
        ((None, 2), 40, (1, 40, 2)),
        ((None, 2), (1, 9000), (1, 9000, 2)),
        ((30, 2), 40, (1, 40, 2)),
    ],
)
def test_a_length_that_is_open_is_chosen(shape, wanted, expected):
    model = keras.Sequential([keras.Input(shape), layers.Conv1D(3, 3, name="conv")])
    view = read_model(model, image_size=wanted)
    assert view.image_shape == expected
    made = view.cut("conv")(np.zeros((1, *expected), np.float32))
    assert made.shape == (1, 1, expected[1] - 2, 3)


def test_open_slices_and_sizes_of_a_volume_are_chosen():
    model = keras.Sequential([keras.Input((None, None, None, 1)), layers.Conv3D(2, 3, name="conv")])
    view = read_model(model, image_size=20)
    assert (view.data, view.image_shape) == (Data("volume", 16), (20, 20, 16))
    assert view.layers[0].shape == (None, None, 2)
    assert view.cut("conv")(np.zeros((1, 20, 20, 16), np.float32)).shape == (1, 14 * 18, 18, 2)


def test_a_sequence_of_dense_layers_is_a_signal_where_the_user_says_so():
    model = keras.Sequential([keras.Input((7, 3)), layers.Dense(4, name="dense"), layers.Dense(2, name="more")])
    view = read_model(model, data="signal")
    assert [(info.name, info.shape, info.kind) for info in view.layers] == [
        ("dense", (1, 7, 4), "other"),
        ("more", (1, 7, 2), "other"),
    ]


def test_an_image_may_be_a_spectrogram():
    model = keras.Sequential([keras.Input((40, 8, 1)), layers.Conv2D(2, 3, name="conv")])
    assert read_model(model).data == Data("image")
    assert read_model(model, data="spectrogram").data == Data("spectrogram")
    with pytest.raises(ValueError, match=r"data='volume' does not fit: the model's input is that of an image\."):
        read_model(model, data="volume")
    with pytest.raises(ValueError, match=r"Expected a model with an image input"):
        read_model(volumes(), data="spectrogram")


def test_the_range_of_a_signal_is_read_from_what_it_passes_first():
    model = keras.Sequential([keras.Input((20, 2)), layers.Rescaling(1 / 255), layers.Conv1D(2, 3)])
    view = read_model(model)
    assert view.input_range == (0, 255)
    norm = layers.Normalization(mean=[0.5, 0.4], variance=[0.04, 0.09])
    view = read_model(keras.Sequential([keras.Input((20, 2)), norm, layers.Conv1D(2, 3)]))
    assert view.input_range == (0, 1)
    assert "read from the Normalization layer" in view.input_range_source
    view = read_model(made("signals"))
    assert (view.input_range, view.input_range_source) == ((-1, 1), "assumed, nothing in the model says")


def test_preprocessing_takes_a_signal_as_the_model_does():
    model = keras.Sequential([keras.Input((20, 2)), layers.Conv1D(3, 3, name="conv")])
    seen = []

    def preprocess(signals):
        seen.append(tuple(signals.shape))
        return signals[:, ::-1] / 2

    view = read_model(model, preprocess=preprocess)
    assert seen[0] == (1, 20, 2)
    given = np.random.default_rng(0).uniform(-1, 1, (1, 1, 20, 2)).astype(np.float32)
    expected = model(given[:, 0, ::-1] / 2)
    np.testing.assert_allclose(view.cut("conv")(given)[:, 0], expected, rtol=1e-5, atol=1e-6)


def test_a_model_over_frames_says_how_to_look_into_it():
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="conv")], name="inner")
    model = keras.Sequential([keras.Input((4, 8, 8, 3)), layers.TimeDistributed(inner, name="frames")])
    (info,) = read_model(model).layers
    assert (info.shape, info.note) == ((24, 6, 2), "to look into it, pass model.get_layer('frames').layer")
