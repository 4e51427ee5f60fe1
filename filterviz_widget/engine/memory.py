"""How much memory an ascent may take: what the machine has left, its container allows, and the process may have."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import psutil
import tensorflow as tf

from filterviz_widget.description.ranges import readable
from filterviz_widget.model import ModelView
from filterviz_widget.twin import outputs, widest

SHARE = 0.5
"""Of the memory that is free, for a batch: others need it too, and the estimate is a rough one."""

LARGEST_BATCH = 64

ON_A_GPU = 4e9
"""Bytes, where the processor does not say how much it has: those of a small one. Nothing is refused for it."""

KEPT = 0.5
"""Of the outputs of the layers on the way an ascent keeps as much. Measured at batches of 16 and 224 x 224 pixels it is
half of them for MobileNetV2 (folded layers have none), and about all for ConvNeXtTiny."""

HELD = 3.3
"""Times what one layer takes and puts out, at most, that are held besides while its gradient is computed: measured 2.0
to 3.3 on a VGG16's first block and on one of fewer filters, from 512 x 512 to 1024 x 1024 pixels."""

MAPPED = 5.5
"""The same of the addresses that the process takes, which is what `ulimit -v` counts: measured 2.7 to 5.2."""

FORWARD = 1.7
"""And for feature maps alone, of either."""

USED_UP = (MemoryError, tf.errors.ResourceExhaustedError)
"""What is raised where there is no more."""

RESERVE = 250e6
"""Bytes of addresses for compiling and for what threads take beside it, where the picture is not small itself: there
TensorFlow aborts the process."""


def most_together(view: ModelView, layer: str) -> int:
    """How many pictures of a layer's filters the memory holds, from 1 to 64; 1 where one decides for another."""
    if view.decides:
        return 1
    return max(1, min(LARGEST_BATCH, int(SHARE * free() / _ascent(view, layer, view.image_shape[:2], HELD))))


def needed(view: ModelView, layer: str, size: tuple[int, int]) -> float:
    """Bytes that the outputs of the layers on the way take for one image of a size."""
    return 4 * outputs(view.graph, view.graph.path(layer), size[0] * size[1] * view.data.slices)


def check(view: ModelView, layer: str, size: tuple[int, int], together: int) -> None:
    """Refuses an ascent beforehand that would end the process: TensorFlow aborts where it gets no memory.

    Raises:
        MemoryError: With the layer, and a size that would fit.
    """
    held, mapped = (together * _ascent(view, layer, size, times) for times in (HELD, MAPPED))
    _refuse("An ascent on", layer, size, together, held, mapped)


def forward_fits(view: ModelView, layer: str, size: tuple[int, int]) -> int:
    """How many images can go through the model to a layer together, 1 or more.

    Raises:
        MemoryError: With the layer, and a size that would fit, where not even one can.
    """
    # What the layers put out is let go of on the way.
    one = FORWARD * _widest(view, layer, size) + 8 * math.prod(size) * view.data.slices * view.image_shape[2]
    _refuse("The feature maps of", layer, size, 1, one, one)
    return max(1, int(SHARE * free() / one))


def _ascent(view: ModelView, layer: str, size: tuple[int, int], times: float) -> float:
    return KEPT * needed(view, layer, size) + times * _widest(view, layer, size)


def _widest(view: ModelView, layer: str, size: tuple[int, int]) -> float:
    return 4 * widest(view.graph, view.graph.path(layer), math.prod(size) * view.data.slices)


def _refuse(what: str, layer: str, size: tuple[int, int], together: int, held: float, mapped: float) -> None:
    if tf.config.list_physical_devices("GPU"):  # which says by itself that it has no more, and ends no process
        return
    limit = _allowed_by_limit()
    short, wanted, most = max(
        (held / max(1.0, free()), held, free()),
        (mapped / max(1.0, limit / 2, limit - RESERVE), mapped, limit),
    )
    if short <= 1:
        return
    fitting = [max(1, int(side / math.sqrt(short) / 16) * 16) for side in size]
    images = f"{together} images" if together > 1 else "1 image"
    raise MemoryError(
        f"{_words(layer)}: {what} {images} of {size[0]} x {size[1]} pixels takes some {readable(wanted)}, and "
        f"{readable(most)} are free. Try image_size=({fitting[0]}, {fitting[1]}), or an earlier layer."
    )


@contextlib.contextmanager
def told(layer: str, size: tuple[int, int]) -> Iterator[None]:
    """Says where the memory was used up, and what to try, where that showed only when it was.

    Raises:
        MemoryError: In place of TensorFlow's own error, and of Python's, which has no words.
    """
    try:
        yield
    except USED_UP as error:
        raise MemoryError(in_words(error, layer, size)) from error


def in_words(error: Exception, layer: str, size: tuple[int, int]) -> str:
    """Where the memory was used up, and what to try: of TensorFlow's error, Python's, NumPy's, or one of `check`."""
    if str(error).startswith(_words(layer)):
        return str(error)
    fitting = [max(1, side // 2) for side in size]
    return (
        f"{_words(layer)}: it was used up by an image of {size[0]} x {size[1]} pixels. Try "
        f"image_size=({fitting[0]}, {fitting[1]}), or an earlier layer."
    )


def _words(layer: str) -> str:
    return f"There is too little memory for layer {layer}"


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
    return math.inf if most == resource.RLIM_INFINITY else max(0.0, most - float(psutil.Process().memory_info().vms))
