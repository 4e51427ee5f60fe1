"""The inference twin: what a layer's features are, computed from weights laid out for the ascent."""

from filterviz_widget.twin.measured import Choice, Forms, Measured
from filterviz_widget.twin.outputs import outputs, widest
from filterviz_widget.twin.plan import on_the_way
from filterviz_widget.twin.precision import best_precision
from filterviz_widget.twin.twin import Twin
from filterviz_widget.twin.weights import Source, Taken, Weights

__all__ = [
    "Choice",
    "Forms",
    "Measured",
    "Source",
    "Taken",
    "Twin",
    "Weights",
    "best_precision",
    "on_the_way",
    "outputs",
    "widest",
]
