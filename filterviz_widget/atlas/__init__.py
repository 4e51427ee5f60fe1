"""Every filter of a network as a static site, made on one machine or on many."""

from filterviz_widget.atlas.atlas import Atlas

__all__ = ["Atlas"]
