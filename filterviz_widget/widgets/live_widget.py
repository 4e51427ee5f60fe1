"""A widget whose traits change on several threads, that answers every message, and trusts nothing of what comes."""

import atexit
import contextlib
import difflib
import functools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn

import ipywidgets
import traitlets
from ipywidgets.widgets import widget as registry

from filterviz_widget.description.ranges import short
from filterviz_widget.interrupts import finalizer
from filterviz_widget.widgets.dropped import DROPPED, undertaker, weakly
from filterviz_widget.widgets.frontend import frontend
from filterviz_widget.widgets.pace import Pace
from filterviz_widget.widgets.sendable import sendable
from filterviz_widget.widgets.telling_widget import LOCK, TellingWidget

WIDGETS: dict[str, ipywidgets.Widget] = (
    registry._instances if hasattr(registry, "_instances") else ipywidgets.Widget.widgets
)
"""All widgets of the process by `model_id`, where ipywidgets looks for them: 8 keeps it apart, 7 in the class."""

BASE_TRAITS = {name for name in ipywidgets.DOMWidget.class_trait_names() if not name.startswith("_")} - {
    "keys",
    "comm",
    "log",
}

LONGEST = 2000
"""Characters of an error: the page shows it, and nobody reads more."""

_log = logging.getLogger(__name__)
_seen: "set[LiveWidget]" = set()
"""Widgets that a page shows. These are held, as `display(FilterExplorer(model))` leaves nobody else who does."""

_left: "deque[LiveWidget]" = deque(maxlen=4)
"""The last ones that no page shows any more: a notebook that is closed may be opened again."""

_alive: "weakref.WeakSet[LiveWidget]" = weakref.WeakSet()


@atexit.register
def _keep_all() -> None:
    """Nothing is closed any more: the page has let go of a kernel that ends, and would not know what it hears of."""
    _seen.update(_alive)


def _close_left_behind() -> None:
    """Closes widgets of marimo's whose cell ran again, or whose visitor has gone: it tells nobody, and holds them."""
    with LOCK:
        for widget in [*_seen, *_left]:
            if widget._visit is not None and (widget.comm._closed or not widget._visit.is_alive()):
                DROPPED.put(functools.partial(widget._shut, 0))


