"""The pictures of a history: the engine's own, with the weights of the moment."""

import numpy as np
import pytest

from filterviz_widget import visualize_filter
from filterviz_widget.engine import engine_of
from filterviz_widget.history.pictures import draw
from tests.history.networks import small
from tests.networks import linear_network, network_with_dead_filters

CHOSEN = {"method": "classic", "iterations": 3, "step_size": 1.0, "seed": 0}


@pytest.mark.parametrize("method", ["classic", "robust", "natural"])
def test_they_are_those_of_every_other_door_to_the_byte(method):
    model = small()
    how = CHOSEN | {"method": method, "seed": 4}
    drawn = draw(engine_of(model), {"second": [1, 3]}, **how)["second"]
    for place, filter in enumerate((1, 3)):
        picture = visualize_filter(model, "second", filter, **how)
        assert drawn.pictures[place].tobytes() == picture.image.tobytes()
        assert drawn.activations[place] == picture.activations[-1]


def test_new_weights_give_other_pictures_and_nothing_is_compiled_again():
    model = small()
    engine = engine_of(model)
    seen = [draw(engine, {"first": [0, 1, 2], "second": [4]}, **CHOSEN)]
    model.set_weights([weight * 1.5 + 0.1 for weight in model.get_weights()])
    seen.append(draw(engine, {"first": [0, 1, 2], "second": [4]}, **CHOSEN))
    assert (seen[0]["first"].pictures != seen[1]["first"].pictures).any()
    assert {made.ascent.trace_count for made in engine._layers._kept.values()} == {1}
    assert len(engine._layers._kept) == 2


def test_a_linear_filter_climbs_by_the_length_of_its_gradient():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    engine = engine_of(model := linear_network(kernel))
    one, two = (draw(engine, {"linear": [1]}, **CHOSEN | {"iterations": count})["linear"] for count in (1, 2))
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


def test_a_dead_filter_is_marked_and_one_that_was_woken_says_how():
    for cause, dead in (("weights", True), ("bias", False)):
        model = network_with_dead_filters(cause)
        drawn = draw(engine_of(model), {"dead": [0, 1]}, **CHOSEN)["dead"]
        assert drawn.dead.tolist() == [False, dead]
        assert drawn.notes[0] == ""
        assert "dead" in drawn.notes[1]
