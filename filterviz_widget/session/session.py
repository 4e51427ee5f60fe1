"""A model's pictures, computed in the background and told to whoever listens."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError

from filterviz_widget.description.description import Description
from filterviz_widget.engine.frame import Frame
from filterviz_widget.engine.frames import Frames
from filterviz_widget.model import ModelView
from filterviz_widget.picture import FilterPicture
from filterviz_widget.session.worker import Worker

REST = 0.4
"""Seconds without a request after which the next ones are prepared: a hand on a slider moves it sooner."""


class Session:
    """Turns descriptions into frames on one background thread, and compiles ahead on another while that one rests.

    Args:
        view: The model as it was read.
        publish: Called on the background thread with each `Frame`.
        likely: Says which pictures may be asked for after one, the likeliest first; called on the background thread.
    """

    def __init__(
        self,
        view: ModelView,
        publish: Callable[[Frame], None],
        likely: Callable[[Description], Sequence[Description]] = lambda _: (),
    ) -> None:
        self._frames = Frames(view)
        self._publish = publish
        self._likely = likely
        self._asked: Description | None = None
        self._settled: Description | None = None
        self._outcome: FilterPicture | Exception = RuntimeError("No picture was asked for.")
        self._worker: Worker[tuple[Description | None, bool]] = Worker(self._work)
        self._ahead: Worker[Sequence[Description]] = Worker(self._prepare, "ahead")

    def show(self, description: Description, *, anew: bool = False) -> None:
        """Asks for a picture; one that waits or runs is dropped. Returns at once.

        Args:
            description: A fresh object per request.
            anew: Forgets finished pictures first, because the model's weights may have changed.
        """
        self._asked = description
        self._ahead.submit(())
        self._worker.submit((description, anew))

    def cancel(self) -> None:
        """Stops the run at its next chunk; the picture so far stays. Nothing happens where none runs."""
        self._worker.submit((None, False), only_if_busy=True)

    def wait(self, timeout: float | None = None) -> FilterPicture:
        """Blocks until the newest picture is final, and returns it.

        Args:
            timeout: Seconds; None waits without end.

        Raises:
            TimeoutError: If it takes longer.
            concurrent.futures.CancelledError: If the run was stopped.
            RuntimeError: If the run failed, or if called on the background thread, which would wait for itself.
        """
        if self._worker.is_current_thread():
            raise RuntimeError("wait() was called from an observer on the background thread, which it waits for.")
        if not self._worker.wait(timeout):
            raise TimeoutError(f"The picture is not final after {timeout} seconds.")
        if isinstance(self._outcome, FilterPicture):
            return self._outcome
        raise self._outcome

    def close(self, timeout: float = 0) -> None:
        """Stops the background thread and lets go of the model."""
        self._ahead.close()
        self._worker.close(timeout)
        self._ahead.join(timeout)

    def _work(self, job: tuple[Description | None, bool], is_wanted: Callable[[], bool]) -> None:
        wanted, anew = job
        if wanted is None:
            if self._settled is not self._asked:
                self._outcome = CancelledError("The run was stopped before the picture was final.")
                self._publish(Frame("cancelled"))
            return
        try:
            if anew:
                self._frames.forget_pictures()
            for frame in self._frames.stream(wanted):
                if is_wanted():
                    if frame.picture is not None:
                        self._settled, self._outcome = wanted, frame.picture
                        self._ahead.submit((wanted, *self._likely(wanted)))
                    self._publish(frame)
                    continue
                # What is computed is shown: while a slider moves over a slow model, these are all its frames.
                if frame.status == "running" and frame.image is not None:
                    self._publish(frame)
                return
        except Exception as error:
            if is_wanted():
                message = explain(error, wanted)
                self._settled, self._outcome = wanted, RuntimeError(message)
                self._outcome.__cause__ = error
                self._publish(Frame("error", wanted, error=message))

    def _prepare(self, likely: Sequence[Description], is_wanted: Callable[[], bool]) -> None:
        rests_until = time.monotonic() + REST
        while likely and time.monotonic() < rests_until:
            if not is_wanted():
                return
            time.sleep(REST / 20)
        for description in likely:
            if is_wanted():
                self._frames.prepare(description, is_wanted)


def explain(error: Exception, wanted: Description) -> str:
    """Says in one or two sentences what failed, in which layer, and what to try."""
    text = _gist(str(error))
    if isinstance(error, FloatingPointError):
        return f"The ascent on layer {wanted.layer} was ended: {text}"
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        height, width = wanted.image_size
        return (
            f"Out of memory in layer {wanted.layer} with an image of {height} x {width} pixels. "
            "Try a smaller image_size, or an earlier layer."
        )
    return f"Layer {wanted.layer} could not be run: {type(error).__name__}: {text}"


def _gist(message: str) -> str:
    """The one line that says what happened: TensorFlow wraps it in graph nodes and source lines, Keras in colour."""
    wrapping = ("Graph execution error", "Detected at", "File ", "[[")
    lines = (re.sub("\x1b\\[[0-9;]*m", "", line).strip() for line in message.splitlines())
    gist = [line for line in lines if line and not line.startswith(wrapping)]
    if len(gist) > 1 and gist[0].startswith("Exception encountered when calling"):
        return f"{gist[1]} ({gist[0].removesuffix('.')})"
    return gist[0] if gist else "no message"
