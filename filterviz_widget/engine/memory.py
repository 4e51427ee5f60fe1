"""How much memory an ascent may take: what the machine has left, its container allows, and the process may have."""

import math
from pathlib import Path

import psutil
import tensorflow as tf

from filterviz_widget.model import ModelView
from filterviz_widget.twin import outputs

SHARE = 0.25
"""Of the memory that is free, for a batch: others need it too, and the estimate is a rough one."""

LARGEST_BATCH = 64

ON_A_GPU = 4e9
"""Bytes, where the processor does not say how much it has: those of a small one."""

LEAST = 0.5
"""An ascent keeps the outputs of the layers on the way. Measured at batches of 16 and 224 x 224 pixels it takes half
of what all outputs would for MobileNetV2 (folded layers have none), and about all of that for ConvNeXtTiny."""


def most_together(view: ModelView, layer: str) -> int:
    """How many pictures of a layer's filters the memory holds, from 1 to 64; 1 where one decides for another."""
    if view.decides:
        return 1
    return max(1, min(LARGEST_BATCH, int(SHARE * free() / needed(view, layer, view.image_shape[:2]))))


def needed(view: ModelView, layer: str, size: tuple[int, int]) -> float:
    """Bytes that the outputs of the layers on the way take for one image of a size."""
    return 4 * outputs(view.graph, view.graph.path(layer), size[0] * size[1] * view.data.slices)


def check(view: ModelView, layer: str, size: tuple[int, int], together: int) -> None:
    """Refuses beforehand what would end the process: TensorFlow aborts where it gets no memory.

    Raises:
        MemoryError: With a size that would fit.
    """
    wanted, most = LEAST * together * needed(view, layer, size), free()
    if wanted <= most:
        return
    fitting = [max(1, int(side * math.sqrt(most / wanted) / 16) * 16) for side in size]
    raise MemoryError(
        f"An ascent on {together} image{'s' * (together > 1)} of {size[0]} x {size[1]} pixels takes some "
        f"{wanted / 1e9:.1f} GB, and {most / 1e9:.1f} GB are free. Try image_size=({fitting[0]}, {fitting[1]}), or an "
        "earlier layer."
    )


def free() -> float:
    """Bytes that this process can still have."""
    if tf.config.list_physical_devices("GPU"):
        return ON_A_GPU
    return max(0.0, min(float(psutil.virtual_memory().available), _allowed_by_container(), _allowed_by_limit()))


def _allowed_by_container() -> float:
    """What the control group leaves: a container on a large machine may have little."""
    for limit, usage, root in (
        ("memory.max", "memory.current", "/sys/fs/cgroup"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "/sys/fs/cgroup/memory"),
    ):
        try:
            most, used = (float(Path(root, name).read_text("ascii")) for name in (limit, usage))
        except (OSError, ValueError):  # another system, or "max"
            continue
        return most - used
    return math.inf


def _allowed_by_limit() -> float:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if most == resource.RLIM_INFINITY else most - float(psutil.Process().memory_info().vms)
