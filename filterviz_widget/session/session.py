"""A view's wishes, fulfilled in the background and told to whoever listens."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError

from filterviz_widget.description import Description
from filterviz_widget.engine import Abandoned, Engine, Frame, memory
from filterviz_widget.picture import FilterPicture
from filterviz_widget.session.wishes import Turn
from filterviz_widget.session.worker import Worker

REST = 0.4
"""Seconds without a request after which the next ones are prepared: a hand on a slider moves it sooner."""


class Session:
    """Turns descriptions into frames on one background thread, and compiles ahead on another while that one rests.

    Neither thread lives longer than there is work, and neither holds who listens: where that is gone, work ends.

    Args:
        engine: Returns the engine; called on the background threads for each job.
        publish: Called on the background thread with each `Frame`; False means that nobody listens any more.
        settle: Completes a description before it is drawn, with what only the engine knows.
        likely: Says which pictures may be asked for after one, the likeliest first.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        publish: Callable[[Frame], bool],
        settle: Callable[[Engine, Description], Description] = lambda _, wanted: wanted,
        likely: Callable[[Description], Sequence[Description]] = lambda _: (),
    ) -> None:
        self._engine, self._publish, self._settle, self._likely = engine, publish, settle, likely
        self._asked: Description | None = None
        self._settled: Description | None = None
        self._painted: Description | None = None
        self._outcome: FilterPicture | Exception = RuntimeError("No picture was asked for.")
        self._worker: Worker[tuple[Description | None, bool]] = Worker(self._work)
        self._ahead: Worker[Description | None] = Worker(self._prepare, "ahead")

    def show(self, description: Description, *, anew: bool = False) -> None:
        """Asks for a picture; one that waits or runs is dropped, also while it is compiled. Returns at once.

        Args:
            description: A fresh object per request.
            anew: Draws it again, also where it was drawn with these very weights.
        """
        self._asked = description
        self._ahead.submit(None, only_if_busy=True)
        self._worker.submit((description, anew))

    def cancel(self) -> None:
        """Stops the run at its next chunk; the picture so far stays. Nothing happens where none runs."""
        self._worker.submit((None, False), only_if_busy=True)

    @property
    def is_busy(self) -> bool:
        """Whether a picture is drawn, or waits to be."""
        return self._worker.is_busy

    def may(self, turn: Turn) -> bool:
        """Whether what is wished for beside the picture has its turn."""
        return not self.is_busy or (turn == "painted" and self._painted is self._asked)

    def wait(self, timeout: float | None = None) -> FilterPicture:
        """Blocks until the newest picture is final, and returns it.

        Args:
            timeout: Seconds; None waits without end.

        Raises:
            TimeoutError: If it takes longer.
            concurrent.futures.CancelledError: If the run was stopped, or closed meanwhile.
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
        """Ends what runs, and waits for that up to `timeout` seconds."""
        if self._settled is not self._asked:
            self._outcome = CancelledError("It was closed before the picture was final.")
        self._ahead.close()
        self._worker.close(timeout)
        self._ahead.close(timeout)

    def _work(self, job: tuple[Description | None, bool], is_wanted: Callable[[], bool]) -> None:
        asked, anew = job
        if asked is None:
            if self._settled is not self._asked:
                self._outcome = CancelledError("The run was stopped before the picture was final.")
                self._publish(Frame("cancelled"))
            return
        try:
            self._draw(asked, anew, is_wanted)
        except Abandoned:
            return
        except Exception as error:
            if is_wanted():
                message = explain(error, asked)
                self._settled, self._outcome = asked, RuntimeError(message)
                self._outcome.__cause__ = error
                self._publish(Frame("error", asked, error=message))

    def _draw(self, asked: Description, anew: bool, is_wanted: Callable[[], bool]) -> None:
        def check() -> None:
            if not is_wanted():
                raise Abandoned

        engine = self._engine()
        wanted = self._settle(engine, asked)
        check()
        if anew:
            engine.forget(wanted)
        # What is computed is shown: while a slider moves over a slow model, these are all its frames. So a frame is
        # published even if it is no longer wanted; the run itself asks before its next chunk.
        for frame in _until_abandoned(engine.stream(wanted, check)):
            if frame.picture is not None:
                if not is_wanted():
                    return
                self._settled, self._outcome = asked, frame.picture
                self._ahead.submit(wanted)
            if not self._publish(frame):
                return
            if frame.image is not None:
                self._painted = asked

    def _prepare(self, shown: Description | None, is_wanted: Callable[[], bool]) -> None:
        def check() -> None:
            if not is_wanted():
                raise Abandoned

        if shown is None:
            return
        rests_until = time.monotonic() + REST
        while time.monotonic() < rests_until:
            if not is_wanted():
                return
            time.sleep(REST / 20)
        engine = self._engine()
        with contextlib.suppress(Abandoned):
            for likely in self._likely(shown):
                check()
                engine.prepare(self._settle(engine, likely), check)


def _until_abandoned(frames: Iterator[Frame]) -> Iterator[Frame]:
    with contextlib.suppress(Abandoned):
        yield from frames


def explain(error: Exception, wanted: Description) -> str:
    """Says in one or two sentences what failed, in which layer, and what to try."""
    text = _gist(str(error))
    if isinstance(error, FloatingPointError):
        return f"The ascent on layer {wanted.layer} was ended: {text}"
    if isinstance(error, memory.USED_UP):
        return memory.in_words(error, wanted.layer, wanted.image_size)
    return f"Layer {wanted.layer} could not be run: {type(error).__name__}: {text}"


def _gist(message: str) -> str:
    """The one line that says what happened: TensorFlow wraps it in graph nodes and source lines, Keras in colour."""
    wrapping = ("Graph execution error", "Detected at", "File ", "[[")
    lines = (re.sub("\x1b\\[[0-9;]*m", "", line).strip() for line in message.splitlines())
    gist = [line for line in lines if line and not line.startswith(wrapping)]
    if len(gist) > 1 and gist[0].startswith("Exception encountered when calling"):
        return f"{gist[1]} ({gist[0].removesuffix('.')})"
    return gist[0] if gist else "no message"
