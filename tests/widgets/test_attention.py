"""The panel of an attention layer's heads, on a real transformer with real workers."""

import keras
import numpy as np
import pytest

from filterviz_widget import FilterExplorer, attention_maps
from filterviz_widget.picture.small import thumbnail
from filterviz_widget.widgets.panel_states import HEAD
from filterviz_widget.widgets.view_figure import decoded
from tests.model.transformers import COUNT, GRID, pixels, vit
from tests.widgets.test_panels import settled

PHOTO = pixels(1)[0]


@pytest.fixture(scope="module")
def model():
    return vit()


@pytest.fixture(scope="module")
def explorer(model):
    explorer = FilterExplorer(model, layer="block_0/attention", photo=PHOTO, panels=["attention", "map"], iterations=2)
    settled(explorer)
    yield explorer
    explorer.close()


def says(explorer, **content):
    """As the page would."""
    explorer._heard({"type": "attention", **content}, [])
    settled(explorer)


def test_only_layers_with_heads_are_said_to_have_them(explorer):
    found = {layer["name"]: layer["heads"] for layer in explorer.layers}
    assert {name: heads for name, heads in found.items() if heads} == {"block_0/attention": 2, "block_0": 2}


def test_the_panel_shows_what_the_function_finds(explorer, model):
    shown, found = explorer.attention_panel, attention_maps(model, PHOTO, "block_0/attention")
    assert (shown["layer"], shown["query"]) == ("block_0/attention", None)
    assert "where the token before the grid looks" in shown["words"]
    for number, head in enumerate(shown["heads"]):
        assert head["share"] == pytest.approx(float(found.maps[number].sum()), rel=1e-4)
        expected = thumbnail(found.overlay(number), HEAD).astype(int)
        assert np.abs(decoded(head["source"]) - expected).mean() < 16  # it is sent with losses


def test_a_place_that_is_clicked_looks_until_none_is(explorer, model):
    says(explorer, row=2, column=3)
    shown = explorer.attention_panel
    assert shown["query"] == [2, 3]
    block = model.get_layer("block_0")
    x = block.norm_1(keras.Model(model.inputs, block.input)([PHOTO[None]]))
    _, scores = block.attention(x, x, return_attention_scores=True)
    expected = np.asarray(scores)[0, :, 1 + 2 * GRID[1] + 3, 1 : 1 + COUNT].sum(-1)
    np.testing.assert_allclose([head["share"] for head in shown["heads"]], expected, rtol=1e-3)
    says(explorer, row="0", column=None)
    assert explorer.attention_panel["query"] is None


def test_a_layer_without_heads_says_so_and_the_picture_of_the_view_has_the_panel(explorer):
    figure = explorer.figure()
    titles = [area.get_suptitle() for part in figure.subfigs for area in part.subfigs]
    assert "Attention" in titles
    explorer.layer = "patches"
    settled(explorer)
    assert "no attention" in explorer.attention_panel["empty"]
    assert explorer.map_panel["layer"] == "patches"
