"""The frames of an ascent as an animated file."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

LASTS = 80
"""Milliseconds that a frame is seen."""

STAYS = 1500
"""Milliseconds that the finished picture is seen."""

KINDS = {".gif": "GIF", ".webp": "WEBP"}


def animation(frames: Sequence[bytes], last: bytes, kind: str) -> bytes:
    """Puts frames together; it begins again at its end.

    Args:
        frames: Encoded images, as `Film` has them.
        last: The finished picture, encoded.
        kind: ".gif", of 256 colours chosen for each frame, or ".webp".
    """
    images = [Image.open(BytesIO(data)).convert("RGB") for data in (*frames, last)]
    durations = [LASTS] * len(frames) + [STAYS]
    if kind == ".gif":
        images = [each.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.FLOYDSTEINBERG) for each in images]
    # With losses WebP keeps half of the colours of a first layer's picture.
    options = {} if kind == ".gif" else {"lossless": True, "quality": 20, "method": 2}
    buffer = BytesIO()
    images[0].save(buffer, KINDS[kind], save_all=True, append_images=images[1:], duration=durations, loop=0, **options)
    return buffer.getvalue()
