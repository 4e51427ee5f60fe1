"""From a description to frames: what was compiled and what was drawn is kept, once for each model."""

from filterviz_widget.engine import memory
from filterviz_widget.engine.batch import BatchSize
from filterviz_widget.engine.compiled import Abandoned
from filterviz_widget.engine.engine import READING, Engine
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.registry import engine_for, engine_of

__all__ = ["READING", "Abandoned", "BatchSize", "Engine", "Frame", "engine_for", "engine_of", "memory"]
