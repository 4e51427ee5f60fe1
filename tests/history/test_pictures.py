"""The pictures of a history: one trace, the present weights, the engine's numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.history import pictures
from filterviz_widget.history.pictures import Renderer
from filterviz_widget.model import read_model
from tests.history.networks import small
from tests.networks import linear_network, network_with_dead_filters


def renderer(model, drawn, **options):
    chosen = {"method": "classic", "iterations": 3, "step_size": 1.0, "seed": 0} | options
    return Renderer(read_model(model), drawn, **chosen)


def test_layers_are_traced_once_however_often_the_weights_change():
    model = small()
    drawing = renderer(model, {"first": [0, 1, 2], "second": [4]})
    seen = [drawing.render()]
    for _ in range(2):
        model.set_weights([weight * 1.5 + 0.1 for weight in model.get_weights()])
        seen.append(drawing.render())
    assert drawing.trace_count == 2
    assert (seen[0]["first"].pictures != seen[2]["first"].pictures).any()
    fresh = renderer(model, {"first": [0, 1, 2], "second": [4]}).render()
    for name in fresh:
        np.testing.assert_array_equal(seen[2][name].pictures, fresh[name].pictures)
        np.testing.assert_array_equal(seen[2][name].activations, fresh[name].activations)


def test_filters_are_drawn_in_batches_of_bounded_size_with_the_same_result(monkeypatch):
    model = small()
    together = renderer(model, {"second": range(5)}).render()["second"]
    sizes = []
    start = pictures.Ascent.start
    monkeypatch.setattr(pictures.Ascent, "start", lambda self, seeds: sizes.append(len(seeds)) or start(self, seeds))
    monkeypatch.setattr(pictures, "PIXELS", 2 * 12 * 12)
    apart = renderer(model, {"second": range(5)}).render()["second"]
    assert sizes[-3:] == [2, 2, 1]
    np.testing.assert_allclose(apart.activations, together.activations, rtol=1e-5)
    assert np.abs(apart.pictures.astype(int) - together.pictures).max() <= 1


def test_a_linear_filter_climbs_by_the_length_of_its_gradient():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    model = linear_network(kernel)
    one, two = (renderer(model, {"linear": [1]}, iterations=count).render()["linear"] for count in (1, 2))
    # The gradient of the mean of a linear map is the same everywhere: each step adds step * |g|^2 / rms(g).
    size = model.input_shape[1]
    gradient = np.zeros((size, size, 3))
    places = size - 2
    for row in range(3):
        for column in range(3):
            gradient[row : row + places, column : column + places] += kernel[row, column, :, 1] / places**2
    rms = np.sqrt((gradient**2).mean())
    rise = (gradient**2).sum() / rms / 255
    assert two.activations[0] - one.activations[0] == pytest.approx(rise, rel=1e-3)


def test_a_dead_filter_is_marked():
    drawn = renderer(network_with_dead_filters(), {"dead": [0, 1]}).render()["dead"]
    assert drawn.dead.tolist() == [False, True]


def test_layers_of_nested_models_are_drawn_by_their_path():
    inner = small(compiled=False)
    outer = keras.Sequential([keras.Input((12, 12, 3)), layers.Rescaling(2.0), inner])
    drawn = renderer(outer, {"small/second": [0]}).render()
    assert drawn["small/second"].pictures.shape == (1, 12, 12, 3)
