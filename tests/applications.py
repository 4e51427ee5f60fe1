"""One small member of each family of keras.applications, built once for all the tests that look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import tensorflow as tf

    from filterviz_widget.model import ModelView


FAMILIES = {
    "ConvNeXtTiny": (32, (0, 255)),
    "DenseNet121": (32, (0, 1)),
    "EfficientNetB0": (32, (0, 255)),
    "EfficientNetV2B0": (32, (0, 255)),
    "InceptionResNetV2": (75, (0, 1)),
    "InceptionV3": (75, (0, 1)),
    "MobileNet": (32, (0, 1)),
    "MobileNetV2": (32, (0, 1)),
    "MobileNetV3Small": (32, (0, 255)),
    "NASNetMobile": (32, (0, 1)),
    "ResNet50": (32, (0, 1)),
    "ResNet50V2": (32, (0, 1)),
    "VGG16": (32, (0, 1)),
    "Xception": (71, (0, 1)),
}
"""The smallest image that each permits, and the range that its layers say, or the assumed one."""


class Application(NamedTuple):
    """The member of that name with weights and statistics of its own, as it is read, and one image for it."""

    name: str
    input_range: tuple[int, int]
    model: Any
    view: ModelView
    images: tf.Tensor


def build(name: str) -> Application:
    """Builds it; nothing here is imported before, because tests without TensorFlow load this file too."""
    import keras
    import numpy as np
    import tensorflow as tf

    from filterviz_widget.model import read_model
    from tests.twin.networks import with_statistics

    size, input_range = FAMILIES[name]
    shape = (size, size, 3)
    keras.utils.set_random_seed(1)
    model = with_statistics(getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape))
    images = np.random.default_rng(0).uniform(*input_range, (1, *shape))
    return Application(name, input_range, model, read_model(model), tf.constant(images, tf.float32))
