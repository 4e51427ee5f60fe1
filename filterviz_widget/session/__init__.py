"""Who runs when: one background worker for each view, and the newest wish wins."""

from filterviz_widget.session.session import Session

__all__ = ["Session"]
