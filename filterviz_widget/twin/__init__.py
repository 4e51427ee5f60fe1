"""The inference twin: what a layer's features are, computed from weights laid out for the ascent."""

from filterviz_widget.twin.precision import best_precision
from filterviz_widget.twin.twin import Twin
from filterviz_widget.twin.weights import Weights
from filterviz_widget.twin.work import work

__all__ = ["Twin", "Weights", "best_precision", "work"]
