"""One reading of a model at a time in the whole process: Keras notes every symbolic call on the layers themselves."""

import threading

READING = threading.RLock()
"""Held while a model is read. A reading may start another one within itself."""
