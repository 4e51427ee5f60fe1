"""The widget of an atlas: the same page as that of its folder, whose files the kernel sends."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from filterviz_widget.description.ranges import short
from filterviz_widget.store.paths import full
from filterviz_widget.widgets.live_widget import LONGEST, LiveWidget
from filterviz_widget.widgets.sendable import sendable
from filterviz_widget.widgets.telling_widget import LOCK

SUFFIXES = (".json", ".jpg", ".webp")

LONGEST_PATH = 1000
"""Characters of a file's path in an atlas."""


class AtlasWidget(LiveWidget):
    """Shows an atlas, also while it is made. An `Atlas` in a cell makes it.

    Args:
        folder: The atlas.
        filters: How many it has in all.
        stop: Ends the making of it.
        **kwargs: `layout` and the like, as for every ipywidget.
    """

    made = traitlets.Int(0, read_only=True, help="How many filters are finished.").tag(sync=True)
    parts = traitlets.Int(0, read_only=True, help="How many parts are finished, such as shards.").tag(sync=True)
    filters = traitlets.Int(0, read_only=True, help="How many there are in all.").tag(sync=True)
    state = traitlets.Unicode("done", read_only=True, help='"making", "done", "stopped" or "failed".').tag(sync=True)
    pace = traitlets.Unicode(read_only=True, help="How fast it is made, and for how long.").tag(sync=True)
    note = traitlets.Unicode(read_only=True, help="What the user should know.").tag(sync=True)

    def __init__(self, folder: Path, filters: int, stop: Callable[[], None], **kwargs: Any) -> None:
        super().__init__("atlas", **kwargs)
        self._folder, self._stop = folder, stop
        self.set_trait("filters", filters)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.comm is None

    def tell(self, made: int, parts: int, state: str, pace: str = "", note: str = "", error: str = "") -> None:
        """Says how far the atlas is; from any thread."""
        about = {"made": made, "parts": parts, "state": state, "pace": pace, "note": note, "error": error[:LONGEST]}
        self._publish(about)

    def _is_working(self) -> bool:
        return self.state == "making"

    def __repr__(self) -> str:
        return f"AtlasWidget: {self.made:,} of {self.filters:,} filters, {self.state}"

    def _receive(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if content["type"] == "stop":
            self._stop()
        elif content["type"] == "file":
            path = content.get("path")
            data = self._read(path)
            answer: dict[str, Any] = {"type": "file", "path": path if sendable(path, LONGEST_PATH) else None}
            if data is None:
                self.send({**answer, "missing": True})
            else:
                self.send(answer, [data])

    def _read(self, path: Any) -> bytes | None:
        """A file of the atlas, and no other; None where there is none."""
        if not sendable(path, LONGEST_PATH) or not path.endswith(SUFFIXES):
            return None
        try:
            wanted = full(self._folder / path)
            return wanted.read_bytes() if wanted.is_relative_to(self._folder) else None
        except (OSError, ValueError):
            return None

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        # It has no settings.
        unknown = [name for name in sent if name not in ("layout", "tooltip", "tabbable")]
        return {}, [f"An atlas has no setting {short(name)}." for name in unknown[:1]]

    def _ask(self, _: Any = None) -> None:
        with LOCK:
            self._stale = False
