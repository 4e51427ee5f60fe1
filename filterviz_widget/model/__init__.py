"""Reading the user's model: which layers can be shown, where to cut, what range and colours its images have."""

from filterviz_widget.model.check import check_model
from filterviz_widget.model.colour import Colours
from filterviz_widget.model.cut import cut_at
from filterviz_widget.model.layer_info import LayerInfo, Unsupported
from filterviz_widget.model.layers import convolutional_layers
from filterviz_widget.model.read import read_model
from filterviz_widget.model.size import image_shape
from filterviz_widget.model.view import Features, ModelView

__all__ = [
    "Colours",
    "Features",
    "LayerInfo",
    "ModelView",
    "Unsupported",
    "check_model",
    "convolutional_layers",
    "cut_at",
    "image_shape",
    "read_model",
]
