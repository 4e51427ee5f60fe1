"""Reading the user's model: which layers can be shown, where to cut, what range and colours its images have."""

from filterviz_widget.model.colour import Colours
from filterviz_widget.model.layer_info import LayerInfo, Unsupported
from filterviz_widget.model.read import read_model
from filterviz_widget.model.view import Features, ModelView

__all__ = [
    "Colours",
    "Features",
    "LayerInfo",
    "ModelView",
    "Unsupported",
    "read_model",
]
