"""In which precision a layer's features are computed."""

from typing import Literal

Precision = Literal["float32", "bfloat16", "float16"]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float16")


def resolved(view: object, layer: str) -> Precision:
    """What "auto" stands for."""
    return "float32"
