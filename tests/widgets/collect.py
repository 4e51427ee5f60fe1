"""Waits until all that nobody holds is gone, widgets too, which a thread closes; and counts what is alive."""

import gc
import threading

from tensorflow.python.framework import ops
from tensorflow.python.framework.func_graph import FuncGraph

from filterviz_widget.session.worker import THREAD_NAME
from filterviz_widget.widgets.dropped import DROPPED
from filterviz_widget.widgets.live_widget import WIDGETS


def collect() -> None:
    """Lets go of all that nobody holds."""
    for _ in range(2):  # what the first lets go of is the second's
        gc.collect()
        closed = threading.Event()
        DROPPED.put(closed.set)
        assert closed.wait(10)
    gc.collect()


def alive() -> dict[str, int]:
    """Counts of the package's threads, widgets, traced graphs, and custom gradients that TensorFlow knows of."""
    collect()
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]
    for thread in threads:
        thread.join(10)  # one that ends is not one that stays
    return {
        "threads": sum(thread.is_alive() for thread in threads),
        "widgets": len(WIDGETS),
        "graphs": sum(isinstance(one, FuncGraph) for one in gc.get_objects()),
        "custom gradients": sum(name.startswith("CustomGradient-") for name in ops.gradient_registry._registry),
    }
