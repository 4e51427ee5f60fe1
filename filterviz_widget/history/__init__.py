"""What a training run looked like, epoch by epoch."""

from filterviz_widget.history.callback import HistoryCallback
from filterviz_widget.history.record import Record

__all__ = ["HistoryCallback", "Record"]
