"""The numerics: activation maximisation as one compiled loop, from a grey start."""

from filterviz_widget.ascent.loop import Ascent, Chunk
from filterviz_widget.ascent.start import start_images

__all__ = ["Ascent", "Chunk", "start_images"]
