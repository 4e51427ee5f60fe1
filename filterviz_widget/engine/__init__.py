"""From a description to frames: what was compiled and what was drawn is kept at hand."""

from filterviz_widget.engine.batch import BatchSize
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.frames import Frames

__all__ = ["BatchSize", "Frame", "Frames"]
