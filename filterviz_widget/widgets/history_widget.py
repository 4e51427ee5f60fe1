"""The widget of a training run: one slider for time, and what a filter was at that time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import traitlets

from filterviz_widget.description.ranges import Range, fit
from filterviz_widget.history.layout import RecordedLayer
from filterviz_widget.history.record import Record
from filterviz_widget.history.shown import marks, owner, plain, shown
from filterviz_widget.session.worker import Worker
from filterviz_widget.widgets.live_widget import LOCK, LiveWidget

if TYPE_CHECKING:
    from filterviz_widget.history import HistoryCallback


class HistoryWidget(LiveWidget):
    """Shows a `FilterHistory`, also while it is recorded. `history` in a cell makes it.

    The training thread only says that there is a new record; a background thread draws. The gradients are those on
    the probe. A layer is marked "exploding" where its gradient norm is more than 100 times the median over the
    layers, or not finite, and "dead" where it is below 1e-9 of that median, or where no drawn filter has any gradient.
    `layer` is "" until one is chosen: then the first is shown.

    Args:
        history: What is shown.
        **kwargs: `layout` and the like, as for every ipywidget.
    """

    SETTINGS = ("epoch", "layer", "filter")

    epoch = traitlets.Int(0, help="Which record, counted from 0.").tag(sync=True)
    layer = traitlets.Unicode(help="Name of the recorded layer.").tag(sync=True)
    filter = traitlets.Int(0, help="Which of the layer's recorded filters, by its number in the layer.").tag(sync=True)

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

    _worker: Worker[None] | None = None
    _holding = False
    _overview: Mapping[str, Any] | None = None
    """What depends on the records only; anew when there are more."""
    _history: "HistoryCallback | None" = None
    _unsubscribe: Callable[[], None] | None = None

    def __init__(self, history: "HistoryCallback", **kwargs: Any) -> None:
        super().__init__("history", **kwargs)
        self._history = history
        self._worker = Worker(self._draw)
        self._unsubscribe = history.subscribe(lambda _: self._wish())
        self.observe(lambda _: None if self._holding else self._wish(), self.SETTINGS)
        self._wish()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._worker is None

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until what is asked for is drawn; False if that takes longer than `timeout` seconds."""
        return self._worker is None or self._worker.wait(timeout)

    def _shut(self, timeout: float) -> None:
        with LOCK:
            worker, self._worker = self._worker, None
            unsubscribe, self._unsubscribe = self._unsubscribe, None
            self._history = self._overview = None
            super()._shut(timeout)
        if unsubscribe:
            unsubscribe()
        if worker:
            worker.close(timeout)

    def _wish(self) -> None:
        if worker := self._worker:
            worker.submit(None)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
            # Also where nothing has changed: the page waits for an answer to whatever it sends.
            self._wish()

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        accepted: dict[str, Any] = {}
        problems: list[str] = []
        known = {entry["name"]: entry["filters"] for entry in self.layers}
        if "layer" in sent:
            if isinstance(sent["layer"], str) and sent["layer"] in known:
                accepted["layer"] = sent["layer"]
            else:
                problems.append(
                    f"There is no recorded layer {str(sent['layer'])[:60]!r}; there are {', '.join(known)}."
                )
        if "epoch" in sent:
            try:
                last = max(0, len(self.epochs) - 1)
                accepted["epoch"], problem = fit("epoch", sent["epoch"], Range(0, last, whole=True))
            except ValueError as error:
                problem = str(error)
            problems += [problem] * bool(problem)
        if "filter" in sent:
            filters = known.get(accepted.get("layer", self.layer) or next(iter(known), ""), [])
            number = sent["filter"]
            if type(number) in (int, float) and number in filters:
                accepted["filter"] = int(number)
            else:
                problems.append(f"filter must be one of {filters}, got {str(number)[:60]}.")
        return accepted, problems

    def _draw(self, _: None, is_wanted: Callable[[], bool]) -> None:
        """Called on the background thread."""
        history = self._history
        if history is None:
            return
        self._publish({"status": "drawing"})
        try:
            state = self._state(history)
        except Exception as error:
            # The history may have been closed meanwhile; whatever else it is, is said and not lost.
            state = {"error": f"{type(error).__name__}: {error}"}
        if is_wanted():
            self._publish({**state, "status": "ready"})

    def _state(self, history: "HistoryCallback") -> dict[str, Any]:
        records = history.records
        if not records:
            return {"note": "Nothing recorded yet: pass this history to fit, callbacks=[history]."}
        overview = self._overview
        if overview is None or len(overview["epochs"]) != len(records):
            overview = self._overview = _overview(history)
        state = dict(overview)
        if history.error:
            state["error"] = f"Recording stopped, training went on. {history.error}"
        with LOCK:
            epoch, name, number = self.epoch, self.layer, self.filter
        if history.layout:
            names = list(history.layers)
            place = names.index(name) if name in names else 0
            index = min(max(epoch, 0), len(overview["epochs"]) - 1)
            filters = overview["layers"][place]["filters"]
            number = number if number in filters else filters[0]
            drawn = shown(records[index], history.layout[place], number, bool(history.probe_size))
            state["shown"] = {"epoch": index, "layer": names[place], "filter": number, **drawn._asdict()}
        return state


def _overview(history: "HistoryCallback") -> dict[str, Any]:
    records = history.records
    names = dict.fromkeys(name for record in records for name in record.logs if name != "record_seconds")
    probe = (
        f"Gradients of the loss on the probe, {history.probe_size} examples that are the same every time: a callback "
        "never sees the batches of fit."
    )
    return {
        "epochs": [record.epoch for record in records],
        "layers": [
            {"name": layer.name, "filters": list(layer.filters or _all(layer, records[0])), "owner": owner(layer)}
            for layer in history.layout
        ],
        "logs": {name: plain(record.logs.get(name) for record in records) for name in names},
        "norms": {name: plain(row) for name, row in history.layer_gradient_norms().items()},
        "marks": marks(history),
        "note": probe if history.probe_size else "No probe was given, so there are no gradients.",
    }


def _all(layer: RecordedLayer, record: Record) -> range:
    """Without pictures every kernel can be looked at."""
    return range(record.kernels[layer.name][-1].shape[3] if layer.parts else 1)
