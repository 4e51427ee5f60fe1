"""Reading the user's model: which layers can be shown, how large the image is, where to cut."""

from filterviz_widget.model.check import check_model
from filterviz_widget.model.cut import cut_at
from filterviz_widget.model.layers import LayerInfo, convolutional_layers
from filterviz_widget.model.size import image_shape

__all__ = ["LayerInfo", "check_model", "convolutional_layers", "cut_at", "image_shape"]
