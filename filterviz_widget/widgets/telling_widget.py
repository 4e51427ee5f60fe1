"""A widget that tells its pages what happens, from any thread: numbered, so that nothing stays lost."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import anywidget
import traitlets

from filterviz_widget._version import __version__
from filterviz_widget.description.ranges import short
from filterviz_widget.interrupts import WholeLock
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.news import News
from filterviz_widget.widgets.pace import Pace, weight

LOCK = WholeLock()
"""One for all widgets of the process: two that are linked, each with a lock of its own, would wait for one another.

Who holds it is not interrupted: traitlets and ipywidgets hold notifications and messages back for a while, and would
never again let go of them."""

LONGEST_VIEW = 64
"""Characters of the name by which a view in a page calls itself."""

WAITS = "wait() cannot be called from an observer, or while notifications are held: observe `status` and act on {!r}."
"""Who waits where nothing can be drawn is told so."""

_log = logging.getLogger(__name__)


class TellingWidget(anywidget.AnyWidget):
    """What of a widget has to do with telling. traitlets is not thread-safe: every change happens under one lock.

    While `working`, a page that hears nothing asks: the answer, on the message's own thread, reaches it in every host
    (see `News`). On a slow link only the newest is told (see `Pace`).
    """

    error = traitlets.Unicode(read_only=True, help="What went wrong and what to try.").tag(sync=True)
    heard = traitlets.Int(0, read_only=True, help="How many messages of the page were handled.").tag(sync=True)
    working = traitlets.Bool(False, read_only=True, help="Whether something runs of which more will be told.").tag(
        sync=True
    )
    version = traitlets.Unicode(__version__, read_only=True, help="The package's version.").tag(sync=True)

    LATER: ClassVar[frozenset[str]] = frozenset()
    """Traits that come after the others where the link is slow."""

    _handles = False
    """Whether a message of the page is handled at the moment: what is sent then arrives."""
    _goes_on = False
    """Whether what has waited is sent at the moment."""
    _refused = False
    """Whether the host has refused to send."""
    _passing = False
    """Whether what is published at the moment is soon followed by more."""
    _letter = 0
    """Bytes of a letter that was sent, until the message that it belongs to is."""
    _views = 0
    """How many views of it there are in pages."""

    def __init__(self, **kwargs: Any) -> None:
        self._news, self._pace = News(), Pace()
        self._waiting: set[str] = set()
        self._timer: threading.Timer | None = None
        super().__init__(**kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        # set_state swaps notify_change while it holds notifications.
        with LOCK:
            super().__setattr__(name, value)

    def set_trait(self, name: str, value: Any) -> None:
        """Called by ipywidgets and by this package: sets a trait, also one that cannot be assigned."""
        with LOCK:
            super().set_trait(name, value)

    @contextlib.contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """As traitlets': what is set within is told at its end. It swaps a method for that, so others have to wait."""
        with LOCK, super().hold_trait_notifications():
            yield

    def unobserve_all(self, name: Any = traitlets.All) -> None:
        """Ends what others observe; the widget goes on to follow its own settings."""
        with LOCK:
            own = [
                (handler, trait, kind)
                for trait, kinds in self._trait_notifiers.items()
                for kind, handlers in kinds.items()
                for handler in handlers
                if isinstance(handler, traitlets.EventHandler) or getattr(handler, "__self__", None) is self
            ]
            super().unobserve_all(name)
            for handler, trait, kind in own:
                self.observe(handler, trait, type=kind)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        with LOCK:
            kind = msg.get("method")
            if kind == "update":
                if self._waits(msg["state"]):
                    return
                self._number(msg["state"])
            lasts = kind == "custom" and not self._handles
            if lasts:
                msg = {**msg, "content": self._news.letter(msg["content"], buffers)}
            try:
                super()._send(msg, buffers)
            except Exception:  # the host's: the run goes on, and the page asks for what it missed
                if not self._refused:
                    _log.exception("The page could not be told.")
                self._refused = True
            if lasts:
                self._letter = weight([msg["content"], *(buffers or ())])
                self._send({"method": "update", "state": {}, "buffer_paths": []})

    def _number(self, state: dict[str, Any]) -> None:
        """Completes what is sent: with what waited, unless it is an answer, which is small; and with its number."""
        if state and self._waiting and not (self._handles or self._goes_on):
            state |= self.get_state(self._waiting - self.LATER - state.keys())
        late = self._waiting & state.keys()
        self._waiting -= late
        told = self._news.told(state.keys(), late)
        may_be_lost = self._goes_on or not self._handles
        size, self._letter = weight(state) + self._letter, 0
        state["told"] = [*told, *self._pace.sent(told[1], size, may_be_lost=may_be_lost)]

    def _waits(self, state: Mapping[str, Any]) -> bool:
        """Keeps back what would only queue up, until a page has heard what was sent before, or does not answer."""
        if self._handles or self._goes_on or not state or not self._views or not self._pace.must_wait():
            return False
        if not (self._passing or self._pace.is_answered):
            return False  # it is the last word, and nobody will ask for it
        if not self._look_later():
            return False
        self._waiting |= state.keys()
        return True

    def _look_later(self) -> bool:
        """Sees to it that what waits is looked at again; whether that could be done."""
        if self._timer is None:
            timer = threading.Timer(self._pace.patience, weakly(self._look_again))
            timer.daemon = True
            try:
                timer.start()
            except RuntimeError:  # the process has no more threads
                return False
            self._timer = timer
        return True

    def _look_again(self) -> None:
        with LOCK:
            self._timer = None
            self._go_on()
            if self._waiting and not self._look_later():
                self._go_on(at_once=True)

    def _go_on(self, at_once: bool = False) -> None:
        """Sends what waits if it may go now: first what belongs together, then the rest one by one."""
        before, self._goes_on = self._goes_on, True
        try:
            while self._waiting and self.comm is not None and (at_once or not self._pace.must_wait()):
                later = sorted(self._waiting & self.LATER, key=lambda name: weight(getattr(self, name)))
                self.send_state((self._waiting - self.LATER) or {later[0]})
        finally:
            self._goes_on = before

    def _stop_waiting(self) -> None:
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_receipt(self, content: Mapping[str, Any]) -> None:
        """Takes a page's word that it has heard something."""
        view, number, at = content.get("view"), content.get("number"), content.get("at")
        if not (isinstance(view, str) and len(view) <= LONGEST_VIEW and type(number) is int):
            return
        if isinstance(at, int | float) and abs(at) < 1e15:  # NaN is not
            self._pace.heard(view, number, at / 1000)
            self._go_on()

    @contextlib.contextmanager
    def _handling(self) -> Iterator[None]:
        before, self._handles = self._handles, True
        try:
            yield
        finally:
            self._handles = before

    def _tell_news(self, since: Any) -> None:
        """Answers a page that has everything up to a number."""
        since = since if type(since) is int and 0 <= since <= self._news.number else 0
        # Asked before what was told is looked at: whatever ends in between is in the next answer.
        working = self._is_working()
        comes = self._pace.brings(since)
        names, letters = (set(), []) if comes else self._news.missed(since)
        names = names if comes else names | self._waiting
        with self._news.answering(since, asked=True, up_to=since if comes else None):
            for content, data in letters:
                self._send({"method": "custom", "content": content}, data)
            with self.hold_sync():
                self._publish({"working": working, "heard": self.heard + 1})
                self._states_to_send |= self._state_of(names)

    def _state_of(self, names: set[str]) -> set[str]:
        """The traits that a page needs which has missed a change of these."""
        return names

    def _answer(self) -> None:
        self._publish({"working": self._is_working(), "heard": self.heard + 1})

    def _is_working(self) -> bool:
        """Whether something runs in the background of which more will be told."""
        raise NotImplementedError

    def _publish(self, state: Mapping[str, Any], *, passing: bool = False) -> None:
        """Writes traits of the kernel, as one message and in this order; from any thread. Never raises.

        Args:
            state: The values by name.
            passing: Whether more follows soon, so that nothing is lost if nobody hears of it.
        """
        with LOCK:
            before, self._passing = self._passing, passing
            try:
                with self.hold_sync():
                    for name, value in state.items():
                        self._publish_one(name, value)
            finally:
                self._passing = before

    def _publish_one(self, name: str, value: Any) -> None:
        try:
            self.set_trait(name, value)
        except (Exception, SystemExit) as error:  # an observer's; the host would swallow it, and the run goes on
            _log.exception("An observer of %r raised.", name)
            words = f"An observer of {name!r} raised {type(error).__name__}: {short(str(error))}"
            self.set_trait("error", words)
