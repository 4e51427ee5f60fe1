"""On a trained network: filters that photographs open are opened, and what is said of them is true."""

import numpy as np
import pytest

from filterviz_widget.engine import engine_of
from tests.trained.network import feature_maps, live, vgg16


@pytest.mark.parametrize(
    ("layer", "method"),
    [("block2_conv2", "classic"), ("block5_conv1", "classic"), ("block5_conv1", "robust")],
)
def test_every_filter_that_a_photograph_opens_gets_a_picture_of_its_own_activation(layer, method):
    engine = engine_of(vgg16(), preprocess="caffe")
    filters = np.random.default_rng(3).choice(live(layer), 4, replace=False)
    pictures = engine.together(
        [engine.describe(layer, int(filter), method=method, precision="float32") for filter in filters]
    )
    assert any("Opened with redirected gradients" in picture.note for picture in pictures)
    for filter, picture in zip(filters, pictures, strict=True):
        assert "dead" not in picture.note, (filter, picture.note)
        own = feature_maps(layer, picture.raw[None])[..., filter].mean()
        assert own > 0
        assert picture.activations[-1] == pytest.approx(own, rel=1e-3)
        assert np.isfinite(picture.raw).all()
        assert picture.image.std() > 2
