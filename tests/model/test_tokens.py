"""Tokens are shown as the grid that they are the places of: by values, whatever the way in which they were made."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.fold import Fold
from tests.model.transformers import (
    CHANNELS,
    COUNT,
    GRID,
    HEIGHT,
    PATCH,
    WIDTH,
    Encoder,
    PatchEmbedding,
    patches_of,
    pixels,
    vit,
)
from tests.networks import with_weights

IMAGES = pixels()


def folded(tokens, skipped):
    """By NumPy alone."""
    return np.asarray(tokens)[:, skipped : skipped + COUNT].reshape(len(tokens), *GRID, -1)


@pytest.fixture(scope="module")
def plain():
    model = vit()
    return model, read_model(model)


def test_what_a_transformer_is_made_of_is_listed_by_path(plain):
    _, view = plain
    fold = Fold("tokens", 1, GRID)
    assert [(info.name, info.shape, info.kind) for info in view.layers] == [
        ("patches", (*GRID, CHANNELS), "convolution"),
        ("tokens", (*GRID, CHANNELS), "other"),
        ("block_0/norm_1", (*GRID, CHANNELS), "other"),
        ("block_0/attention", (*GRID, CHANNELS), "other"),
        ("block_0/norm_2", (*GRID, CHANNELS), "other"),
        ("block_0/mlp/wide", (*GRID, 8), "other"),
        ("block_0/mlp/narrow", (*GRID, CHANNELS), "other"),
        ("block_0", (*GRID, CHANNELS), "other"),
        ("norm", (*GRID, CHANNELS), "other"),
        ("classes", (3,), "units"),
    ]
    assert {info.fold for info in view.layers} == {None, fold}
    assert view.unsupported == ()


def test_a_tokens_channel_is_what_another_forward_pass_makes_of_the_place(plain):
    model, view = plain
    conv, tokens, block = (model.get_layer(name) for name in ("patches", "tokens", "block_0"))
    made = patches_of(IMAGES, conv.kernel.numpy(), conv.bias.numpy())
    cls = np.repeat(tokens.token.numpy(), 2, axis=0)
    made = np.concatenate([cls, made], 1) + tokens.positions.numpy()
    np.testing.assert_allclose(view.cut("tokens")(IMAGES), folded(made, 1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(view.cut("block_0")(IMAGES), folded(block(made), 1), rtol=1e-3, atol=1e-3)
    wide = block.mlp.get_layer("wide")
    attended = made + block.attention(block.norm_1(made), block.norm_1(made))
    np.testing.assert_allclose(
        view.cut("block_0/mlp/wide")(IMAGES), folded(wide(block.norm_2(attended)), 1), rtol=1e-3, atol=1e-3
    )


def test_the_gradient_of_a_token_of_a_patch_embedding_lies_in_its_patch(plain):
    _, view = plain
    images = tf.constant(IMAGES[:1])
    for row, column in ((0, 0), (1, 3), (2, 1)):
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = view.cut("tokens")(images)[0, row, column, 2]
        moved = np.abs(tape.gradient(value, images)).sum((0, 3)) > 0
        expected = np.zeros((HEIGHT, WIDTH), bool)
        expected[row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH] = True
        np.testing.assert_array_equal(moved, expected)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 0), (1, 3)])
def test_tokens_of_no_place_before_or_after_the_grid_are_left_out(before, after):
    model = vit(before, after)
    view = read_model(model)
    assert view.layer("norm").fold == Fold("tokens", before, GRID)
    whole = keras.Model(model.inputs, model.get_layer("norm").output)(IMAGES)
    np.testing.assert_allclose(view.cut("norm")(IMAGES), folded(whole, before), rtol=1e-3, atol=1e-3)


def test_an_embedding_in_one_call_that_reads_the_batch_is_seen_through():
    image = keras.Input((HEIGHT, WIDTH, 3))
    embed, block = PatchEmbedding(name="embed"), Encoder(name="block")
    model = with_weights(keras.Model(image, block(embed(image))))
    view = read_model(model)
    assert view.layer("embed").fold == view.layer("block/attention").fold == Fold("tokens", 1, GRID)
    assert view.layer("embed/conv").kind == "convolution"
    np.testing.assert_allclose(view.cut("embed/conv")(IMAGES), embed.conv(IMAGES), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(view.cut("block")(IMAGES), folded(model(IMAGES), 1), rtol=1e-3, atol=1e-3)
    embed.token.assign_add(np.ones((1, 1, CHANNELS)))  # seen at once, though it is read while the call is followed
    np.testing.assert_allclose(view.cut("block")(IMAGES), folded(model(IMAGES), 1), rtol=1e-3, atol=1e-3)


def channels_first(x):
    return layers.Permute((2, 1))(layers.Reshape((CHANNELS, COUNT))(layers.Permute((3, 1, 2))(x)))


ORDERS = {
    "channels first on the way": channels_first,
    "by operations": lambda x: ops.reshape(x, (-1, COUNT, CHANNELS)),
    "with the batch's size": lambda x: ops.reshape(x, (ops.shape(x)[0], -1, CHANNELS)),
    "column by column": lambda x: layers.Reshape((COUNT, CHANNELS))(layers.Permute((2, 1, 3))(x)),
    "places and channels mixed up": lambda x: layers.Reshape((COUNT * 2, CHANNELS // 2))(x),
    "a row at a time": lambda x: layers.Reshape((GRID[0], GRID[1] * CHANNELS))(x),
}


@pytest.mark.parametrize("way", ORDERS)
def test_only_tokens_in_the_order_of_a_map_are_laid_out(way):
    image = keras.Input((HEIGHT, WIDTH, 3))
    x = layers.Conv2D(CHANNELS, PATCH, PATCH, name="patches")(image)
    model = with_weights(keras.Model(image, layers.Dense(5, name="dense")(ORDERS[way](x))))
    view = read_model(model)
    found = {info.name: info.fold for info in view.layers}
    if way in ("column by column", "places and channels mixed up"):
        assert [name for name, _ in view.unsupported] == ["dense"]
        return
    if way == "a row at a time":  # a row of the map is the place
        assert found["dense"] == Fold("tokens", 0, (GRID[0], 1))
        return
    assert found["dense"] == Fold("tokens", 0, GRID)
    dense = model.get_layer("dense")
    expected = model.get_layer("patches")(IMAGES) @ dense.kernel + dense.bias
    np.testing.assert_allclose(view.cut("dense")(IMAGES), expected, rtol=1e-4, atol=1e-4)


def test_attention_written_by_hand_is_a_token_for_each_query():
    class Own(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.query, self.key, self.value = (layers.Dense(4, name=name) for name in ("query", "key", "value"))

        def build(self, shape):
            for dense in (self.query, self.key, self.value):
                dense.build(shape)

        def call(self, x):
            scores = ops.softmax(ops.matmul(self.query(x), ops.transpose(self.key(x), (0, 2, 1))))
            return ops.matmul(scores, self.value(x))

    image = keras.Input((HEIGHT, WIDTH, 3))
    x = layers.Reshape((COUNT, CHANNELS))(layers.Conv2D(CHANNELS, PATCH, PATCH)(image))
    model = with_weights(keras.Model(image, Own(name="own")(x)))
    view = read_model(model)
    assert [info.name for info in view.layers[1:]] == ["own/query", "own/key", "own/value", "own"]
    np.testing.assert_allclose(view.cut("own")(IMAGES), folded(model(IMAGES), 0), rtol=1e-3, atol=1e-3)


def test_what_works_on_windows_is_named_and_the_map_behind_them_is_there():
    class Windows(layers.Layer):
        """A block of attention within windows of 2 x 2 places, as in Swin and MaxViT."""

        def __init__(self, **options):
            super().__init__(**options)
            self.attention = layers.MultiHeadAttention(2, 2, name="attention")

        def build(self, shape):
            self.attention.build((None, 4, shape[-1]), (None, 4, shape[-1]))

        def call(self, x):
            _, height, width, channels = x.shape
            y = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
            y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))
            y = self.attention(y, y)
            y = ops.transpose(ops.reshape(y, (-1, height // 2, width // 2, 2, 2, channels)), (0, 1, 3, 2, 4, 5))
            return x + ops.reshape(y, (-1, height, width, channels))

    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 2, 2, name="patches")(image)
    model = with_weights(keras.Model(image, layers.LayerNormalization(name="norm")(Windows(name="windows")(x))))
    view = read_model(model)
    assert [info.name for info in view.layers] == ["patches", "windows", "norm"]
    ((name, reason),) = view.unsupported
    assert name == "windows/attention"
    assert reason == "MultiHeadAttention makes 16 rows of an image, such as windows; only whole maps can be shown."
    given = pixels(2, (16, 16))
    np.testing.assert_allclose(view.cut("norm")(given), model(given), rtol=1e-4, atol=1e-4)


def test_receptive_fields_of_tokens_are_their_patches_until_an_attention(plain):
    _, view = plain
    image = keras.Input((HEIGHT, WIDTH, 3))
    x = layers.Reshape((COUNT, CHANNELS))(layers.Conv2D(CHANNELS, PATCH, PATCH)(image))
    x = layers.LayerNormalization(name="norm")(layers.Dense(4, name="dense")(x))
    seen = read_model(keras.Model(image, x)).receptive_field("norm")
    assert (seen.size, seen.stride, seen.map_size, seen.unknown) == ((PATCH, PATCH), (PATCH, PATCH), GRID, ())
    assert seen.box((1, 2)) == (PATCH, 2 * PATCH, 2 * PATCH, 3 * PATCH)
    whole = view.receptive_field("block_0")
    assert (whole.is_whole, whole.map_size) == (True, GRID)
    np.testing.assert_allclose(whole.centres[1], (np.arange(GRID[1]) + 0.5) * PATCH)