class LiveWidget(TellingWidget):
    """The base of this package's widgets.

    A subclass lists in `SETTINGS` the traits that the page writes, and says in `_accept` which of what the page sends
    is valid. Every message but a receipt, which is an answer itself, raises `heard` by one, whatever it said: silence
    means that nobody is there.

    ipywidgets holds every widget until it is closed, and so would hold the user's model each time that a cell is run
    again. These widgets are held while a page shows them, and by whoever has them in a variable; after that they go.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ()

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    _trusted: Mapping[str, Any] = MappingProxyType({})
    """Values that were checked together, while they are set one by one."""
    _holding = 0
    _stale = False
    _visit: threading.Thread | None = None
    """In marimo the thread of the visitor that the widget is for; it ends with the visit."""
    _layout: ipywidgets.Layout | None = None
    """The layout that ipywidgets made for this widget alone, to be closed with it."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        undertaker()
        super().__init__(_esm=frontend(f"{name}.js"), _css=frontend(f"{name}.css"), **kwargs)
        if "layout" not in kwargs:
            self._layout = self.layout

    def open(self) -> None:
        """Called by ipywidgets: connects to the page, and sees to it that the connection holds nobody."""
        super().open()
        self.comm.on_msg(weakly(self._handle_msg))
        _alive.add(self)
        _close_left_behind()
        if type(self.comm).__module__.startswith("marimo."):
            self._visit = threading.current_thread()
        weak: Any = weakref.proxy(self)
        WIDGETS[self.model_id] = weak
        # ipykernel 7.4 hands a page's message to the shell that last sent something to that page, because somebody may
        # wait there for a reply. After whatever a cell or a background thread sends, that is the main shell, and the
        # sliders would rest until the running cell ends. Nobody waits here: the message's own subshell is right.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = None

    def close(self) -> None:
        """Removes the widget from the page."""
        self._shut(5)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} cannot be pickled: make another one of the model.")

    @finalizer
    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be going
            DROPPED.put(functools.partial(self._shut, 0))

    def _shut(self, timeout: float) -> None:
        """Closes the widget, waiting so many seconds at most for what runs."""
        with LOCK:
            _seen.discard(self)
            if self in _left:
                _left.remove(self)
            super().close()
            self._stop_waiting()
            layout, self._layout = self._layout, None
            if layout is not None:
                layout.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        with LOCK:
            _seen.add(self)
        return super()._repr_mimebundle_(**kwargs)

    def _handle_msg(self, msg: Mapping[str, Any]) -> None:
        """Called by the host with what the page sends: whatever that is, it raises nothing, and all but a receipt is
        answered.

        Buffers beside settings are passed over, as none has bytes in it.
        """
        data = msg["content"].get("data")
        data = data if isinstance(data, dict) else {}
        method = data.get("method")
        if method == "update":
            self.set_state(data.get("state"))
        elif method == "custom":
            self._handle_custom_msg(data.get("content"), msg.get("buffers"))
        else:
            with LOCK, self._handling():
                if method == "request_state":
                    self.send_state()
                self._answer()

    def set_state(self, sync_data: Any) -> None:
        """Takes what the page sends: what is wrong is refused or clamped, and said in `error`."""
        with LOCK, self._handling():
            problems: list[str] = []
            try:
                self._take(sync_data, problems)
            except (Exception, SystemExit) as error:  # the host would swallow it, and the page wait for an answer
                _log.exception("A message of the page was not taken.")
                problems.append(f"The settings could not be taken: {type(error).__name__}.")
            self.set_trait("error", " ".join(problems)[:LONGEST])
            self._answer()

    def _take(self, sent: Any, problems: list[str]) -> None:
        if not isinstance(sent, dict):
            problems.append(f"Expected the settings as a dictionary, got {type(sent).__name__}.")
            return
        accepted, wrong = self._accept(sent)
        problems += wrong
        with self._at_once():
            for name, value in accepted.items():
                try:
                    with self._trusting({name: value}):
                        super().set_state({name: value})
                except (Exception, SystemExit) as error:  # somebody's observer
                    said = f"{type(error).__name__}: {short(str(error))}"
                    problems.append(f"{name} was set, but an observer raised {said}")
            super().set_state(_of_every_widget(sent))
        # Whatever the page believes, this is the state.
        changed = [name for name in self.SETTINGS if name in sent and not _same(sent[name], getattr(self, name))]
        if changed and self.comm is not None:
            self.send_state(changed)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        with LOCK, self._handling():
            kind = content.get("type") if isinstance(content, dict) else None
            try:
                if kind == "news":
                    self._tell_news(content.get("since"))
                    return
                if kind == "receipt":
                    self._take_receipt(content)
                    return
                if self.comm is None:  # it is closed: nobody holds it any more
                    return
                if kind == "hello":
                    if not self._views:
                        self._pace = Pace()  # nobody has heard what was sent before
                    self._views += 1
                    _seen.add(self)
                    with self._news.answering(0):
                        self.send_state([name for name in self.keys if not name.startswith("_")])
                elif kind == "bye":
                    self._views = max(0, self._views - 1)
                    self._pace.left(str(content.get("view")))
                    if not self._views and self in _seen:
                        _seen.remove(self)
                        _left.append(self)
                elif isinstance(kind, str):
                    self._receive(content, buffers or ())
                super()._handle_custom_msg(content, buffers)
            except (Exception, SystemExit):
                _log.exception("A message of the page was not taken.")
            self._answer()

    def _receive(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Called with messages that are about neither settings nor the view itself; their `type` is text."""

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Returns the settings to apply, in order, and a sentence for everything that was wrong."""
        raise NotImplementedError

    @contextmanager
    def _trusting(self, checked: Mapping[str, Any]) -> Iterator[None]:
        """These very values may be set without a check: they were checked, together."""
        before, self._trusted = self._trusted, checked
        try:
            yield
        finally:
            self._trusted = before

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Several settings change together: what they ask for is asked once, at the end."""
        with LOCK:
            self._holding += 1
            try:
                yield
            finally:
                self._holding -= 1
                if self._stale and not self._holding:
                    self._stale = False
                    self._ask()

    def _ask(self, _: Any = None) -> None:
        """Wants what the settings say; while several change, it only sets `_stale`."""
        raise NotImplementedError


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


def _of_every_widget(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What every ipywidget has, where it is valid."""
    valid: dict[str, Any] = {}
    tooltip, tabbable, layout = (sent.get(name) for name in ("tooltip", "tabbable", "layout"))
    if "tooltip" in sent and (tooltip is None or sendable(tooltip, LONGEST)):
        valid["tooltip"] = tooltip
    if "tabbable" in sent and isinstance(tabbable, bool | None):
        valid["tabbable"] = tabbable
    known = WIDGETS.get(layout.removeprefix("IPY_MODEL_")) if isinstance(layout, str) else None
    if isinstance(known, ipywidgets.Layout) and known.model_id != layout:
        valid["layout"] = layout
    return valid


def _same(sent: Any, held: Any) -> bool:
    try:
        return bool((type(sent) is type(held) and sent == held) or (type(sent) in (int, float) and sent == held))
    except RecursionError:
        return False
