"""One model, one background worker: a wanted picture becomes a stream of frames."""

from filterviz_widget.session.batch import BatchSize
from filterviz_widget.session.frame import Frame
from filterviz_widget.session.frames import Frames
from filterviz_widget.session.session import Session

__all__ = ["BatchSize", "Frame", "Frames", "Session"]
