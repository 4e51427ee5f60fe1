"""A widget whose traits change on several threads, and that trusts nothing of what the page sends."""

import difflib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import anywidget
import ipywidgets
import traitlets

from filterviz_widget.widgets.frontend import frontend

BASE_TRAITS = {name for name in ipywidgets.DOMWidget.class_trait_names() if not name.startswith("_")} - {
    "keys",
    "comm",
    "log",
}


class LiveWidget(anywidget.AnyWidget):
    """The base of this package's widgets. traitlets is not thread-safe: every change happens under one lock.

    A subclass lists in `SETTINGS` the traits that the page writes, and says in `_accept` which of what the page
    sends is valid.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ()

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode(read_only=True, help="What went wrong and what to try.").tag(sync=True)

    _lock = threading.RLock()
    """Each instance has its own."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(_esm=frontend(f"{name}.js"), _css=frontend(f"{name}.css"), **kwargs)

    def open(self) -> None:
        """Called by ipywidgets: connects to the page."""
        super().open()
        # ipykernel 7.4 hands a page's message to the shell that last sent something to that page, because somebody may
        # wait there for a reply. After whatever a cell or a background thread sends, that is the main shell, and the
        # sliders would rest until the running cell ends. Nobody waits here: the message's own subshell is right.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = None

    def __setattr__(self, name: str, value: Any) -> None:
        # set_state swaps notify_change while it holds notifications.
        with self._lock:
            super().__setattr__(name, value)

    def set_state(self, sync_data: Any) -> None:
        """Takes what the page sends: what is wrong is refused or clamped, and said in `error`."""
        with self._lock:
            if not isinstance(sync_data, dict):
                self.set_trait("error", f"Expected the settings as a dictionary, got {type(sync_data).__name__}.")
                return
            accepted, problems = self._accept(sync_data)
            base = {name: value for name, value in sync_data.items() if name in BASE_TRAITS}
            with self._at_once():
                for name, value in (base | accepted).items():
                    try:
                        super().set_state({name: value})
                    except Exception as error:  # the layout's traits, or somebody's observer
                        problems.append(f"{name} could not be set: {error}")
            # Whatever the page believes, this is the state.
            wrong = [name for name in self.SETTINGS if name in sync_data and not _same(sync_data[name], self, name)]
            if wrong and self.comm is not None:
                self.send_state(wrong)
            self.set_trait("error", " ".join(problems))

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Returns the settings to apply, in order, and a sentence for everything that was wrong."""
        raise NotImplementedError

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Several settings change together: a subclass acts once, at the end."""
        yield

    def _publish(self, state: Mapping[str, Any]) -> None:
        """Writes traits of the kernel, as one message and in this order; from any thread."""
        with self._lock, self.hold_sync():
            for name, value in state.items():
                try:
                    self.set_trait(name, value)
                except Exception as error:  # an observer's; the host would swallow it, and the run goes on
                    self.set_trait("error", f"An observer of {name!r} raised {type(error).__name__}: {error}")


def check_arguments(kwargs: Mapping[str, Any], own: set[str], owner: str) -> None:
    """Refuses arguments that are neither a widget's nor among `own`.

    Raises:
        TypeError: With the nearest known name.
    """
    known = BASE_TRAITS | own
    for name in kwargs:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {close[0]!r}?" if close else f" Known are: {', '.join(sorted(known))}."
            raise TypeError(f"{owner} got an unknown argument {name!r}.{hint}")


def _same(sent: Any, widget: LiveWidget, name: str) -> bool:
    held = getattr(widget, name)
    return (type(sent) is type(held) and sent == held) or (type(sent) in (int, float) and sent == held)
