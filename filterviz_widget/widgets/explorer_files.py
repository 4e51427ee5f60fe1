"""What an explorer hands out: files, figures, code, and the picture that stays beside the next ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from filterviz_widget.description.code import code
from filterviz_widget.description.description import MOST_FACETS
from filterviz_widget.description.ranges import Range, fitting
from filterviz_widget.picture import FilterPicture, data_url, png
from filterviz_widget.picture.animation import KINDS, animation
from filterviz_widget.picture.optimum import mosaic
from filterviz_widget.store.atomic import written_whole
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.explorer_panels import ExplorerPanels
from filterviz_widget.widgets.telling_widget import LOCK, LONGEST_VIEW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from filterviz_widget.session.worker import Worker

CLOSED = "The explorer is closed. Make a new one: FilterExplorer(model)."


MAKING = "Making a page to hand out"

FILES = ("figure", "gif", "webp")
"""That the page can ask for."""

MOST_FILES = 16
"""That wait to be made; a view asks for no more of each kind than one at a time."""


class ExplorerFiles(ExplorerPanels):
    """Saving, pinning and showing elsewhere what a `FilterExplorer` shows."""

    pinned = traitlets.Dict(read_only=True, help="The picture that stays beside the next ones; empty for none.").tag(
        sync=True
    )

    _files: Worker[None] | None = None
    _files_wanted: deque[tuple[str, str]]
    _reading: Mapping[str, Any]

    def wait(self, timeout: float | None = None) -> FilterPicture:
        """Blocks until the picture for the present settings is final, and returns it."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Waits for the picture to be final and writes it as a file, whole or not at all.

        Args:
            path: `.png` for the picture; `.gif` or `.webp` for how it formed, as an animation.

        Raises:
            ValueError: If the file's name ends in something else.
            OSError: If it cannot be written; what was there before stays.
            concurrent.futures.CancelledError, RuntimeError: As `wait` does.
        """
        path = Path(path)
        if path.suffix.lower() not in (".png", *KINDS):
            raise ValueError(f"Expected a name ending in .png, .gif or .webp, got {str(path)!r}.")
        picture = self.wait()
        if path.suffix.lower() == ".png":
            return picture.save(path)
        data = self._animation(picture, path.suffix.lower())
        with written_whole(path) as file:
            file.write(data)
        return None

    def facets(self, count: int = 4, *, diversity: float = 1.0) -> list[FilterPicture]:
        """Several different pictures of the present filter: they ascend together, and likeness is penalised.

        As `visualize_facets` does it, with the settings on the screen; the screen stays as it is.

        Args:
            count: How many pictures, from 2 to 64.
            diversity: Weight of the penalty, relative to the activation's gradient.

        Raises:
            ValueError: For a number out of its range.
            RuntimeError: If the explorer is closed.
        """
        count = fitting("count", count, Range(2, MOST_FACETS, whole=True))
        engine = self._now()
        with LOCK:
            wanted = self._wanted()
        wanted = replace(wanted, method=wanted.method.replaced(diversity=diversity), facets=count)
        return engine.facets(self._settle(engine, wanted))

    def figure(self, timeout: float | None = None) -> Figure:
        """The whole view, the visible panels included, as a matplotlib figure with captions, for slides.

        Args:
            timeout: Seconds to wait for the picture, and again for the panels; None waits without end.

        Raises:
            TimeoutError: If it takes longer.
            concurrent.futures.CancelledError, RuntimeError: As `wait` does.

        Example:

        >>> explorer.figure().savefig("filter.pdf")
        """
        from filterviz_widget.widgets.view_figure import view_figure

        picture = self.wait(timeout)
        wishes = self._wishes
        if wishes is not None and not wishes.wait(timeout):
            raise TimeoutError(f"The panels are not finished after {timeout} seconds.")
        with LOCK:
            states = {name: dict(getattr(self, f"{name}_panel")) for name in self.panels}
            field = dict(self.field_panel)
            photo = self.photo_info.get("source", "")
        return view_figure(picture, states, field, photo)

    def to_html(
        self,
        path: str | Path | None = None,
        layers: Sequence[str] | None = None,
        filters: Iterable[int] | None = range(16),
        *,
        title: str | None = None,
    ) -> str | None:
        """Makes one HTML file to hand out: pictures and panels of chosen filters, to play with without a kernel.

        The settings are those on the screen, and so are the panels. Each picture is made now, by one ascent and one
        more for its time line; `note` says how far it is. The file needs no network and no other file: script, style
        and pictures are in it, as WebP or JPEG with losses that hardly show; the frames of the time line are coarser.

        Args:
            path: Ends in ".html"; None returns the page as text.
            layers: Which layers; None for all that the explorer offers.
            filters: Which filters of each, counted from 0; those that a layer lacks are left out. The first 16 unless
                it is said; None for all.
            title: The page's heading; None for "What filters respond to".

        Raises:
            ValueError: For an unknown layer, no filter at all, or a file's name that ends otherwise.
            OSError: If it cannot be written; what was there before stays.
            RuntimeError: If the explorer is closed.

        Example:

        >>> explorer.panels = ["kernel", "strongest", "neighbours"]
        >>> explorer.to_html("lesson.html", layers=["conv1", "conv3"], filters=range(8))
        """
        from filterviz_widget.widgets import explorer_handout as made
        from filterviz_widget.widgets import handout

        target, engine = handout.checked(path), self._now()
        with LOCK:
            moment, before = self._moment(), self.note
            state = {name: value for name, value in self.get_state().items() if name in handout.kept(self.keys)}
        offered = [each["name"] for each in state["layers"] if self.all_layers or each["recommended"]]
        wanted = made.chosen(layers, filters, self._filters(), offered or [self.layer])
        count = sum(map(len, wanted.values()))

        def told(done: int) -> None:
            self._publish({"note": f"{MAKING}: {done:,} of {count:,} pictures."})

        try:
            entries = made.entries(engine, made.moments(moment, state["layers"]), wanted, state["panels"], told)
        finally:
            if self.note.startswith(MAKING):  # nothing else was said meanwhile
                self._publish({"note": before})
        content = {
            "state": made.first_state(state, wanted),
            "prepared": {"filters": wanted, "panels": state["panels"]},
            "keys": ["layer", "filter"],
            "entries": entries,
        }
        page = handout.page("explorer", title or "What filters respond to", made.about(wanted), content)
        return handout.handed_out(page, target)

    def code(self) -> str:
        """The lines of Python that make the picture of the present settings again, to the byte.

        The model is expected under the name `model`.

        Raises:
            RuntimeError: If the explorer is closed.
        """
        with LOCK:
            engine, wanted, method = self._engine, self._wanted(), self.method
        if engine is None:
            raise RuntimeError(CLOSED)
        return code(self._settle(engine(), wanted), method, self._reading)

    def pin(self) -> None:
        """Keeps the present picture beside the next ones, to compare. Another call replaces it.

        Raises:
            RuntimeError: If there is no finished picture yet.
        """
        with LOCK:
            if not self.image.startswith("data:image/png") or self.shown is None:
                raise RuntimeError("There is no finished picture to pin yet: call wait() first.")
            self.set_trait("pinned", {"image": self._pinned_image(), "shown": dict(self.shown), **self._about_pin()})

    def unpin(self) -> None:
        """Takes the pinned picture away."""
        self.set_trait("pinned", {})

    def swap(self) -> None:
        """Goes to the pinned picture's settings, and pins the present one."""
        with LOCK:
            before = dict(self.pinned)
            if not before:
                return
            self.pin()
            with self._at_once():
                shown = before["shown"]
                self.layer, self.method = shown["layer"], before["method"]
                self.filter, self.seed, self.options = shown["filter"], shown["seed"], shown["options"]
                self.step_size, self.iterations = shown["step_size"], shown["iterations"]

    def _pinned_image(self) -> str:
        """Of a volume all slices at once: the pinned picture has no slider."""
        slices = int(self.data.get("slices", 1))
        if slices == 1 or self.picture is None:
            return self.image
        return data_url(mosaic(self.picture.image, slices))

    def _about_pin(self) -> dict[str, Any]:
        finite = [each for each in self.activations if each is not None]
        return {"method": self.method, "activation": finite[-1] if finite else None}

    def _heard(self, content: Mapping[str, Any], buffers: Any) -> None:
        if content["type"] in ("pin", "unpin", "swap"):
            try:
                getattr(self, content["type"])()
            except RuntimeError as error:  # there is no picture yet
                self._publish({"error": str(error)})
        elif content["type"] == "save":
            kind, view = content.get("kind"), content.get("view")
            if kind in FILES and isinstance(view, str) and len(view) <= LONGEST_VIEW:
                self._send_file(kind, view)
        else:
            super()._heard(content, buffers)

    def _send_file(self, kind: str, view: str) -> None:
        """Makes a file in the background, after those that wait, and hands it to the view that asked."""
        from filterviz_widget.session.worker import Worker

        with LOCK:
            if self._files is None:
                self._files, self._files_wanted = Worker(weakly(self._make_files), "files"), deque()
            if (kind, view) not in self._files_wanted and len(self._files_wanted) < MOST_FILES:
                self._files_wanted.append((kind, view))
            self._files.submit(None)

    def _make_files(self, _: None, is_wanted: Callable[[], bool]) -> None:
        while is_wanted():
            with LOCK:
                if not self._files_wanted:
                    return
                kind, view = self._files_wanted.popleft()
            self._make_file(kind, view)

    def _make_file(self, kind: str, view: str) -> None:
        name = f"{self.layer.replace('/', '-')}-{self.filter}"
        try:
            if kind == "figure":
                buffer = BytesIO()
                self.figure(120).savefig(buffer, format="png", dpi=150)
                data, name = buffer.getvalue(), f"{name}-view.png"
            else:
                data, name = self._animation(self.wait(120), f".{kind}"), f"{name}.{kind}"
        except Exception as error:  # said on the page, which waits for a file
            with LOCK:
                self._publish({"error": f"The file could not be made: {type(error).__name__}: {error}"})
            return
        with LOCK:
            if self._wishes is not None:
                self.send({"type": "file", "name": name, "view": view}, [data])

    def _animation(self, picture: FilterPicture, kind: str) -> bytes:
        film = self._now().film(picture.description)
        return animation([data for _, data in film.frames], png(picture.image), kind)
