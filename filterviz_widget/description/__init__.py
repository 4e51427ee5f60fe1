"""What can be asked for, as plain data: no TensorFlow here."""

from filterviz_widget.description.description import PRECISIONS, Description, Precision, checked_precision
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import PRESETS

__all__ = ["PRECISIONS", "PRESETS", "Description", "Method", "Precision", "checked_precision"]
