"""On trained networks: filters that photographs open are opened, and what is said of them is true."""

import numpy as np
import pytest

from filterviz_widget.engine import engine_of
from tests.trained.network import TRAINED


@pytest.mark.parametrize(
    ("network", "layer", "method"),
    [
        ("VGG16", "block2_conv2", "classic"),
        ("VGG16", "block5_conv1", "classic"),
        ("VGG16", "block5_conv1", "robust"),
        ("ResNet", "block4_relu", "classic"),
        ("ResNet", "block4_relu", "robust"),
        ("ResNet", "block4_out", "natural"),
    ],
)
def test_every_filter_that_a_photograph_opens_gets_a_picture_of_its_own_activation(network, layer, method):
    trained = TRAINED[network]()
    engine = engine_of(trained.model, **trained.reading)
    live = trained.live(layer)
    filters = np.random.default_rng(3).choice(live, min(len(live), 4 if network == "VGG16" else 16), replace=False)
    wanted = [engine.describe(layer, int(filter), method=method, precision="float32") for filter in filters]
    pictures = engine.together(wanted)
    for picture in pictures:
        assert trained.fault(layer, picture, 1e-3) == ""
    if layer.startswith("block5"):
        assert any("Opened with redirected gradients" in picture.note for picture in pictures)
