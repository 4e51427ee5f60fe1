"""What a widget's state must be, whatever was done to it: in words what is wrong with it."""

from typing import Any

from filterviz_widget.description.presets import PRESETS
from filterviz_widget.widgets.live_widget import LONGEST, LiveWidget
from filterviz_widget.widgets.panel_names import PANELS, SHEETS
from tests.widgets.page import no_json

FIXED = ("version", "layers", "unsupported", "limits", "axes", "presets", "image_size", "data", "_esm", "_css")
"""Traits that nobody changes."""


def fixed(widget: LiveWidget) -> dict[str, Any]:
    """What must stay as it is."""
    return {name: getattr(widget, name) for name in FIXED if widget.has_trait(name)}


def invalid(widget: LiveWidget) -> list[str]:
    """What is wrong with the state of a widget of any kind."""
    wrong = []
    if words := no_json(widget.get_state()):
        wrong.append(words)
    if not isinstance(widget.error, str) or len(widget.error) >= LONGEST:
        wrong.append(f"an error of {len(widget.error)} characters")
    if "method" in widget.SETTINGS:
        wrong += _invalid_explorer(widget)
    if "epoch" in widget.SETTINGS:
        wrong += _invalid_history(widget)
    return wrong


def _invalid_explorer(explorer: Any) -> list[str]:
    filters = {entry["name"]: entry["filters"] for entry in explorer.layers}
    options = explorer.options
    right = {
        "layer": explorer.layer in filters,
        "filter": type(explorer.filter) is int and 0 <= explorer.filter < filters.get(explorer.layer, 0),
        "step_size": type(explorer.step_size) is float and 0.01 <= explorer.step_size <= 1000,
        "iterations": type(explorer.iterations) is int and 1 <= explorer.iterations <= 10_000,
        "seed": type(explorer.seed) is int and 0 <= explorer.seed < 2**31,
        "method": explorer.method in PRESETS,
        "options": options.keys() == PRESETS["classic"].method.options().keys(),
        "direction": all(0 <= number < filters.get(explorer.layer, 0) for number, _ in options["direction"]),
        "all_layers": type(explorer.all_layers) is bool,
        "panels": explorer.panels == [name for name in PANELS if name in explorer.panels],
        "sheet_of": explorer.sheet_of in SHEETS,
    }
    return _wrong(explorer, right)


def _invalid_history(widget: Any) -> list[str]:
    filters = {entry.name: entry.filters for entry in widget._history.layout} if widget._history else {}
    count = widget._history.count if widget._history else 0
    right = {
        "epoch": type(widget.epoch) is int and 0 <= widget.epoch < max(1, count),
        "layer": widget.layer == "" or widget.layer in filters,
        "filter": type(widget.filter) is int
        and (not count or widget.filter in filters.get(widget.layer, {*sum(filters.values(), ())})),
    }
    return _wrong(widget, right)


def _wrong(widget: Any, right: dict[str, bool]) -> list[str]:
    names = [name for name, is_right in right.items() if not is_right]
    return [f"{name}: {getattr(widget, name, 'of the options')!r:.100}" for name in names]
