"""The transformers of keras-hub, small and without weights, and stand-ins in plain Keras for what it does not have."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers, ops

from filterviz_widget import attention_maps, visualize_filter
from filterviz_widget.model import read_model
from filterviz_widget.model.fold import Fold
from tests.model.networks import with_weights_above_zero
from tests.model.transformers import pixels

hub = keras_hub.models


def vit():
    return hub.ViTBackbone(
        image_shape=(16, 24, 3), patch_size=(8, 8), num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=12
    )


def deit():
    return hub.DeiTBackbone(
        image_shape=(16, 16, 3), patch_size=(8, 8), num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=12
    )


def dino():
    return hub.DINOV2Backbone(
        patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=12, image_shape=(16, 16, 3),
        num_register_tokens=2, position_embedding_shape=(16, 16),
    )  # fmt: skip


def swin():
    return hub.SwinTransformerBackbone(
        image_shape=(16, 16, 3), embed_dim=4, depths=(2, 1), num_heads=(2, 2), window_size=4, patch_size=2
    )


def segformer():
    return hub.MiTBackbone(
        layerwise_depths=[1], num_layers=1, layerwise_num_heads=[2], layerwise_sr_ratios=[2], max_drop_path_rate=0.0,
        layerwise_patch_sizes=[7], layerwise_strides=[4], image_shape=(16, 16, 3), hidden_dims=[8],
    )  # fmt: skip


class Grid(layers.Layer):
    """Attention within windows of 2 x 2, or over a grid of as many places far apart, as MaxViT takes turns."""

    def __init__(self, is_far, **options):
        super().__init__(**options)
        self.is_far = is_far
        self.norm = layers.LayerNormalization(name="norm")
        self.attention = layers.MultiHeadAttention(2, 2, name="attention")
        self.mlp = layers.Dense(8, "gelu", name="mlp")

    def build(self, shape):
        self.norm.build(shape)
        self.attention.build((None, 4, shape[-1]), (None, 4, shape[-1]))
        self.mlp.build(shape)

    def call(self, x):
        _, height, width, channels = x.shape
        down, across = height // 2, width // 2
        sizes = (-1, 2, down, 2, across) if self.is_far else (-1, down, 2, across, 2)
        order = (0, 2, 4, 1, 3, 5) if self.is_far else (0, 1, 3, 2, 4, 5)
        back = (0, 3, 1, 4, 2, 5) if self.is_far else (0, 1, 3, 2, 4, 5)
        y = ops.transpose(ops.reshape(self.norm(x), (*sizes, channels)), order)
        y = ops.reshape(y, (-1, 4, channels))
        y = ops.reshape(self.attention(y, y), (-1, down, across, 2, 2, channels))
        x = x + ops.reshape(ops.transpose(y, back), (-1, height, width, channels))
        return x + self.mlp(x)


def maxvit():
    """MBConv with squeeze-and-excitation, block attention, grid attention: keras-hub has none."""
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, 2, padding="same", name="stem")(image)
    y = layers.Conv2D(16, 1, activation="gelu", name="expand")(layers.BatchNormalization(name="norm")(x))
    y = layers.DepthwiseConv2D(3, padding="same", activation="gelu", name="depthwise")(y)
    gate = layers.Dense(16, "sigmoid", name="excite")(
        layers.Dense(4, "silu", name="squeeze")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    )
    x = x + layers.Conv2D(8, 1, name="project")(y * gate)
    return keras.Model(image, Grid(True, name="grid")(Grid(False, name="block")(x)))


def convnext():
    """A block of ConvNeXt, which is in keras.applications and not in keras-hub."""
    image = keras.Input((16, 16, 3))
    x = layers.LayerNormalization(name="norm")(layers.Conv2D(8, 4, 4, name="stem")(image))
    y = layers.LayerNormalization(name="within")(layers.Conv2D(8, 7, padding="same", groups=8, name="depthwise")(x))
    y = layers.Dense(8, name="narrow")(layers.Dense(32, "gelu", name="wide")(y))
    return keras.Model(image, x + y)


CASES = {
    # the layer that is drawn, its grid, tokens before it, and how many layers are shown at least
    vit: ("vit_encoder/transformer_block_1/mlp/dense_1", (2, 3), 1, 9),
    deit: ("deit_encoder/transformer_block_1/mlp/dense", (2, 2), 2, 9),
    dino: ("encoder/layers_0/mlp/fc1", (2, 2), 3, 12),
    swin: ("stage_0/blocks_1/mlp/fc1", (8, 8), 0, 15),
    segformer: (None, (4, 4), 0, 10),
    maxvit: ("grid/mlp", (8, 8), None, 10),
    convnext: ("wide", (4, 4), None, 6),
}


@pytest.fixture(scope="module", params=CASES, ids=lambda make: make.__name__)
def read(request):
    model = with_weights_above_zero(request.param())
    view = read_model(model)
    layer, grid, skipped, count = CASES[request.param]
    layer = layer or next(info.name for info in view.layers if "mix_ffn" in info.name and info.class_name == "Dense")
    return model, view, layer, grid, skipped, count


def captured(model, layer, images):
    """What enters and leaves the layer in an ordinary call of the model, by a patched `call` of the layer itself."""
    found, own = [], layer.call

    def call(x, *args, **kwargs):
        made = own(x, *args, **kwargs)
        found.append(np.asarray(made))
        return made

    vars(layer)["call"] = call
    try:
        model(images, training=False)
    finally:
        del vars(layer)["call"]
    return found[0]


def test_layers_are_there_and_what_cannot_be_shown_says_why(read):
    _, view, layer, grid, skipped, count = read
    assert len(view.layers) >= count
    info = view.layer(layer)
    assert info.shape[:2] == grid
    assert info.fold == (None if skipped is None else Fold("tokens", skipped, grid))
    for name, reason in view.unsupported:  # within windows, one of which may be all of the map
        assert "such as windows" in reason or "outputs" in reason or name.startswith("stage_1/blocks_0/attn")


def test_a_layers_map_is_what_an_ordinary_call_computes(read):
    model, view, layer, grid, skipped, _ = read
    images = pixels(2, view.image_shape[:2])
    made = captured(model, view.operation(layer), images)
    start = skipped or 0
    expected = made if made.ndim == 4 else made[:, start : start + grid[0] * grid[1]].reshape(2, *grid, -1)
    np.testing.assert_allclose(view.cut(layer)(images), expected, rtol=1e-3, atol=1e-3)


def test_an_optimum_has_the_activation_that_a_forward_pass_computes(read):
    model, view, layer, grid, skipped, _ = read
    picture = visualize_filter(model, layer, 1, iterations=4, precision="float32")
    made = captured(model, view.operation(layer), picture.raw[None])
    start = skipped or 0
    places = made if made.ndim == 4 else made[:, start : start + grid[0] * grid[1]]
    assert picture.activations[-1] == pytest.approx(float(places[..., 1].mean()), rel=1e-2, abs=1e-3)
    assert picture.activations[-1] > picture.activations[0]


def test_the_heads_of_keras_hubs_vit_look_where_keras_says():
    model = with_weights_above_zero(vit())
    photo = pixels(1, (16, 24))[0]
    block = model.get_layer("vit_encoder").encoder_layers[0]
    x = block.layer_norm_1(model.get_layer("vit_patching_and_embedding")(photo[None]))
    _, scores = block.mha(x, x, return_attention_scores=True)
    found = attention_maps(model, photo, "vit_encoder/transformer_block_1/mha")
    np.testing.assert_allclose(found.maps, np.asarray(scores)[0, :, 0, 1:].reshape(2, 2, 3), rtol=1e-3, atol=1e-6)
