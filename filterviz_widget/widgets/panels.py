"""The panels beside the picture: what is asked for each, and when."""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.description import Description
from filterviz_widget.description.data import Data, fitted
from filterviz_widget.description.presets import ACCENTUATION
from filterviz_widget.description.question import (
    AblationOf,
    AttentionOf,
    FeatureMapsOf,
    FieldOf,
    KernelOf,
    NeighboursOf,
    Question,
    StrongestOf,
)
from filterviz_widget.description.reading import Array
from filterviz_widget.engine import Engine
from filterviz_widget.engine.paint import box_on
from filterviz_widget.images import PhotoSet
from filterviz_widget.picture import image_url
from filterviz_widget.session import Turn, Wish
from filterviz_widget.widgets import panel_states as states
from filterviz_widget.widgets.explorer_state import shown_settings
from filterviz_widget.widgets.field_state import field_state

COST = ("field", "map", "attention", "kernel", "neighbours", "strongest", "without", "sheet", "inhibits", "photo")
"""The panels, in the order in which they are computed: what is quick first."""

NO_PHOTO = "Drop a photo here, paste one, or open one."
NO_HEADS = "This layer has no attention over the places of the image."
NO_IMAGES = "Give a set of images: explorer.images = a folder, an array, a dataset."

BATCH_SECONDS = 0.03
"""That a batch of images takes, about: as long as that a moved slider waits for it."""

FEW_ABLATED, MOST_ABLATED = 16, 256
"""Images of a set that are computed without the filter each time that it is moved: the first ones."""

ABLATION_SECONDS = 3.0
"""That this takes at most, about."""

State = dict[str, Any]


class GivenPhoto(NamedTuple):
    """The user's photo.

    Attributes:
        name: What it is called.
        pixels: float32 `(height, width, channels)` as the model takes it.
        shown: uint8 `(height, width, 1 or 3)`.
        alone: A set of it alone.
    """

    name: str
    pixels: Array
    shown: npt.NDArray[np.uint8]
    alone: PhotoSet


@dataclass(frozen=True)
class Moment:
    """What panels are about.

    Attributes:
        wanted: The optimum that is asked for.
        settle: Completes such a description with what only the engine knows.
        photo: The photo, if there is one.
        photos: The set of images, if there is one.
        class_names: What the model's classes are called; None for their numbers.
        has_heads: Whether the layer has an attention over the places of the image.
        query: `(row, column)` of the place from which its heads look; None for the class token.
    """

    wanted: Description
    settle: Callable[[Engine, Description], Description]
    photo: GivenPhoto | None
    photos: PhotoSet | None
    class_names: Sequence[str] | None
    has_heads: bool = False
    query: tuple[int, int] | None = None

    @property
    def data(self) -> Data:
        """What the model's input is."""
        reading = self.wanted.reading
        return Data(reading.data, reading.slices)  # type: ignore[arg-type]  # one of its kinds


def wish(name: str, moment: Moment) -> Wish | str:
    """What is to be found out for a panel; or in words what is missing for it."""
    makers: dict[str, Callable[[Moment], Wish | str]] = {
        "kernel": _kernel,
        "field": _field,
        "strongest": _strongest,
        "map": _map,
        "attention": _attention,
        "inhibits": _inhibits,
        "photo": _photo,
        "without": _without,
        "neighbours": _neighbours,
    }
    made = makers[name](moment)
    about: dict[str, Any] = {"layer": moment.wanted.layer, "filter": moment.wanted.filter}
    if name in ("field", "attention"):  # the same for all filters
        del about["filter"]
    return made if isinstance(made, str) else made._replace(about=about)


def film(moment: Moment) -> Wish:
    """The film of the optimum, once that is finished: frames as `[iteration, data URL]`."""

    def answer(engine: Engine, check: Callable[[], None], _: Any) -> list[list[Any]]:
        made = engine.film(moment.settle(engine, moment.wanted), check)
        return [[iteration, image_url(data)] for iteration, data in made.frames]

    wanted = moment.wanted
    return Wish(
        ("film", wanted),
        answer,
        version=lambda engine: engine.version(wanted.layer),
        turn="done",
        about={"shown": shown_settings(wanted)},
    )


def question(
    asked: Question,
    to_state: Callable[[Any, Engine], State],
    key: Hashable = None,
    photos: PhotoSet | None = None,
    turn: Turn = "painted",
    at_once: bool = False,
) -> Wish:
    """The wish for an answer, and what is shown of it; `at_once`: where the answer is known, before the picture."""

    def answer(engine: Engine, check: Callable[[], None], told: Callable[[int], None]) -> State:
        return to_state(engine.answers.answer(asked, photos, check, told, BATCH_SECONDS), engine)

    return Wish(
        (asked, key),
        answer,
        lambda engine: at_once and engine.answers.known(asked) is not None,
        lambda engine: engine.answers.version(asked),
        turn,
    )


def _kernel(moment: Moment) -> Wish:
    wanted = moment.wanted
    asked = KernelOf(wanted.layer, wanted.reading, wanted.filter)
    return question(asked, lambda found, _: states.kernel_state(found))


