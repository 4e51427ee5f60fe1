"""The networks that are measured, with random weights: they cost what trained ones cost."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A layer of a network at an image size; `second_layer` is the one that a user goes to next."""

    network: str
    layer: str
    second_layer: str
    size: int = 224
    iterations: int = 20


CASES = {
    f"{case.network}/{case.layer}": case
    for case in (
        Case("VGG16", "block3_conv1", "block3_conv2"),
        Case("VGG16", "block5_conv3", "block5_conv2"),
        Case("ResNet50", "conv4_block6_out", "conv4_block5_out"),
        Case("ResNet50", "conv5_block3_out", "conv5_block2_out"),
        Case("InceptionV3", "mixed3", "mixed4"),
        Case("InceptionV3", "mixed10", "mixed9"),
        Case("MobileNetV2", "Conv_1", "block_16_project"),
        Case("EfficientNetB0", "top_conv", "block7a_project_conv"),
        Case(
            "ConvNeXtTiny",
            "convnext_tiny_stage_3_block_2_pointwise_conv_2",
            "convnext_tiny_stage_3_block_1_pointwise_conv_2",
            iterations=10,
        ),
        Case("DenseNet121", "conv5_block16_concat", "conv5_block15_concat"),
        Case("flower model", "conv3", "conv4", size=96),
    )
}


def network(case: Case) -> Any:
    """Builds a case's network; batch normalization gets statistics like those of a trained one."""
    import keras
    import numpy as np

    if case.network == "flower model":
        from filterviz_widget.demo import flower_model

        return flower_model()
    keras.utils.set_random_seed(0)
    build: Callable[..., Any] = getattr(keras.applications, case.network)
    model = build(weights=None, include_top=False, input_shape=(case.size, case.size, 3))
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                positive = variable.name in ("gamma", "moving_variance")
                drawn = rng.uniform(0.5, 1.5, variable.shape) if positive else rng.normal(0, 0.1, variable.shape)
                variable.assign(drawn)
    return model
