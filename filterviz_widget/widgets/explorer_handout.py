"""What a page without a kernel shows of an explorer: pictures and panels of chosen filters, made beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from filterviz_widget.description.ranges import short
from filterviz_widget.picture import image_url, jpeg
from filterviz_widget.picture.small import middle_slice, thumbnail, tiled
from filterviz_widget.store.numbers import numbers
from filterviz_widget.widgets import panels
from filterviz_widget.widgets.explorer_state import shown_settings
from filterviz_widget.widgets.handout import LIGHT, lighter, url
from filterviz_widget.widgets.incoming import unknown_layer
from filterviz_widget.widgets.sheet import COLUMNS, TILE
from filterviz_widget.widgets.sheet import PAGE as TILES

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine
    from filterviz_widget.picture import FilterPicture
    from filterviz_widget.widgets.panels import Moment

FRAMES = 5
"""Of a time line, beside the finished picture."""

BEFORE: dict[str, Any] = {
    "image": "",
    "shown": None,
    "film": {},
    "activations": [],
    "activations_more": {},
    "iteration": 0,
    "note": "",
    "error": "",
    "status": "done",
}
"""The traits that are of one picture, as they are before the first."""

LACKS = {
    panels.NO_PHOTO: "There was no photo when this page was made.",
    panels.NO_IMAGES: "There was no set of images when this page was made.",
}
"""Instead of what would be asked for where there is a kernel."""

SHARED = ("field", "attention", "sheet")
"""Panels that are the same for all filters of a layer."""

State = dict[str, Any]
Chosen = dict[str, list[int]]


def chosen(
    layers: Sequence[str] | None, filters: Iterable[int] | None, counts: Mapping[str, int], offered: Sequence[str]
) -> Chosen:
    """Which filters of which layers are prepared.

    Args:
        layers: Their names; None for those that are offered.
        filters: Numbers; those that a layer lacks are left out. None for all.
        counts: How many filters each layer has.
        offered: The layers that the explorer offers.

    Raises:
        ValueError: For an unknown layer, or if no filter is left.
    """
    if isinstance(layers, str):
        layers = [layers]
    if layers is not None and not (isinstance(layers, Sequence) and layers):
        raise ValueError(f"layers must be names of layers, such as {short(list(offered)[:2])}, got {short(layers)}.")
    names = list(dict.fromkeys(offered if layers is None else layers))
    for name in names:
        if name not in counts:
            raise ValueError(unknown_layer(name, counts))
    return numbered(names, filters, {name: range(count) for name, count in counts.items()})


def numbered(names: Sequence[str], filters: Iterable[int] | None, known: Mapping[str, Sequence[int]]) -> Chosen:
    """The filters of each layer, by rising number; `known` says which it has.

    Raises:
        ValueError: If no filter is left, or for what is no number of a filter.
    """
    if filters is not None and (isinstance(filters, str) or not isinstance(filters, Iterable)):
        raise ValueError(f"filters must be whole numbers from 0, such as [3] or range(16), got {short(filters)}.")
    numbers = None if filters is None else {_number(each) for each in filters}
    made = {name: [each for each in known[name] if numbers is None or each in numbers] for name in names}
    made = {name: each for name, each in made.items() if each}
    if not made:
        raise ValueError(
            f"None of the layers {short(list(names))} has any of the filters {short(sorted(numbers or ()))}."
        )
    return made


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"filters must be whole numbers from 0, such as range(16), got {short(value)}.")
    return int(value)


def moments(moment: Moment, layers: Sequence[Mapping[str, Any]]) -> Callable[[str, int], Moment]:
    """What panels are about, by layer and filter, with all else as it is at a moment; a direction is of one layer."""
    heads = {entry["name"]: bool(entry["heads"]) for entry in layers}
    method = replace(moment.wanted.method, direction=())

    def moment_of(layer: str, filter: int) -> Moment:
        wanted = replace(moment.wanted, layer=layer, filter=filter, method=method)
        return replace(moment, wanted=wanted, has_heads=heads[layer], query=None)

    return moment_of


def entries(
    engine: Engine,
    moment_of: Callable[[str, int], Moment],
    wanted: Chosen,
    visible: Sequence[str],
    told: Callable[[int], None],
) -> dict[str, dict[str, State]]:
    """What the page shows of each filter, by layer and number; under "" what all filters of the layer share.

    A filter that cannot be drawn has an `error` in place of its picture.

    Args:
        engine: Of the model.
        moment_of: What panels are about, by layer and filter.
        wanted: Which filters of which layers.
        visible: The panels that stand beside the picture.
        told: Told how many filters are finished.
    """
    made: dict[str, dict[str, State]] = {}
    done = 0
    for layer, filters in wanted.items():
        small: list[Any] = []
        of_layer = made[layer] = {}
        for filter in filters:
            state, picture = _entry(engine, moment_of(layer, filter), visible)
            of_layer[str(filter)] = state
            small.append(None if picture is None else picture.image)
            done += 1
            told(done)
        first = moment_of(layer, filters[0])
        shared = {f"{name}_panel": _panel(engine, name, first) for name in SHARED[:2] if name in ("field", *visible)}
        if "sheet" in visible:
            shared |= _sheet(first, filters, small)
        of_layer[""] = shared
    return made


def _entry(engine: Engine, moment: Moment, visible: Sequence[str]) -> tuple[State, FilterPicture | None]:
    wanted = moment.settle(engine, moment.wanted)
    try:
        picture = engine.picture(wanted)
        frames = engine.film(wanted).frames
    except Exception as error:  # the other filters are shown
        from filterviz_widget.session.session import explain

        empty: State = {f"{name}_panel": {} for name in visible if name not in SHARED}
        return {**BEFORE, **empty, "status": "error", "error": explain(error, wanted)}, None
    kept = [frames[place] for place in _spread(len(frames), FRAMES)]
    source = url(picture.image)
    state: State = {
        "status": "done",
        "error": "",
        "image": source,
        "shown": shown_settings(moment.wanted),
        "iteration": len(picture.activations) - 1,
        "activations": numbers(picture.activations),
        "note": picture.note,
        "film": {
            "shown": shown_settings(moment.wanted),
            "frames": [[iteration, lighter(image_url(data), LIGHT)] for iteration, data in kept],
        },
    }
    for name in visible:
        if name not in SHARED:
            state[f"{name}_panel"] = _panel(engine, name, moment)
    return state, picture


def _spread(count: int, most: int) -> list[int]:
    """Places from the first on, at even distances."""
    return [round(place * count / most) for place in range(most)] if count > most else list(range(count))


def _panel(engine: Engine, name: str, moment: Moment) -> State:
    """A panel's state, as in an explorer with a kernel but in fewer bytes."""
    wish = panels.wish(name, moment)
    about = {"layer": moment.wanted.layer, "filter": moment.wanted.filter}
    if isinstance(wish, str):
        return {"empty": LACKS.get(wish, wish), **about}
    try:
        state = {**wish.answer(engine, lambda: None, lambda _: None)}
        if name == "without" and (more := panels.without_set(moment)):
            state |= more.answer(engine, lambda: None, lambda _: None)
    except Exception as error:  # said in the panel's place
        return {"error": f"{type(error).__name__}: {error}", **wish.about}
    if name in ("inhibits", "photo"):
        state["source"] = lighter(state["source"])
    for side in ("strongest", "weakest") if name == "strongest" else ():
        for example in state[side]:
            del example["crop"]  # the page cuts it out of the whole
    return {**state, **wish.about}


