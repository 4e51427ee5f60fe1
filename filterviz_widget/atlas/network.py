"""The graph of an atlas' layers: which is made from which, and where each stands in a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filterviz_widget.model import ModelView


def network(view: ModelView, names: Sequence[str]) -> dict[str, Any]:
    """Finds the edges between layers, and lays them out in rows.

    Args:
        view: The model.
        names: Layers of it, in the model's order.

    Returns:
        What docs/atlas-format.md says of `network.json`.
    """
    before = _nearest(_before(view, names), names)
    places = {name: place for place, name in enumerate(names)}
    rows: dict[str, int] = {}
    for name in names:
        rows[name] = max((rows[source] + 1 for source in before[name]), default=0)
    columns: dict[str, float] = {}
    nodes: list[dict[str, int]] = []
    for row in range(max(rows.values(), default=-1) + 1):
        own = [name for name in names if rows[name] == row]
        # Below what it is made from, as far as there is room: then few lines cross.
        own.sort(key=lambda name: _mean([columns[source] for source in before[name]]))
        for column, name in enumerate(own):
            columns[name] = column
            nodes.append({"layer": places[name], "row": row, "column": column})
    nodes.sort(key=lambda node: node["layer"])
    edges = [[places[source], places[name]] for name in names for source in before[name]]
    return {
        "rows": max(rows.values(), default=-1) + 1,
        "columns": int(max(columns.values(), default=-1)) + 1,
        "nodes": nodes,
        "edges": sorted(edges),
    }


def _before(view: ModelView, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What is directly before each layer, and before each of those, as far back as it goes."""
    from filterviz_widget.model.circuit import circuit

    found: dict[str, tuple[str, ...]] = {}
    waiting = list(names)
    shown = {info.name for info in view.layers}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        # Of what is no layer that can be shown nothing more is asked.
        found[name] = circuit(view, name).before if name in shown else ()
        waiting += found[name]
    return found


def _nearest(before: dict[str, tuple[str, ...]], names: Sequence[str]) -> dict[str, list[str]]:
    """Of each chosen layer the chosen ones before it, through those that are not."""
    chosen = {name: place for place, name in enumerate(names)}
    nearest = {}
    for name in names:
        waiting, seen, found = list(before[name]), {name}, set()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            if each in chosen and chosen[each] < chosen[name]:
                found.add(each)
            else:
                waiting += before.get(each, ())
        nearest[name] = sorted(found, key=lambda each: chosen[each])
    return nearest


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
