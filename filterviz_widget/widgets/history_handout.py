"""What a page without a kernel shows of a training run: each epoch, layer and filter that was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from filterviz_widget.description.ranges import short
from filterviz_widget.history import HistoryCallback
from filterviz_widget.history.shown import shown
from filterviz_widget.widgets.explorer_handout import Chosen, numbered
from filterviz_widget.widgets.handout import lighter
from filterviz_widget.widgets.incoming import recorded_layer

State = dict[str, Any]


def chosen(
    layers: Sequence[str] | None, filters: Iterable[int] | None, recorded: Mapping[str, Sequence[int]]
) -> Chosen:
    """Which filters of which layers are on the page.

    Args:
        layers: Their paths; None for all that were recorded.
        filters: Numbers; those that a layer lacks are left out. None for all.
        recorded: What was recorded.

    Raises:
        ValueError: For a layer that was not recorded, or if no filter is left.
    """
    if not (layers is None or isinstance(layers, Sequence)):
        raise ValueError(f"layers must be names of recorded layers, got {short(layers)}.")
    names = [layers] if isinstance(layers, str) else list(recorded if layers is None else layers)
    for name in names:
        if not name:
            raise ValueError("A layer without a name cannot be chosen.")
        recorded_layer(name, list(recorded))
    return numbered(names, filters, recorded)


def content(history: HistoryCallback, state: State, wanted: Chosen) -> dict[str, Any]:
    """The page's content, with pictures in fewer bytes.

    Args:
        history: The run; it has records.
        state: The traits of its widget.
        wanted: Which filters of which layers.
    """
    entries: dict[str, dict[str, dict[str, State]]] = {}
    layers = {layer.name: layer for layer in history.layout}
    for epoch in range(history.count):
        record = history.record(epoch)
        of_epoch = entries[str(epoch)] = {}
        for name, filters in wanted.items():
            of_epoch[name] = {}
            for filter in filters:
                drawn = shown(record, layers[name], filter, bool(history.probe_size))._asdict()
                drawn["picture"] = lighter(drawn["picture"])
                of_epoch[name][str(filter)] = {"shown": {"epoch": epoch, "layer": name, "filter": filter, **drawn}}
    layer = state["layer"] if state["layer"] in wanted else next(iter(wanted))
    filter = state["filter"] if state["filter"] in wanted[layer] else wanted[layer][0]
    first = {
        **state,
        "layer": layer,
        "filter": filter,
        "layers": [{**each, "filters": wanted[each["name"]]} for each in state["layers"] if each["name"] in wanted],
        "shown": {},
        "status": "ready",
    }
    return {"state": first, "prepared": {}, "keys": ["epoch", "layer", "filter"], "entries": entries}
