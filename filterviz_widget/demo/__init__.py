"""The demonstration: flowers to look at, and a small network that knows them."""

from filterviz_widget.demo.bundled import bundled_flowers
from filterviz_widget.demo.flowers import flowers
from filterviz_widget.demo.network import ACCURACY, flower_model, is_flower_model
from filterviz_widget.demo.species import SPECIES, Species

__all__ = ["ACCURACY", "SPECIES", "Species", "bundled_flowers", "flower_model", "flowers", "is_flower_model"]
