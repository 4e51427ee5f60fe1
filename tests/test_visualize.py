"""Pictures without the widget."""

import numpy as np
import pytest

from filterviz_widget import FilterExplorer, FilterPicture, visualize_facets, visualize_filter, visualize_layer
from filterviz_widget.model import read_model
from tests.networks import SIZE, overflowing, small_network


@pytest.fixture(scope="module")
def model():
    return small_network()


def test_a_picture_has_the_bytes_of_the_widgets(model):
    explorer = FilterExplorer(model, layer="second", filter=3, seed=4, method="robust", iterations=8, jitter=2)
    shown = explorer.wait(60)
    explorer.close()
    made = visualize_filter(model, "second", 3, seed=4, method="robust", iterations=8, jitter=2)
    assert isinstance(made, FilterPicture)
    assert made.description == shown.description
    assert made.image.tobytes() == shown.image.tobytes()
    assert made.activations.tobytes() == shown.activations.tobytes()


def test_a_layers_pictures_come_in_order_one_batch_at_a_time(model, capsys):
    singles = list(visualize_layer(model, "second", [5, 0, 3], iterations=6, progress=False))
    assert [picture.description.filter for picture in singles] == [5, 0, 3]
    assert capsys.readouterr().out == ""
    assert singles[1].raw.tobytes() == visualize_filter(model, "second", 0, iterations=6).raw.tobytes()
    batches = list(visualize_layer(model, "second", [5, 0, 3], iterations=6, batch_size=2))
    assert "3/3" in capsys.readouterr().out
    for one, of_a_batch in zip(singles, batches, strict=True):
        np.testing.assert_allclose(of_a_batch.raw, one.raw, atol=1e-5)
    assert len(list(visualize_layer(model, "units", iterations=2, progress=False))) == 3


def test_facets_differ_more_than_pictures_from_other_seeds(model):
    facets = visualize_facets(model, "second", 3, count=3, diversity=3.0, iterations=30, seed=7)
    assert [facet.facet for facet in facets] == [0, 1, 2]
    assert {facet.description for facet in facets} == {facets[0].description}
    assert (facets[0].description.seeds, facets[0].description.facets) == ((7, 8, 9), 3)
    seeds = [visualize_filter(model, "second", 3, iterations=30, seed=seed) for seed in (7, 8, 9)]
    features = read_model(model).cut("second")

    def likeness(pictures):
        maps = np.asarray(features(np.stack([picture.raw for picture in pictures]))).reshape(3, -1, 8)
        grams = np.einsum("bpf,bpg->bfg", maps, maps).reshape(3, -1)
        grams /= np.linalg.norm(grams, axis=1, keepdims=True)
        return (grams @ grams.T)[np.triu_indices(3, 1)].mean()

    assert likeness(facets) < likeness(seeds)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"filter": 8}, ValueError, "filter must be a whole number from 0 to 7, got 8"),
        ({"layer": "secon"}, ValueError, "did you mean 'second'"),
        ({"jiter": 1}, TypeError, "no option 'jiter'; did you mean 'jitter'"),
        ({"method": "best"}, ValueError, "method must be one of"),
        ({"image_size": (8, 0)}, ValueError, "image_size"),
        ({"direction": {9: 1.0}}, ValueError, "direction's filter must be a whole number from 0 to 7"),
    ],
)
def test_wrong_arguments_are_found_at_the_call(model, arguments, error, words):
    with pytest.raises(error, match=words):
        visualize_filter(model, **{"layer": "second", "filter": 0, **arguments})
    with pytest.raises(ValueError, match="batch_size must be"):
        visualize_layer(model, "second", batch_size=0)
    with pytest.raises(ValueError, match="count must be"):
        visualize_facets(model, "second", 0, count=1)


def test_what_a_filter_inhibits_is_as_easy_to_ask_for(model):
    excites = visualize_filter(model, "second", 3, sign=1)
    inhibits = visualize_filter(model, "second", 3, sign=-1)
    assert excites.activations[-1] > excites.activations[0] == inhibits.activations[0] > inhibits.activations[-1]


def test_a_picture_may_have_another_size_than_the_models_input_and_need_not_be_square(model):
    picture = visualize_filter(model, "second", 1, image_size=(28, 36), iterations=3)
    assert picture.image.shape == (28, 36, 3)
    assert picture.description.image_size == (28, 36)
    assert SIZE not in picture.raw.shape


def test_a_filter_that_is_not_finite_does_not_end_a_layers_pictures():
    model = overflowing(1)
    pictures = list(visualize_layer(model, "second", [0, 1, 2], iterations=2, progress=False))
    assert [bool(picture.error) for picture in pictures] == [False, True, False]
    assert "filter 1 is NaN or infinite" in pictures[1].error
    with pytest.raises(FloatingPointError, match="filter 1"):
        visualize_filter(model, "second", 1, iterations=2)
