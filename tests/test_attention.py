"""Attention heads as maps of a photo: by NumPy from the layer's own weights, and by what Keras returns."""

import json

import keras
import numpy as np
import pytest

from filterviz_widget import attention_maps
from filterviz_widget.description.question import AttentionOf, from_json
from filterviz_widget.description.reading import Array
from filterviz_widget.engine import engine_for
from tests.model.transformers import COUNT, GRID, PatchEmbedding, pixels, vit

PHOTO = pixels(1)[0]


@pytest.fixture(scope="module")
def model():
    return vit(before=1, after=2, blocks=2)


def by_numpy(model, name):
    """softmax(Q K^T / sqrt(d)), `(heads, queries, keys)`, of what enters a block's attention."""
    block = model.get_layer(name)
    given = keras.Model(model.inputs, block.input)(PHOTO[None])
    x = np.asarray(block.norm_1(given), np.float64)[0]
    attention = block.attention
    query, key = (
        np.einsum("tc,chd->thd", x, dense.kernel.numpy()) + dense.bias.numpy()
        for dense in (attention.query_dense, attention.key_dense)
    )
    logits = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(query.shape[-1])
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("layer", ["block_0/attention", "block_1"])
def test_the_class_token_looks_where_the_scores_say(model, layer):
    found = attention_maps(model, PHOTO, layer)
    expected = by_numpy(model, layer[:7])[:, 0, 1 : 1 + COUNT].reshape(2, *GRID)
    assert (found.maps.shape, found.maps.dtype) == ((2, *GRID), np.float32)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-5)
    assert (found.maps.sum((1, 2)) <= 1 + 1e-6).all()
    assert (found.maps.sum((1, 2)) < 1).all()  # the rest goes to the class token and the registers
    assert found.words == "the token before the grid"


def test_a_place_looks_where_its_own_row_of_the_scores_says(model):
    found = attention_maps(model, PHOTO, "block_0/attention", query=(2, 1))
    expected = by_numpy(model, "block_0")[:, 1 + 2 * GRID[1] + 1, 1 : 1 + COUNT].reshape(2, *GRID)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-5)
    assert found.words == "the place in row 2, column 1"


def test_it_is_what_keras_returns(model):
    block = model.get_layer("block_1")
    x = block.norm_1(keras.Model(model.inputs, block.input)(PHOTO[None]))
    _, scores = block.attention(x, x, return_attention_scores=True)
    found = attention_maps(model, PHOTO, "block_1/attention", query=(0, 3))
    np.testing.assert_allclose(
        found.maps, np.asarray(scores)[0, :, 1 + 3, 1 : 1 + COUNT].reshape(2, *GRID), rtol=1e-4, atol=1e-6
    )


def test_without_a_class_token_it_is_the_mean_of_all_places():
    model = vit(before=0)
    found = attention_maps(model, PHOTO, "block_0")
    expected = by_numpy(model, "block_0").mean(1).reshape(2, *GRID)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.maps.sum((1, 2)), 1, rtol=1e-5)
    assert found.words == "the mean of all places"


def test_new_weights_show_at_once(model):
    before = attention_maps(model, PHOTO, "block_0/attention").maps
    kernel = model.get_layer("block_0").attention.query_dense.kernel
    kept = kernel.numpy()
    kernel.assign(3 * kept)
    try:
        expected = by_numpy(model, "block_0")[:, 0, 1 : 1 + COUNT].reshape(2, *GRID)
        found = attention_maps(model, PHOTO, "block_0/attention").maps
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
        assert np.abs(found - before).max() > 1e-3
    finally:
        kernel.assign(kept)


def test_a_block_with_an_embedding_in_one_call_has_heads_too():
    from tests.model.transformers import HEIGHT, WIDTH, Encoder
    from tests.networks import with_weights

    image = keras.Input((HEIGHT, WIDTH, 3))
    model = with_weights(keras.Model(image, Encoder(name="block_0")(PatchEmbedding(name="embed")(image))))
    expected = by_numpy(model, "block_0")[:, 0, 1:].reshape(2, *GRID)
    np.testing.assert_allclose(attention_maps(model, PHOTO, "block_0").maps, expected, rtol=1e-3, atol=1e-5)


def test_the_overlay_is_reddest_where_the_head_looks_most(model):
    found = attention_maps(model, PHOTO, "block_0", query=(1, 2))
    overlay = found.overlay(1).astype(int)
    assert overlay.shape == PHOTO.shape
    redness = (overlay[..., 0] - overlay[..., 2]).reshape(GRID[0], 4, GRID[1], 4).mean((1, 3))
    assert redness.argmax() == found.maps[1].argmax()
    assert len(found.plot().axes) >= 3
    with pytest.raises(ValueError, match="head must be a whole number from 0 to 1, got 2"):
        found.overlay(2)


@pytest.mark.parametrize(
    ("layer", "query", "said"),
    [
        ("patches", None, r"'patches' has no attention over the places .*: 'block_0/attention', 'block_0'"),
        ("block_0/mlp/wide", None, "has no attention"),
        ("block_0", (3, 0), r"query must be a place from \(0, 0\) to \(2, 3\), got \(3, 0\)"),
        ("block_0", (1,), r"query must be the row and column of a place, or None; got \(1,\)"),
        ("block_0", (-1, 0), "query must be the row and column of a place"),
        ("nowhere", None, "There is no layer 'nowhere'"),
    ],
)
def test_what_does_not_fit_is_said(model, layer, query, said):
    with pytest.raises(ValueError, match=said):
        attention_maps(model, PHOTO, layer, query)


def test_the_question_is_plain_data_and_its_answer_is_kept(model):
    engine = engine_for(model, {})
    asked = AttentionOf("block_0", engine.reading, Array.of(PHOTO), 1, 2)
    assert from_json(json.loads(json.dumps(asked.to_json()))) == asked
    first = engine.answers.answer(asked)
    assert engine.answers.answer(asked) is first
    assert engine.answers.known(asked) is first
