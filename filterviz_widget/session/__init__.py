"""Who runs when: background workers for each view, and the newest wish wins."""

from filterviz_widget.session.session import Session
from filterviz_widget.session.wishes import Outcome, Turn, Wish, Wishes

__all__ = ["Outcome", "Session", "Turn", "Wish", "Wishes"]
