"""A curve that has been flat for as long as patience allows ends the ascent, and nothing else about it changes."""

from dataclasses import replace

import numpy as np
import pytest

from filterviz_widget.description import Description
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import Engine
from filterviz_widget.model import read_model
from tests.networks import small_network, wanted

LONG = replace(wanted(), iterations=400, method=Method(l2=10.0))  # the penalty brings it to rest


def patient(patience, method=None, iterations=400):
    return replace(LONG, iterations=iterations, method=(method or LONG.method).replaced(patience=patience))


def flat_after(curve, patience):
    """By a plain loop: the first multiple of `patience` at which the curve was flat."""
    for end in range(2 * patience, len(curve), patience):
        last, before = np.mean(curve[end - patience : end]), np.mean(curve[end - 2 * patience : end - patience])
        if last - before <= 0.01 * abs(before):
            return end
    raise AssertionError("the curve never was flat")


@pytest.fixture(scope="module")
def engine():
    return Engine(read_model(small_network()))


@pytest.mark.parametrize("patience", [3, 7])
def test_it_ends_where_the_curve_is_flat_with_what_so_many_iterations_give(engine, patience):
    end = flat_after(engine.picture(LONG).activations[:-1], patience)
    assert 2 * patience < end < 350  # neither at once nor never
    picture = engine.picture(patient(patience))
    assert len(picture.activations) == end + 1
    assert picture.raw.tobytes() == engine.picture(replace(LONG, iterations=end)).raw.tobytes()
    assert f"Flat after {end} of 400 iterations." in picture.note
    assert Description.from_json(picture.description.to_json()) == picture.description


def test_the_chunks_it_was_cut_into_make_no_difference(engine):
    whole = engine.picture(patient(5))
    other = Engine(read_model(small_network()))
    other.picture(replace(LONG, filter=1))  # from now on its chunks are larger
    assert other.picture(patient(5)).raw.tobytes() == whole.raw.tobytes()


def test_what_inhibits_comes_to_rest_as_well(engine):
    falling = engine.picture(patient(5, Method(sign=-1, l2=10.0)))
    assert len(falling.activations) < 401
    assert falling.activations[-1] < falling.activations[0]


def test_at_a_smaller_size_it_goes_on_to_the_next(engine):
    robust = PRESETS["robust"].method
    sizes = robust.replaced(octaves=1), robust
    alone, both = (engine.picture(patient(4, method, 60)) for method in sizes)
    assert len(alone.activations) < 61
    assert both.raw.shape == alone.raw.shape
    assert "Flat after" in both.note


def test_pictures_that_are_asked_for_together_end_each_by_itself(engine):
    together = engine.together([replace(patient(5), filter=filter) for filter in range(3)])
    ends = [len(picture.activations) for picture in together]
    assert ends == [len(engine.picture(replace(patient(5), filter=filter)).activations) for filter in range(3)]
    assert len(set(ends)) > 1


def test_without_patience_every_iteration_is_taken_and_older_descriptions_load(engine):
    assert Method().patience == Method().replaced(patience=None).patience == 0
    assert len(engine.picture(LONG).activations) == 401
    old = LONG.to_json()
    del old["method"]["patience"]
    assert Description.from_json(old) == LONG


@pytest.mark.parametrize("given", [-1, 2.5, 1001, True, "5", float("nan")])
def test_patience_is_a_whole_number(given):
    with pytest.raises(ValueError, match="patience must be a whole number from 0 to 1000, got"):
        Method().replaced(patience=given)
