"""The architectures of keras-hub for images, each small and without weights: functions by their names."""

from collections.abc import Callable
from typing import Any

SHAPE = (64, 64, 3)


def hub_architectures() -> dict[str, Callable[[], Any]]:
    """Functions that make one each."""
    import keras_hub

    hub = keras_hub.models
    stages = {"stackwise_num_filters": [64, 128], "stackwise_num_blocks": [1, 1], "stackwise_num_strides": [1, 2]}
    transformer: dict[str, Any] = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16}
    return {
        "VGGBackbone": lambda: hub.VGGBackbone([1, 1], [8, 16], image_shape=SHAPE),
        "ResNetBackbone": lambda: hub.ResNetBackbone(
            [64], [7], **stages, block_type="bottleneck_block", image_shape=SHAPE
        ),
        "DenseNetBackbone": lambda: hub.DenseNetBackbone([2, 2], growth_rate=8, image_shape=SHAPE),
        "XceptionBackbone": lambda: hub.XceptionBackbone([[8, 16], [16, 16]], [True, False], image_shape=SHAPE),
        "CSPNetBackbone": lambda: hub.CSPNetBackbone(
            8,
            3,
            2,
            [1, 1],
            [1, 2],
            [8, 16],
            "dark_block",
            stage_type="csp",
            bottle_ratio=[0.5],
            block_ratio=[1.0],
            expand_ratio=[2.0],
            cross_linear=True,
            image_shape=SHAPE,
        ),
        "DeepLabV3Backbone": lambda: hub.DeepLabV3Backbone(
            hub.ResNetBackbone([64], [7], **stages, block_type="basic_block", image_shape=SHAPE),
            spatial_pyramid_pooling_key="P3",
            dilation_rates=[2, 4],
            upsampling_size=8,
            image_shape=SHAPE,
        ),
        "ViTBackbone": lambda: hub.ViTBackbone(SHAPE, (8, 8), mlp_dim=32, **transformer),
        "DeiTBackbone": lambda: hub.DeiTBackbone(SHAPE, (8, 8), intermediate_dim=32, **transformer),
        "DINOV2Backbone": lambda: hub.DINOV2Backbone(
            8,
            intermediate_dim=32,
            num_register_tokens=2,
            image_shape=SHAPE,
            position_embedding_shape=SHAPE[:2],
            **transformer,
        ),
        "MiTBackbone": lambda: hub.MiTBackbone(
            layerwise_depths=[1, 1],
            num_layers=2,
            layerwise_num_heads=[1, 2],
            layerwise_sr_ratios=[4, 2],
            max_drop_path_rate=0.0,
            layerwise_patch_sizes=[7, 3],
            layerwise_strides=[4, 2],
            hidden_dims=[8, 16],
            image_shape=SHAPE,
        ),
        "SwinTransformerBackbone": lambda: hub.SwinTransformerBackbone(
            image_shape=SHAPE, embed_dim=8, depths=(2, 2), num_heads=(2, 2), window_size=4, patch_size=4
        ),
        "ViTDetBackbone": lambda: hub.ViTDetBackbone(
            hidden_size=16,
            num_layers=2,
            intermediate_dim=32,
            num_heads=2,
            global_attention_layer_indices=[1],
            image_shape=SHAPE,
            patch_size=8,
            num_output_channels=8,
            window_size=4,
        ),
        "CLIPVisionEncoder": lambda: hub.CLIPVisionEncoder(8, 16, 2, 2, 32, image_shape=SHAPE),
    }
