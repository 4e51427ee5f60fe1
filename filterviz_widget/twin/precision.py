"""In which precision a layer's features are computed where the user leaves it open."""

import functools
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf

from filterviz_widget.description import Precision
from filterviz_widget.model import ModelView
from filterviz_widget.twin.convolution import Case
from filterviz_widget.twin.measured import Forms
from filterviz_widget.twin.outputs import outputs
from filterviz_widget.twin.plan import planned
from filterviz_widget.twin.sizes import sizes

PAYS = 1.3
"""How many times quicker bfloat16 must be: its pictures are a little less exact."""

LEAST = 8.0
"""Milliseconds of an iteration below which float32 is quick enough anyway."""


def best_precision(view: ModelView, layer: str, forms: Forms) -> Precision:
    """What "auto" stands for: bfloat16 where it is found to be much quicker on this machine, float32 anywhere else.

    It is asked for only where the processor multiplies matrices of bfloat16 (AMX): without, it takes a multiple of
    float32's time. An iteration's time is taken for that of its convolutions, each timed in its quickest form, and of
    one pass over the other layers' outputs, forward and back.

    Args:
        view: The model as it was read; its image size counts.
        layer: A name from `view.layers`.
        forms: Times convolutions, or remembers their times.
    """
    if not has_matrix_unit():
        return "float32"
    height, width, _ = view.image_shape
    numbers = outputs(view.graph, view.graph.path(layer), height * width * view.data.slices)

    def milliseconds(dtype: str) -> float:
        convolutions = sum(forms(case).milliseconds for case in cases(view, layer, dtype))
        return convolutions + 2 * numbers * _per_output(dtype)

    full = milliseconds("float32")
    return "bfloat16" if full >= LEAST and full >= PAYS * milliseconds("bfloat16") else "float32"


def cases(view: ModelView, layer: str, dtype: str) -> Iterator[Case]:
    """The convolutions over all channels on the way to a layer, as `forms` knows them."""
    path = view.graph.path(layer)
    known = sizes(view.graph, path, view.position, view.image_shape[:2])
    for plan in planned(view.graph, path):
        layer_ = plan.step.operation
        if plan.is_understood and type(layer_) is keras.layers.Conv2D and layer_.groups == 1:
            size = known.get(id(plan.step))
            yield Case(size, tuple(layer_.kernel.shape), layer_.strides, layer_.padding, layer_.dilation_rate, dtype)


@functools.cache
def _per_output(dtype: str) -> float:
    """Milliseconds that a layer between convolutions takes for each number: a ReLU stands for them."""
    with tf.init_scope():
        x = tf.cast(tf.random.stateless_normal((1, 128, 128, 64), (0, 1)), dtype)
        quickest = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            tf.nn.relu(x)
            quickest = min(quickest, time.perf_counter() - began)
        return 1000 * quickest / float(tf.size(x))


@functools.cache
def has_matrix_unit() -> bool:
    """Whether the ascent runs on a processor with AMX for bfloat16, and TensorFlow may use it."""
    if tf.config.list_physical_devices("GPU") or platform.system() != "Linux":
        return False
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
