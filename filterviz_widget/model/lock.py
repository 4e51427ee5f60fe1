"""One reading of a model at a time in the whole process: Keras notes every symbolic call on the layers themselves."""

from filterviz_widget.interrupts import WholeLock

READING = WholeLock()
"""Held while a model is read. A reading may start another one within itself.

Who reads is not interrupted: what Keras and the reading note on layers, and take back, would stay on a user's model."""