def _field(moment: Moment) -> Wish:
    def to_state(found: Any, engine: Engine) -> State:
        return field_state(engine.view, found)

    return question(FieldOf(moment.wanted.layer, moment.wanted.reading), to_state)


def _strongest(moment: Moment) -> Wish | str:
    wanted, photos = moment.wanted, moment.photos
    if photos is None:
        return NO_IMAGES

    def to_state(found: Any, engine: Engine) -> State:
        field = engine.answers.answer(FieldOf(wanted.layer, wanted.reading))
        box = box_on(engine.view, field)
        return states.strongest_state(found, wanted.filter, photos, box, engine.view.data.slices)

    asked = StrongestOf(wanted.layer, wanted.reading, photos.key)
    return question(asked, to_state, wanted.filter, photos, "done")


def _map(moment: Moment) -> Wish | str:
    wanted, photo = moment.wanted, moment.photo
    if photo is None:
        return NO_PHOTO
    asked = FeatureMapsOf(wanted.layer, wanted.reading, photo.pixels)
    to_state = states.map_state
    return question(asked, lambda found, _: to_state(found, wanted.filter, photo.name), wanted.filter, at_once=True)


def _attention(moment: Moment) -> Wish | str:
    wanted, photo = moment.wanted, moment.photo
    if not moment.has_heads:
        return NO_HEADS
    if photo is None:
        return NO_PHOTO
    asked = AttentionOf(wanted.layer, wanted.reading, photo.pixels, *(moment.query or (-1, -1)))
    return question(asked, lambda found, _: states.attention_state(found, photo.name), at_once=True)


def _without(moment: Moment) -> Wish | str:
    wanted, photo = moment.wanted, moment.photo
    if photo is None and moment.photos is None:
        return NO_PHOTO
    if photo is None and moment.photos is not None and moment.photos.count is None:
        return "Drop a photo here: a dataset is not read again for every filter."
    if photo is None:
        return Wish(("without", wanted.layer, wanted.filter), lambda *_: states.ablation_state(None))
    asked = AblationOf(wanted.layer, wanted.reading, wanted.filter, photo.alone.key)
    names = moment.class_names
    return question(asked, lambda found, _: states.ablation_state(found.named(names)), photos=photo.alone)


def without_set(moment: Moment) -> Wish | None:
    """What the model loses over the set: of its first images, as many as take a few seconds."""
    wanted, photos = moment.wanted, moment.photos
    if photos is None or photos.count is None:  # a dataset cannot be cut, and is not read again for every filter
        return None

    def answer(engine: Engine, check: Callable[[], None], told: Callable[[int], None]) -> State:
        def found(count: int) -> Any:
            some = photos.first(count)
            asked = AblationOf(wanted.layer, wanted.reading, wanted.filter, some.key)
            return engine.answers.answer(asked, some, check, told, BATCH_SECONDS).named(moment.class_names)

        began = time.perf_counter()
        few = found(FEW_ABLATED)
        seconds = time.perf_counter() - began
        count = min(MOST_ABLATED, int(FEW_ABLATED * ABLATION_SECONDS / max(seconds, 1e-3)))
        return states.ablation_set_state(found(count) if count > FEW_ABLATED else few)

    key = "without_set", wanted.layer, wanted.filter, wanted.reading, photos.key
    about = {"layer": wanted.layer, "filter": wanted.filter}
    return Wish(key, answer, version=lambda engine: engine.version(""), turn="done", about=about)


def _neighbours(moment: Moment) -> Wish:
    asked = NeighboursOf(moment.wanted.layer, moment.wanted.reading, moment.wanted.filter)
    return question(asked, lambda found, _: states.neighbours_state(found))


def _inhibits(moment: Moment) -> Wish:
    method = moment.wanted.method
    opposite = replace(moment.wanted, method=replace(method, sign=-method.sign))

    def answer(engine: Engine, check: Callable[[], None], _: Any) -> State:
        return states.picture_state(engine.picture(moment.settle(engine, opposite), check))

    return Wish(opposite, answer, version=lambda engine: engine.version(opposite.layer), turn="done")


def _photo(moment: Moment) -> Wish | str:
    photo, wanted = moment.photo, moment.wanted
    if photo is None:
        return NO_PHOTO
    near = replace(
        wanted,
        method=replace(
            fitted(ACCENTUATION.method, moment.data), sign=wanted.method.sign, direction=wanted.method.direction
        ),
        step_size=ACCENTUATION.step_size,
        iterations=ACCENTUATION.iterations,
        photo=photo.pixels,
    )

    def answer(engine: Engine, check: Callable[[], None], _: Any) -> State:
        picture = engine.picture(moment.settle(engine, near), check)
        if near.method.direction:
            return states.picture_state(picture)
        # The curve begins with the photo as it was first moved.
        maps = engine.answers.answer(FeatureMapsOf(wanted.layer, wanted.reading, photo.pixels))
        return states.picture_state(picture, float(maps.activations[wanted.filter]))

    return Wish(near, answer, version=lambda engine: engine.version(near.layer), turn="done")
