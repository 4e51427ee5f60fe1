"""The numerics: activation maximisation as one compiled loop."""

from filterviz_widget.ascent.loop import Ascent
from filterviz_widget.ascent.numbers import Numbers
from filterviz_widget.ascent.objective import one_hot
from filterviz_widget.ascent.start import start_images
from filterviz_widget.ascent.state import Chunk, Measured, State

__all__ = ["Ascent", "Chunk", "Measured", "Numbers", "State", "one_hot", "start_images"]