def _sheet(moment: Moment, numbers: Sequence[int], images: Sequence[Any]) -> State:
    """The optima of the layer's prepared filters, small."""
    if list(numbers) != list(range(len(numbers))):
        empty = "The sheet needs all filters from 0 on, and on this page there are some of them."
        return {"sheet_panel": {"layer": moment.wanted.layer, "empty": empty}, "sprites": []}
    slices = moment.data.slices
    tiles = [None if each is None else thumbnail(middle_slice(each, slices), TILE) for each in images]
    sprites = [
        image_url(jpeg(tiled(tiles[first : first + TILES], (TILE, TILE), COLUMNS)))
        for first in range(0, len(tiles), TILES)
    ]
    panel = {
        "layer": moment.wanted.layer,
        "key": moment.wanted.layer,
        "filters": len(numbers),
        "kind": "optimum",
        "kinds": [["optimum", "Optima", ""]],
        "tile": TILE,
        "page": TILES,
        "columns": COLUMNS,
        "activations": [],
        "selectivity": [],
        "orders": [],
        "words": "",
    }
    return {"sheet_panel": panel, "sprites": sprites}


def first_state(state: Mapping[str, Any], wanted: Chosen) -> State:
    """The explorer's traits as the page begins: of the model only what was prepared.

    Args:
        state: The traits by name.
        wanted: Which filters of which layers.
    """
    layer = state["layer"] if state["layer"] in wanted else next(iter(wanted))
    layers = [entry for entry in state["layers"] if entry["name"] in wanted]
    return {
        **state,
        **BEFORE,
        "layer": layer,
        "filter": min(wanted[layer], key=lambda each: abs(each - state["filter"])),
        "layers": layers,
        "unsupported": [],
        "all_layers": True,
        "busy": [],
        "read": [],
        "pinned": {},
        "sheet_of": "optimum",
        "options": {**state["options"], "direction": []},
    }


def about(wanted: Chosen) -> str:
    """What the page's last line says."""
    count = sum(map(len, wanted.values()))
    pictures = f"Pictures of {count:,} filters were" if count > 1 else "The picture was"
    return f"{pictures} made beforehand: layer, filter and iteration can be moved, all else is as it was."
