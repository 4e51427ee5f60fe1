"""Histories that version 0.1.0 saved are read as they were: the files beside this one are its own."""

import json
from pathlib import Path

import numpy as np
import pytest

from filterviz_widget import FilterHistory

# Recorded with tests/history/networks.py after keras.utils.set_random_seed(0), on 4 of its examples. The first:
# `small`, 2 epochs, filters 0 and 2. The second: a separable layer in it, `first` frozen, every second of 4 epochs, no
# pictures.
WITH_PICTURES = Path(__file__).with_name("saved_by_0_1_0.npz")
WITHOUT = Path(__file__).with_name("saved_by_0_1_0_without_pictures.npz")


@pytest.mark.parametrize("path", [WITH_PICTURES, WITHOUT], ids=["pictures", "without"])
@pytest.mark.parametrize("max_bytes", [0, 512e6])
def test_every_array_is_the_files(path, max_bytes):
    history = FilterHistory.load(path, max_bytes=max_bytes)
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        assert history.epochs == tuple(head["epoch"] for head in about["records"])
        assert history.logs == [head["logs"] for head in about["records"]]
        seen = 1
        for number, (record, head) in enumerate(zip(history.records, about["records"], strict=True)):
            expected = {"norms": record.norms}
            expected |= {f"gradients/{index}": one for index, one in enumerate(record.gradients)}
            for index, (name, _, parts, *_rest) in enumerate(about["layout"]):
                expected |= {f"kernels/{index}/{part}": record.kernels[name][part] for part in range(len(parts))}
                if head["drawn"]:
                    expected[f"pictures/{index}"] = record.pictures[name]
                    expected[f"activations/{index}"] = record.activations[name]
                    expected[f"dead/{index}"] = record.dead[name]
            assert record.weights == tuple(head["weights"])
            for name, array in expected.items():
                assert array.dtype == arrays[f"{number}/{name}"].dtype
                np.testing.assert_array_equal(array, arrays[f"{number}/{name}"])
            seen += len(expected)
        assert seen == len(arrays.files)
    history.close()


def test_the_values_are_those_that_were_printed_then():
    history = FilterHistory.load(WITH_PICTURES)
    assert (history.epochs, history.layers, history.filters("second")) == ((0, 1, 2), ("first", "second"), (0, 2))
    settings = history.settings
    assert (settings.method, settings.iterations, settings.image_size) == ("classic", 2, (12, 12))
    assert [log["probe_loss"] for log in history.logs] == [1.217205286026001, 1.105583667755127, 1.0717689990997314]
    sums = [[55106, 55032], [55101, 55020], [55090, 55020]]
    np.testing.assert_array_equal(history.pictures("second").sum(axis=(2, 3, 4)), sums)
    np.testing.assert_allclose(history.activations("second")[1], [-0.05964105, 0.06502606], rtol=1e-6)
    last = [0.47634224, 0.18323542, 0.41754735, 0.18634605, 0.03392742, 0.15828084]
    np.testing.assert_allclose(history.gradient_norms()[-1], last, rtol=1e-6)
    assert float(np.abs(history.kernels("first")).sum()) == pytest.approx(47.563118, rel=1e-6)
    assert [layer.sees_colours for layer in history.layout] == [True, False]


def test_a_separable_and_a_frozen_layer_without_pictures_come_back():
    history = FilterHistory.load(WITHOUT)
    assert (history.epochs, history.settings.every, history.settings.filters) == ((2, 4), 2, ())
    assert history.parts("separable") == ("depthwise", "pointwise")
    assert history.kernels("separable").shape == (2, 3, 3, 1, 8)
    assert float(history.kernels("separable", "pointwise").sum()) == pytest.approx(-7.2997336, rel=1e-6)
    assert np.isnan(history.kernel_gradients("first")).all()
    assert np.isfinite(history.kernel_gradients("separable", "pointwise")).all()
    assert "first" not in history.layer_gradient_norms()
    with pytest.raises(ValueError, match="No pictures"):
        history.pictures("first")
