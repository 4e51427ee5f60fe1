"""What a panel shows of an answer, as plain data for the page."""

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.images import PhotoSet
from filterviz_widget.picture import FilterPicture, data_url, small_url
from filterviz_widget.picture.ablation import Ablation
from filterviz_widget.picture.attention import AttentionMaps
from filterviz_widget.picture.feature_maps import FeatureMaps
from filterviz_widget.picture.kernel import FilterKernel
from filterviz_widget.picture.neighbours import Neighbour, Neighbours
from filterviz_widget.picture.small import crop, thumbnail
from filterviz_widget.store.numbers import FLOAT64, number, numbers
from filterviz_widget.widgets.sendable import as_sendable

State = dict[str, Any]
BoxOf = Callable[[tuple[int, int]], tuple[int, int, int, int]]

HEAD = 144
"""Longest side of the picture of an attention's head in pixels."""

MOST_CLASSES = 6
"""Of an ablation that are shown: those that change the most."""

NO_NUMBERS = "NaN or infinite"
"""What a panel says of what cannot be drawn."""

STEPS = 32767
"""Of the numbers of a feature map: a 16-bit integer for each position, as a share of the largest."""


def kernel_state(found: FilterKernel) -> State:
    """The kernel's tiles with the end of their scale."""
    said = "" if np.isfinite(found.values).all() else f"Magenta: {NO_NUMBERS}."
    return {"source": data_url(found.image), "limit": found.limit, "words": " ".join(filter_empty([said, found.words]))}


def map_state(found: FeatureMaps, filter: int, name: str) -> State:
    """A filter's map in 16-bit steps of its largest value, and the photo that it lies on."""
    one = found.laid[..., filter]
    limit = _limit(one)
    steps = np.rint(np.nan_to_num(one) / limit * STEPS).clip(-STEPS, STEPS).astype("<i2")
    row, column = np.unravel_index(int(np.nan_to_num(one, nan=-math.inf).argmax()), one.shape)
    largest = float(one[row, column])
    wrong = one.size - int(np.isfinite(one).sum())
    words = (
        f"{NO_NUMBERS} at {wrong} of {one.size} positions" if wrong else f"mean {one.mean():.3g}, largest {largest:.3g}"
    )
    return {
        "photo": small_url(found.shown, 90),
        "values": base64.b64encode(steps.tobytes()).decode("ascii"),
        "shape": list(one.shape),
        "limit": limit,
        "layer_limit": _limit(found.maps),
        "strongest": [int(row), int(column)],
        "words": " · ".join(filter_empty([f"On {name}: {words}", found.note])),
    }


def attention_state(found: AttentionMaps, name: str) -> State:
    """A small picture for each head, with the share of its attention that lies on the photo."""
    words = f"On {name}: where {found.words} looks, and how much of it lies on the photo"
    return {
        "heads": [
            {"source": small_url(thumbnail(found.overlay(head), HEAD)), "share": number(maps.sum())}
            for head, maps in enumerate(found.maps)
        ],
        "query": None if found.query is None else list(found.query),
        "words": " · ".join(filter_empty([words, found.note])),
    }


def _limit(values: npt.NDArray[Any]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0)) or 1.0


def strongest_state(found: Any, filter: int, photos: PhotoSet, box_of: BoxOf, slices: int = 1) -> State:
    """A filter's strongest and weakest images, whole and cut out, with their values."""
    both = {"strongest": found.strongest, "weakest": found.weakest}
    images = photos.shown([int(each) for ranked in both.values() for each in ranked.numbers[filter] if each >= 0])
    quantiles = found.quantiles[filter]
    skipped = f", {len(found.skipped)} could not be read" if found.skipped else ""
    words = f"half excite it more than {quantiles[3]:.3g}, 5 % more than {quantiles[5]:.3g}"
    if not np.isfinite(quantiles).all():
        words = f"its activations are {NO_NUMBERS}"
    state: State = {
        "words": " ".join([f"Of {found.images:,} images{skipped}: {words}.", *found.notes]),
        "quantiles": numbers(quantiles, FLOAT64),
        "selectivity": number(found.selectivity[filter]),
    }
    for side, ranked in both.items():
        state[side] = [
            _example(int(number), float(value), position, photos, images, box_of, slices)
            for number, value, position in zip(
                ranked.numbers[filter], ranked.values[filter], ranked.positions[filter], strict=True
            )
            if number in images
        ]
    return state


