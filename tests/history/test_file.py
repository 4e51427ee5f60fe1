"""Saving and loading: exact, atomic, without pickle."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterHistory
from tests.history.networks import examples, small


@pytest.fixture(scope="module")
def recorded():
    keras.utils.set_random_seed(0)
    model = small(inside=(layers.SeparableConv2D(4, 3, depth_multiplier=2, name="separable"),))
    x, y = examples()
    history = FilterHistory(probe=(x[:4], y[:4]), filters=[0, 2], iterations=2, image_size=(12, 12), input_range=(0, 1))
    model.fit(x, y, epochs=2, callbacks=[history], verbose=0)
    return history


def assert_same_history(found, expected):
    assert found.settings == expected.settings
    assert (found.epochs, found.layers, found.weights) == (expected.epochs, expected.layers, expected.weights)
    assert found.logs == expected.logs
    for one, two in zip(found.records, expected.records, strict=True):
        assert one.weights == two.weights
        assert one.norms.tobytes() == two.norms.tobytes()
        for a, b in zip(one.large_arrays(), two.large_arrays(), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        for layer in expected.layers:
            np.testing.assert_array_equal(one.activations[layer], two.activations[layer])
            np.testing.assert_array_equal(one.dead[layer], two.dead[layer])


@pytest.mark.parametrize("max_bytes", [0, 512e6])
def test_a_saved_history_is_loaded_exactly_as_it_was(recorded, tmp_path, max_bytes):
    recorded.save(tmp_path / "run.npz")
    loaded = FilterHistory.load(tmp_path / "run.npz", max_bytes=max_bytes)
    assert_same_history(loaded, recorded)
    assert repr(loaded).splitlines()[:3] == repr(recorded).splitlines()[:3]
    for part in ("depthwise", "pointwise"):
        np.testing.assert_array_equal(loaded.kernels("separable", part), recorded.kernels("separable", part))
    loaded.save(tmp_path / "again.npz")
    assert_same_history(FilterHistory.load(str(tmp_path / "again.npz")), recorded)
    loaded.close()


def test_a_loaded_history_is_read_only(recorded, tmp_path):
    recorded.save(tmp_path / "run.npz")
    model, (x, y) = small(), examples()
    with pytest.raises(RuntimeError, match="read-only"):
        model.fit(x, y, callbacks=[FilterHistory.load(tmp_path / "run.npz")], verbose=0)


def test_the_file_holds_plain_arrays_and_json(recorded, tmp_path):
    recorded.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        about = json.loads(bytes(arrays["about"]).decode())
        assert about["version"] == 1
        np.testing.assert_array_equal(arrays["2/gradients/0"], recorded.gradients[2][0])
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_a_save_that_fails_leaves_the_old_file_and_no_other(recorded, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    path.write_bytes(b"precious")

    def half(file, **arrays):
        file.write(b"PK half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="No space"):
        recorded.save(path)
    assert path.read_bytes() == b"precious"
    assert [one.name for one in tmp_path.iterdir()] == ["run.npz"]


def test_a_wrong_name_or_file_is_refused_in_words(recorded, tmp_path):
    with pytest.raises(ValueError, match=r"ending in"):
        recorded.save(tmp_path / "run.npy")
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    with pytest.raises(ValueError, match="not a saved history"):
        FilterHistory.load(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match="not a saved history"):
        FilterHistory.load(tmp_path / "text.npz")
    about = json.dumps({"format": "filterviz_widget.history", "version": 99}).encode()
    np.savez(tmp_path / "newer.npz", about=np.frombuffer(about, np.uint8))
    with pytest.raises(ValueError, match="version 99"):
        FilterHistory.load(tmp_path / "newer.npz")
    with pytest.raises(FileNotFoundError):
        FilterHistory.load(tmp_path / "none.npz")


def test_an_empty_history_can_be_saved(tmp_path):
    FilterHistory().save(tmp_path / "empty.npz")
    assert FilterHistory.load(tmp_path / "empty.npz").epochs == ()
