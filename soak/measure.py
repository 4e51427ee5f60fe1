"""How much memory this process holds, and of what."""

import ctypes
import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from filterviz_widget import FilterExplorer

MB = 1e6

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""In malloc.h."""


def collect() -> None:
    """Lets go of all that nobody holds."""
    from tests.widgets.collect import collect

    collect()


def settle() -> None:
    """Takes what is alive now for granted: the million objects of TensorFlow are not looked through again each time.

    Before the first widget: what is taken for granted in a circle is never let go of.
    """
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        # Large blocks go back to the system one by one, which glibc would learn to keep; and there is one heap for all
        # threads, of which it would make more, each with holes, as often as one thread more happens to work at once.
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, 128 * 1024)
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 1)


def memory() -> float:
    """Megabytes that the process holds, without what its allocator could give back."""
    collect()
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return psutil.Process().memory_info().rss / MB


def cached(explorer: "FilterExplorer") -> float:
    """Megabytes of loops, pictures, films and answers that are kept as long as a bound in bytes allows."""
    engine = explorer._now()
    caches = engine._layers._kept, engine._seen, engine._films, engine.answers._known
    return sum(cache.currsize for cache in caches) / MB


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
