"""In which precision a layer's features are computed where the user leaves it open."""

import functools
import platform
from pathlib import Path

import tensorflow as tf

from filterviz_widget.description.description import Precision
from filterviz_widget.model import ModelView
from filterviz_widget.twin.work import Work, work

DENSE_SHARE = 80
"""Multiplications in dense convolutions, per multiplication in grouped ones and per output, from which bfloat16 pays:
both are bound by memory."""

SMALLEST = 0.5e9
"""Multiplications below which an iteration takes less than 8 ms in float32 anyway."""


def best_precision(view: ModelView, layer: str) -> Precision:
    """What "auto" stands for: bfloat16 where it is known to be faster by far, float32 anywhere else.

    A rule, not a measurement: the same layer gives the same precision at once and every time, so that a picture's
    description is complete before it is drawn. bfloat16 is chosen where the processor multiplies matrices of it
    (AMX), and nearly all of the work is convolutions over many channels (`pays`). The other formats of reduced
    precision do not pay on a processor: AVX512_BF16 without AMX takes 2 to 3 times as long as float32 for the
    convolutions of VGG16.

    Args:
        view: The model as it was read; its image size counts.
        layer: A name from `view.layers`.
    """
    height, width, _ = view.image_shape
    if has_matrix_unit() and pays(work(view.graph, tuple(layer.split("/")), height * width)):
        return "bfloat16"
    return "float32"


def pays(amount: Work) -> bool:
    """Whether bfloat16 is faster than float32 on a processor with AMX.

    Milliseconds per iteration, measured on two cores with AMX, 224 x 224, float32 / bfloat16 (both with batch
    normalization folded), beside `dense / other`: VGG16 block3_conv1 70 / 16 at 484; InceptionV3 mixed10 80 / 57 at
    184; ResNet50 conv5_block3_out 108 / 65 at 104; DenseNet121 116 / 107 at 57; ConvNeXtTiny 151 / 150 at 32;
    EfficientNetB0 60 / 78 and MobileNetV2 27 / 33 below 15.
    """
    return amount.dense >= SMALLEST and amount.dense >= DENSE_SHARE * (amount.grouped + amount.outputs)


@functools.cache
def has_matrix_unit() -> bool:
    """Whether the ascent runs on a processor with AMX for bfloat16."""
    if tf.config.list_physical_devices("GPU") or platform.system() != "Linux":
        return False
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
