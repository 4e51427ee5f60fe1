"""The sheet of a layer: small pictures of all its filters, made page by page for what is looked at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.question import FeatureMapsOf, FieldOf, StrongestOf
from filterviz_widget.engine import Engine
from filterviz_widget.engine.paint import box_on
from filterviz_widget.picture import jpeg
from filterviz_widget.picture.small import crop, middle_slice, thumbnail, tiled
from filterviz_widget.session import Turn, Wish
from filterviz_widget.store.numbers import numbers
from filterviz_widget.widgets.panel_names import SHEETS
from filterviz_widget.widgets.panels import BATCH_SECONDS, NO_IMAGES, NO_PHOTO, Moment

TILE = 72
"""Side of a thumbnail in pixels."""

PAGE = 64
"""Filters of a sprite, which is sent as one image."""

COLUMNS = 8

TOGETHER = 8
"""Small optima that ascend as one batch."""

SMALL = 112
"""Side of the image that small optima are sought on, where the model's own is larger."""

STEPS = 20
"""Iterations of a small optimum, at most."""

Sprite = npt.NDArray[np.uint8]


def key(moment: Moment, kind: str) -> str:
    """What sprites belong to: another layer, photo or method has others."""
    layer = moment.wanted.layer
    if kind == "optimum":
        return f"{layer}|{kind}|{replace(moment.wanted, filter=0).digest}"
    about = moment.photo.alone.key if kind == "map" and moment.photo else ""
    about = moment.photos.key if kind == "strongest" and moment.photos else about
    return f"{layer}|{kind}|{about}"


def overview(moment: Moment, kind: str, filters: int) -> Wish:
    """What the sheet is about, and the numbers by which it can be sorted."""
    wanted, photo, photos = moment.wanted, moment.photo, moment.photos
    missing = {"map": "" if photo else NO_PHOTO, "strongest": "" if photos else NO_IMAGES, "optimum": ""}
    maps = FeatureMapsOf(wanted.layer, wanted.reading, photo.pixels) if photo else None
    ranked = StrongestOf(wanted.layer, wanted.reading, photos.key) if photos else None

    def answer(engine: Engine, check: Callable[[], None], told: Callable[[int], None]) -> dict[str, Any]:
        activations = [] if maps is None else numbers(engine.answers.answer(maps).activations)
        # Only the strongest images need the pass over the set; the order by selectivity takes what is there.
        found = engine.answers.known(ranked) if ranked else None
        if found is None and ranked and kind == "strongest":
            found = engine.answers.answer(ranked, photos, check, told, BATCH_SECONDS)
        return {
            "key": key(moment, kind),
            "filters": filters,
            "kind": kind,
            "kinds": [[name, words, missing[name]] for name, words in SHEETS.items()],
            "tile": TILE,
            "page": PAGE,
            "columns": COLUMNS,
            "activations": activations,
            "selectivity": [] if found is None else numbers(found.selectivity),
            "words": missing[kind],
        }

    def version(engine: Engine) -> int:
        known = bool(ranked and engine.answers.known(ranked) is not None)  # then there is more to sort by
        return 2 * engine.version(wanted.layer) + known

    about = {"layer": wanted.layer}
    return Wish(("sheet", key(moment, kind), filters), answer, version=version, about=about)


def sprites(moment: Moment, kind: str, pages: Sequence[int], filters: int, send: Callable[[int, bytes], None]) -> Wish:
    """The pages of the sheet that are looked at; each is sent as soon as it is made."""
    if (kind == "map" and moment.photo is None) or (kind == "strongest" and moment.photos is None):
        pages = ()

    def answer(engine: Engine, check: Callable[[], None], _: Any) -> None:
        for page in pages:
            check()
            first, last = page * PAGE, min(filters, (page + 1) * PAGE)
            if first >= last:
                continue
            tiles = MAKERS[kind](engine, moment, range(first, last), check)
            small = [thumbnail(tile, TILE) for tile in tiles]
            send(page, jpeg(tiled(small, (TILE, TILE), COLUMNS)))

    layer = moment.wanted.layer
    turn: Turn = "done" if kind == "optimum" else "painted"
    return Wish(
        ("sprites", key(moment, kind), tuple(pages)), answer, version=lambda engine: engine.version(layer), turn=turn
    )


def _maps(engine: Engine, moment: Moment, filters: range, _: Callable[[], None]) -> list[Sprite]:
    assert moment.photo is not None
    asked = FeatureMapsOf(moment.wanted.layer, moment.wanted.reading, moment.photo.pixels)
    return list(engine.answers.answer(asked).thumbnails(filters, TILE))


def _strongest(engine: Engine, moment: Moment, filters: range, check: Callable[[], None]) -> list[Sprite]:
    photos, wanted = moment.photos, moment.wanted
    assert photos is not None
    asked = StrongestOf(wanted.layer, wanted.reading, photos.key)
    ranked = engine.answers.answer(asked, photos, check, seconds=BATCH_SECONDS).strongest
    box_of = box_on(engine.view, engine.answers.answer(FieldOf(wanted.layer, wanted.reading)))
    images = photos.shown([int(ranked.numbers[filter, 0]) for filter in filters])
    tiles = []
    for filter in filters:
        image = images.get(int(ranked.numbers[filter, 0]))
        row, column = (int(each) for each in ranked.positions[filter, 0])
        tiles.append(np.zeros((1, 1, 1), np.uint8) if image is None else crop(image, box_of((row, column))))
    return tiles


def _optima(engine: Engine, moment: Moment, filters: range, check: Callable[[], None]) -> list[Sprite]:
    wanted = moment.wanted
    height, width = wanted.image_size
    share = 1.0 if moment.data.kind == "signal" else min(1.0, SMALL / max(height, width))
    small = replace(wanted.reading, image_size=(round(height * share), round(width * share)))
    quick = replace(
        wanted,
        method=replace(wanted.method, octaves=1, patience=0, objective="mean", direction=()),
        iterations=min(wanted.iterations, STEPS),
    )
    quick = moment.settle(engine, quick)
    tiles: list[Sprite] = []
    for first in range(0, len(filters), TOGETHER):
        check()
        some = filters[first : first + TOGETHER]
        try:
            pictures = engine.together([replace(quick, reading=small, filter=filter) for filter in some], check)
        except ValueError:  # the layer cannot be computed from a small image
            pictures = engine.together([replace(quick, filter=filter) for filter in some], check)
        tiles += [middle_slice(picture.image, moment.data.slices) for picture in pictures]
    return tiles


MAKERS: dict[str, Callable[[Engine, Moment, range, Callable[[], None]], list[Sprite]]] = {
    "map": _maps,
    "strongest": _strongest,
    "optimum": _optima,
}