def _example(
    number: int,
    value: float,
    position: npt.NDArray[np.int32],
    photos: PhotoSet,
    images: dict[int, npt.NDArray[np.uint8]],
    box_of: BoxOf,
    slices: int,
) -> State:
    image = images[number]
    box = box_of((int(position[0]), int(position[1])))
    if slices > 1:  # of a strip the slice that it is on
        height = len(image) // slices
        at = min(box[0] // height, slices - 1)
        image, box = (
            image[at * height : (at + 1) * height],
            (box[0] - at * height, box[1], box[2] - at * height, box[3]),
        )
    height, width = image.shape[:2]
    return {
        "name": as_sendable(photos.name(number)),
        "value": value,
        "whole": small_url(thumbnail(image)),
        "crop": small_url(thumbnail(crop(image, box))),
        "box": [box[1] / width, box[0] / height, (box[3] - box[1]) / width, (box[2] - box[0]) / height],
    }


def picture_state(found: FilterPicture, before: float | None = None) -> State:
    """A picture beside the optimum, with its activation and that of what it began with, where that says something.

    Raises:
        FloatingPointError: If its ascent was ended.
    """
    if found.error:
        raise FloatingPointError(found.error)
    after = number(found.activations[-1])
    return {"source": data_url(found.image), "before": before, "after": after, "words": found.note}


def ablation_state(found: Ablation | None) -> State:
    """On the photo: the class that the model says, and those that change the most, before and after."""
    state: State = {"photo": [], "set": [], "words": "", "set_words": "", "probability": True}
    if found is None:
        return state
    before, after = found.before[0], found.after[0]
    of = f"Output {found.output} of {', '.join(found.outputs)}." if len(found.outputs) > 1 else ""
    state["probability"] = found.scale != "output"
    if unclear := _unclear(found):
        return state | {"words": " ".join(filter_empty([of, f"{unclear[0].upper()}{unclear[1:]}."]))}
    first, last = int(before.argmax()), int(after.argmax())
    order = [int(each) for each in np.argsort(-np.abs(after - before), kind="stable") if each != first]
    state["photo"] = [
        _class(found, each, float(before[each]), float(after[each])) for each in [first, *order[: MOST_CLASSES - 1]]
    ]
    names = found.class_names
    if found.is_exclusive and found.scale != "output":
        says = "It still says" if found.scale == "probability" else "The largest is still"
        said = f"{says} {names[first]}." if first == last else f"Without it: {names[last]}, not {names[first]}."
        of = " ".join(filter_empty([of, said]))
    state["words"] = of
    return state


def ablation_set_state(found: Ablation) -> State:
    """Over a set: the classes that lose the most; with labels each over its own images."""
    words = f"{len(found.before):,} images"
    state: State = {"set": [], "set_words": words, "probability": found.scale != "output"}
    if unclear := _unclear(found):
        return state | {"set_words": f"{words}: {unclear}"}
    if found.labels is None:
        before, after = found.before.mean(0), found.after.mean(0)
        order = np.argsort(after - before, kind="stable")[:MOST_CLASSES]
        rows = [_class(found, int(each), float(before[each]), float(after[each])) for each in order]
    else:
        rows = [
            {"name": name, "before": before, "after": after, "images": own}
            for name, own, before, after in found.by_class()[:MOST_CLASSES]
        ]
        right = [float((each.argmax(1) == found.labels).mean()) for each in (found.before, found.after)]
        words = f"{words}: {right[0]:.1%} right, without it {right[1]:.1%}"
    return state | {"set": rows, "set_words": words}


def _unclear(found: Ablation) -> str:
    """That there are outputs that say nothing; nothing where all do."""
    wrong = [
        word
        for word, values in (("with the filter", found.before), ("without it", found.after))
        if not np.isfinite(values).all()
    ]
    return f"the model's outputs {' and '.join(wrong)} are {NO_NUMBERS}" if wrong else ""


def _class(found: Ablation, number: int, before: float, after: float) -> State:
    return {"name": found.class_names[number], "before": before, "after": after}


def neighbours_state(found: Neighbours) -> State:
    """The neighbours of both sides."""

    def side(neighbours: Sequence[Neighbour]) -> list[State]:
        return [{"layer": each.layer, "filter": each.filter, "weight": each.weight} for each in neighbours]

    return {"previous": side(found.previous), "next": side(found.next), "words": ""}


def filter_empty(words: Sequence[str]) -> list[str]:
    """What says something."""
    return [each for each in words if each]
