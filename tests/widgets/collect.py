"""Waits until all that nobody holds is gone, widgets too, which a thread closes."""

import gc
import threading

from filterviz_widget.widgets.dropped import DROPPED


def collect():
    for _ in range(2):  # what the first lets go of is the second's
        gc.collect()
        closed = threading.Event()
        DROPPED.put(closed.set)
        assert closed.wait(10)
    gc.collect()
