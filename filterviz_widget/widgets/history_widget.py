"""The widget of a training run: one slider for time, and what a filter was at that time."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, SupportsIndex

import traitlets

from filterviz_widget.description.ranges import Range, fit, fitting, short
from filterviz_widget.history.overview import Overview, owner_of
from filterviz_widget.history.shown import shown
from filterviz_widget.session.worker import Worker
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.history_setting import Setting
from filterviz_widget.widgets.incoming import recorded_filter, recorded_layer
from filterviz_widget.widgets.live_widget import LiveWidget
from filterviz_widget.widgets.telling_widget import LOCK, WAITS

if TYPE_CHECKING:
    from filterviz_widget.history import HistoryCallback


LONGEST_EPOCH = 600.0
"""Seconds without a record after which a training is taken to have been interrupted."""


class HistoryWidget(LiveWidget):
    """Shows a `FilterHistory`, also while it is recorded. `history` in a cell makes it.

    The training thread only says that there is a new record; a background thread draws. The gradients are those on
    the probe. A layer is marked "exploding" where its gradient norm is more than 100 times the median over the
    layers, or not finite, and "dead" where it is below 1e-9 of that median, or where no drawn filter has any gradient.

    `epoch`, `layer` and `filter` say what is shown. While the newest record is, the next one takes its place.
    `layer` is "" until one is chosen: then the first is shown.

    Args:
        history: What is shown; held as long as the widget is.
        **kwargs: `layout` and the like, as for every ipywidget.

    Raises:
        traitlets.TraitError: When a setting is assigned that the history does not have.

    Example:

    >>> widget = history.widget()
    >>> widget.layer, widget.filter, widget.epoch = "conv2d_1", 3, 0
    """

    SETTINGS = ("epoch", "layer", "filter")

    epoch = Setting[int, SupportsIndex](
        0, help="Which record, counted from 0; the kernel moves it to a new one if the last is shown."
    ).tag(sync=True)
    layer = Setting[str, str]("", help="Path of the recorded layer.").tag(sync=True)
    filter = Setting[int, SupportsIndex](
        0, help="Which of the layer's recorded filters, by its number in the layer."
    ).tag(sync=True)

    epochs: traitlets.List[Any] = traitlets.List(
        read_only=True, help="How many epochs the model had been trained at each record."
    ).tag(sync=True)
    layers: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Name, recorded filters and owner, the name among the norms, of each recorded layer."
    ).tag(sync=True)
    logs = traitlets.Dict(read_only=True, help="Loss and metrics: by name, a number or None per record.").tag(sync=True)
    norms = traitlets.Dict(read_only=True, help="Gradient norm: by layer, a number or None per record.").tag(sync=True)
    marks = traitlets.Dict(read_only=True, help='By layer, "dead", "exploding", "frozen" or "" per record.').tag(
        sync=True
    )
    shown = traitlets.Dict(
        read_only=True, help="Kernel, gradient and picture, and the settings they belong to; empty at first."
    ).tag(sync=True)
    status = traitlets.Unicode("ready", read_only=True, help='"drawing", or "ready".').tag(sync=True)
    note = traitlets.Unicode(read_only=True, help="What the viewer should know about the gradients.").tag(sync=True)

    _history: "HistoryCallback | None" = None
    _worker: Worker[None] | None = None
    _unwatch: Callable[[], None] | None = None
    _overview: Overview | None = None
    """Of the records so far. The worker's alone."""
    _began_with = 0
    """So many records there were when the widget was made."""
    _moved: tuple[str, Any] | None = None
    """The setting that the kernel moves at the moment, to what is drawn already."""
    _news_at = 0.0
    """When there was something to draw last, on the monotonic clock."""
    _said = ""
    """The history's error that was told last."""

    def __init__(self, history: "HistoryCallback", **kwargs: Any) -> None:
        super().__init__("history", **kwargs)
        for name in self.SETTINGS:  # the defaults are in place before there is something to check them with
            getattr(self, name)
        self._history, self._began_with = history, history.count
        # Neither the thread nor the history holds the widget: it lives as long as somebody shows it or has it.
        self._worker = Worker(weakly(self._draw))
        self._unwatch = history.watch(weakly(self._submit))
        self.observe(self._ask, self.SETTINGS)
        self._ask()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._worker is None

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until what is asked for is drawn; False if that takes longer than `timeout` seconds.

        Raises:
            RuntimeError: If an observer calls it, or where notifications are held: nothing can be drawn meanwhile.
        """
        if LOCK.is_mine():
            raise RuntimeError(WAITS.format("ready"))
        return self._worker is None or self._worker.wait(timeout)

    def close(self) -> None:
        """Removes the widget from the page and lets go of the history."""
        self._shut(0 if LOCK.is_mine() else 5)  # a drawing may wait for this very lock

    def send_state(self, key: Any = None) -> None:
        """Sends traits to the page, as ipywidgets does, without its search for bytes among them.

        There are none, and it would look at every number of every column after each epoch, in Python.
        """
        state = self.get_state(key=key)
        if state:
            self._property_lock.update({name: state[name] for name in state.keys() & self._property_lock.keys()})
            self._send({"method": "update", "state": state, "buffer_paths": []}, buffers=[])

    def __repr__(self) -> str:
        return "FilterHistory (closed)" if self._history is None else repr(self._history).partition("\n")[0]

    def _shut(self, timeout: float) -> None:
        with LOCK:
            worker, self._worker = self._worker, None
            unwatch, self._unwatch = self._unwatch, None
            self._history = self._overview = None
            super()._shut(timeout)
            if unwatch:
                unwatch()
            if worker:
                worker.close()
        if worker:
            worker.close(timeout)

    def _submit(self) -> None:
        """Has the thread draw. Called by the training thread too, which waits for nobody here."""
        if worker := self._worker:
            object.__setattr__(self, "_news_at", time.monotonic())  # not under the lock, which an observer may hold
            worker.submit(None)
            # What is said on this thread arrives in every host; the background thread's word may not.
            if not self.working:
                with LOCK.if_free() as is_mine:
                    if is_mine:
                        self._publish({"working": True})

    def _is_working(self) -> bool:
        if self._worker is not None and self._worker.is_busy:
            return True
        # An interrupted training ends without a word.
        recent = time.monotonic() - self._news_at < LONGEST_EPOCH
        return recent and self._history is not None and self._history.is_training

    def _ask(self, change: Any = None) -> None:
        """Wants what the settings say drawn. Returns at once."""
        with LOCK:
            if change is not None and (change.name, change.new) == self._moved:
                return
            if self._holding:
                self._stale = True
            else:
                self._submit()

    @traitlets.observe("layer")
    def _fit_filter(self, _: Any) -> None:
        filters = self._filters(self.layer)
        if filters and self.filter not in filters:
            with self._at_once(), self._trusting({"filter": filters[0]}):
                self.filter = filters[0]

    def _filters(self, layer: str) -> list[int]:
        """What can be shown of a recorded layer, "" for the first; nothing of another, or before the first record."""
        history = self._history
        if history is None or not history.count:
            return []
        for entry in history.layout:
            if layer in ("", entry.name):
                # Without pictures every kernel can be looked at.
                return list(entry.filters or range(entry.parts[-1].shape[3] if entry.parts else 1))
        return []

    def _checked(self, name: str, value: Any) -> Any:
        """Returns a setting as it is held.

        Raises:
            ValueError: If the history does not have it.
        """
        history = self._history
        if history is None or not history.count:
            if type(value) in (int, str) and value == self.trait_defaults(name):
                return value
            raise ValueError(f"{name} cannot be {short(value)}: nothing is recorded yet.")
        if name == "epoch":
            return fitting(name, value, Range(0, history.count - 1, whole=True))
        if name == "layer":
            return recorded_layer(value, history.layers)
        return recorded_filter(value, self._filters(self.layer))

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        accepted: dict[str, Any] = {}
        problems: list[str] = []
        history = self._history
        for name in (name for name in ("layer", "epoch", "filter") if name in sent):
            problem, value = "", sent[name]
            try:
                if history is None or not history.count:
                    accepted[name] = self._checked(name, value)
                elif name == "epoch":
                    accepted[name], problem = fit(name, value, Range(0, history.count - 1, whole=True))
                elif name == "layer":
                    accepted[name] = recorded_layer(value, history.layers)
                else:
                    accepted[name] = recorded_filter(value, self._filters(accepted.get("layer", self.layer)))
            except ValueError as error:
                problem = str(error)
            problems += [problem] * bool(problem)
        return accepted, problems

    def _draw(self, _: None, is_wanted: Callable[[], bool]) -> None:
        """Called on the background thread.

        What it finds is told also where more is wanted already: epochs may be shorter than a drawing takes.
        """
        history = self._history
        if history is None:
            return
        self._publish({"status": "drawing"})
        state: dict[str, Any] = {}
        try:
            self._fill(state, history)
        except Exception as error:
            # The history may have been closed meanwhile, or its file be damaged; it is said, and the rest is shown.
            state["error"] = f"{type(error).__name__}: {error}"
        with LOCK:
            if "epoch" in state and not self._follows():
                del state["epoch"]  # somebody looks elsewhere since
            self._moved = ("epoch", state.get("epoch"))
            try:
                self._publish(state | ({"status": "ready"} if is_wanted() else {}))
            finally:
                self._moved = None

    def _follows(self) -> bool:
        """Whether the newest record is looked at that the page knows: then the next one is shown when it comes."""
        known = len(self.epochs) or self._began_with
        return bool(self.epoch == max(0, known - 1))

    def _fill(self, state: dict[str, Any], history: "HistoryCallback") -> None:
        """Puts the traits into `state` that say what is to be shown now."""
        if history.error != self._said:
            self._said = history.error
            state["error"] = f"Not all was recorded; training went on. {self._said}" if self._said else ""
        overview = self._overview or Overview(history.layout)
        new = history.newer(len(overview.epochs))
        if not new and not overview.epochs:
            state["note"] = "Nothing recorded yet: pass this history to fit, callbacks=[history]."
            return
        if self._overview is None:
            overview = self._overview = Overview(history.layout)
            state["layers"] = [
                {"name": layer.name, "filters": self._filters(layer.name), "owner": owner_of(layer)}
                for layer in history.layout
            ]
            state["note"] = _about(history.probe_size)
        for record in new:
            overview.add(record)
        last = len(overview.epochs) - 1
        if new:
            state |= overview.state()
        with LOCK:
            epoch, name, number = self.epoch, self.layer, self.filter
            if epoch != last and self._follows():
                state["epoch"] = epoch = last
        if history.layout:
            names = history.layers
            layer = history.layout[names.index(name) if name in names else 0]
            filters = self._filters(layer.name)
            number = number if number in filters else filters[0]
            drawn = shown(history.record(min(epoch, last)), layer, number, bool(history.probe_size))
            state["shown"] = {"epoch": min(epoch, last), "layer": layer.name, "filter": number, **drawn._asdict()}


def _about(probe_size: int) -> str:
    if not probe_size:
        return "No probe was given, so there are no gradients."
    return (
        f"Gradients of the loss on the probe, {probe_size} examples that are the same every time: a callback never "
        "sees the batches of fit."
    )
