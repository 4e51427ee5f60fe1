"""From the description of a picture to a stream of frames, with what was computed before kept at hand."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.ascent import Ascent, start_images
from filterviz_widget.description import Description
from filterviz_widget.model import cut_at
from filterviz_widget.picture import FilterPicture, display
from filterviz_widget.session.recent import Recent

Status = Literal["compiling", "running", "done", "cancelled", "error"]

LAYERS_KEPT = 8
PICTURES_KEPT = 64

FIRST_CHUNK = 0.015
"""Seconds: a moved slider shows a first frame well within the 100 ms that feel immediate."""

CHUNK = 0.05
"""Seconds between frames: twenty pictures a second, and a stop is heard as soon."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What the world is told while a picture forms.

    Attributes:
        status: Where the run is.
        description: The picture that was asked for; None where the status belongs to no picture.
        iteration: How many steps the image has taken.
        activations: The activation before each step; in the last frame also that of the final image.
        image: uint8 `(height, width, channels)`; None where there is nothing new to see.
        picture: The finished picture, in the last frame only.
        error: What went wrong and what to try, in plain words.
        note: What the viewer should know about the picture.
    """

    status: Status
    description: Description | None = None
    iteration: int = 0
    activations: Sequence[float] = ()
    image: npt.NDArray[np.uint8] | None = None
    picture: FilterPicture | None = None
    error: str = ""
    note: str = ""


@dataclass
class _Compiled:
    ascent: Ascent
    seconds: float | None = None
    """Per iteration, by the last chunk."""


class Frames:
    """Computes pictures of one model's filters. Not for several threads at once.

    Args:
        model: A checked Keras model.
        channels: Of the model's input.
    """

    def __init__(self, model: Any, channels: int) -> None:
        self._model = model
        self._channels = channels
        self._layers: Recent[tuple[str, tuple[int, int], tuple[float, float]], _Compiled] = Recent(LAYERS_KEPT)
        self._pictures: Recent[Description, FilterPicture] = Recent(PICTURES_KEPT)

    def forget_pictures(self) -> None:
        """Drops finished pictures, because the model's weights may have changed."""
        self._pictures.clear()

    def stream(self, wanted: Description) -> Iterator[Frame]:
        """Yields frames until the picture is final; the last has status "done". May be left at any time.

        Raises:
            FloatingPointError: If a gradient is not finite.
            Exception: Whatever a layer raises.
        """
        picture = self._pictures.get(wanted)
        if picture is None:
            picture = yield from self._compute(wanted)
            self._pictures.put(wanted, picture)
        yield Frame(
            "done",
            wanted,
            wanted.iterations,
            picture.activations.tolist(),
            picture.image,
            picture,
            note=picture.note,
        )

    def _compute(self, wanted: Description) -> Generator[Frame, None, FilterPicture]:
        shape = (*wanted.image_size, self._channels)
        key = wanted.layer, wanted.image_size, wanted.input_range
        images = start_images([wanted.seed], shape, wanted.input_range)
        filters = tf.constant([wanted.filter])
        compiled = self._layers.get(key)
        if compiled is None:
            yield Frame("compiling", wanted)
            compiled = _Compiled(Ascent(cut_at(self._model, wanted.layer), shape, wanted.input_range))
            compiled.ascent.compile()
            self._layers.put(key, compiled)
        yield Frame("running", wanted)

        activations: list[float] = []
        note, budget = "", FIRST_CHUNK
        while (left := wanted.iterations - len(activations)) > 0:
            count = max(1, int(budget / compiled.seconds)) if compiled.seconds else 1
            began = time.perf_counter()
            chunk = compiled.ascent.advance(images, filters, wanted.step_size, min(count, left))
            images, gradient_rms = chunk.images, chunk.gradient_rms.numpy()[:, 0]
            compiled.seconds = (time.perf_counter() - began) / len(gradient_rms)
            _check_finite(gradient_rms, wanted, len(activations))
            if not activations and gradient_rms[0] == 0:
                note = (
                    f"Filter {wanted.filter} of {wanted.layer} is dead from this start: its gradient is exactly zero, "
                    "so this is the start image. Another seed may wake it."
                )
            activations.extend(chunk.activations.numpy()[:, 0].tolist())
            if left > count:
                image = display(images[0].numpy())
                yield Frame("running", wanted, len(activations), tuple(activations), image, note=note)
            budget = CHUNK

        activations.append(float(compiled.ascent.measure(images, filters)[0]))
        raw = images[0].numpy()
        return FilterPicture(display(raw), raw, np.array(activations, np.float32), wanted, note)


def _check_finite(gradient_rms: npt.NDArray[np.float32], wanted: Description, before: int) -> None:
    finite = np.isfinite(gradient_rms)
    if not finite.all():
        iteration = before + int(finite.argmin()) + 1
        raise FloatingPointError(
            f"the gradient of filter {wanted.filter} is NaN or infinite at iteration {iteration}. "
            "Look for NaN among the model's weights, or try a smaller step size."
        )
