"""What a training run looked like, epoch by epoch."""

from filterviz_widget.history.callback import FilterHistory
from filterviz_widget.history.record import Record

__all__ = ["FilterHistory", "Record"]
