"""The film of an ascent: how its picture formed, in a bounded number of frames."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from filterviz_widget.engine.frame import Frame
from filterviz_widget.picture import jpeg

MOST_FRAMES = 40
"""Of a film: at 224 x 224 pixels they take a megabyte together."""


@dataclass(frozen=True, eq=False)
class Film:
    """Frames by rising iteration, without the finished picture.

    Attributes:
        frames: Iterations, from 1, each with the image after it as JPEG.
    """

    frames: tuple[tuple[int, bytes], ...]

    @property
    def nbytes(self) -> int:
        """Of the images."""
        return 1 + sum(len(data) for _, data in self.frames)


def distance(iterations: int) -> int:
    """From one frame to the next, in iterations.

    >>> distance(20), distance(100)
    (1, 3)
    """
    return math.ceil(iterations / MOST_FRAMES)


def film(frames: Iterator[Frame]) -> Film:
    """Keeps the images of a run that goes by `distance`."""
    kept: list[tuple[int, bytes]] = []
    for frame in frames:
        if frame.image is None:
            continue
        # A filter that turns out to be closed is begun again, in another way.
        kept = [each for each in kept if each[0] < frame.iteration]
        kept.append((frame.iteration, jpeg(frame.image)))
    return Film(tuple(kept[:MOST_FRAMES]))
