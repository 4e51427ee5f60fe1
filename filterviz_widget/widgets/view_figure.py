"""The whole view as one figure with captions: the picture, its curve, and the panels beside it."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget.picture import FilterPicture
from filterviz_widget.picture.feature_maps import spread_weights
from filterviz_widget.picture.figure import NotebookFigure
from filterviz_widget.picture.optimum import draw_optimum, mosaic
from filterviz_widget.widgets.panel_states import STEPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "kernel": "Kernel",
    "field": "Receptive field",
    "strongest": "Strongest images",
    "map": "Feature map",
    "attention": "Attention",
    "inhibits": "Inhibits",
    "photo": "In the photo",
    "without": "Without it",
    "neighbours": "Neighbours",
}

COLUMNS = 3

State = Mapping[str, Any]


def view_figure(picture: FilterPicture, states: Mapping[str, State], field: State, photo: str) -> Figure:
    """Draws it.

    Args:
        picture: The optimum.
        states: What the visible panels show, by name; the sheet is too large for a figure and left out.
        field: Where the positions of the map look at, as the field's panel has it.
        photo: Data URL of the photo; "" where there is none.
    """
    shown = {name: state for name, state in states.items() if name in TITLES}
    rows = -(-len(shown) // COLUMNS)
    figure = NotebookFigure(figsize=(10, 4.2 + 3.5 * rows))
    parts: Any = figure.subfigures(2, 1, height_ratios=(4.2, 3.5 * rows)) if rows else [figure]
    _optimum(parts[0], picture)
    if rows:
        grid: Any = parts[1].subfigures(rows, COLUMNS, squeeze=False)
        for area, (name, state) in zip(grid.flat, shown.items(), strict=False):
            area.suptitle(TITLES[name], fontsize=10, x=0.04, ha="left", fontweight="bold")
            missing = state.get("error") or state.get("empty") or ("" if "layer" in state else "Not computed.")
            words = missing or _words(name, state, picture)
            area.supxlabel("\n".join(textwrap.wrap(words, 46)[:5]), fontsize=8)
            if not missing:
                about = {"given": photo, "centres": field.get("centres"), "slices": picture.description.reading.slices}
                DRAWN[name](area, {**state, **about})
    return figure


def _words(name: str, state: State, picture: FilterPicture) -> str:
    """The caption of a panel, with the numbers that the page shows beside it."""
    words = [str(state.get("words", ""))]
    if name in ("inhibits", "photo") and state.get("after") is not None:
        before = f"{state['before']:.3g} in the photo, " if state.get("before") is not None else ""
        words.insert(0, f"Activation {before}{state['after']:.3g} here.")
    if name == "kernel":
        words.append(f"Blue {-state['limit']:.3g}, white 0, red {state['limit']:.3g}.")
    if name == "map":
        words = [f"{words[0]}.", "Red where it answers, blue where it is negative."]
    if name == "strongest" and (share := _share(state, picture)):
        words.insert(0, f"The optimum is {share:.2g} times the strongest.")
    if name == "without":
        words = [*(["On the photo.", *words] if state["photo"] else [f"Over {state['set_words']}."])]
    return " ".join(filter(None, words))


def _share(state: State, picture: FilterPicture) -> float:
    """How many times the strongest image's activation the optimum's is; 0 where they cannot be compared."""
    method = picture.description.method
    last, strongest = float(picture.activations[-1]), float(state["strongest"][0]["value"])
    same = method.objective == "mean" and method.sign == 1 and not method.direction
    return last / strongest if same and last > 0 and strongest > 0 else 0.0


def _optimum(area: Any, picture: FilterPicture) -> None:
    wanted = picture.description
    image, curve = area.subplots(1, 2, width_ratios=(1, 1.3))
    draw_optimum(image, picture)
    curve.plot(picture.activations)
    curve.set_xlabel("iteration", fontsize=8)
    curve.set_ylabel("activation", fontsize=8)
    curve.tick_params(labelsize=8)
    area.suptitle(f"{wanted.layer}, filter {wanted.filter}", fontsize=12, fontweight="bold")
    if picture.note:
        area.supxlabel("\n".join(textwrap.wrap(picture.note, 120)), fontsize=8)


def decoded(url: str) -> npt.NDArray[np.uint8]:
    """The pixels of a data URL, uint8 `(height, width, 3)`."""
    with Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


def _image(area: Any, state: State) -> None:
    axis = area.subplots()
    axis.imshow(decoded(state["source"]), interpolation="nearest")
    axis.set_axis_off()


def _picture(area: Any, state: State) -> None:
    axis = area.subplots()
    axis.imshow(mosaic(decoded(state["source"]), state["slices"]), interpolation="nearest")
    axis.set_axis_off()


def _middle(count: int, slices: int) -> slice:
    """Of the rows of a strip of slices those of the slice in the middle; all of one image."""
    own = count // slices
    return slice(slices // 2 * own, (slices // 2 + 1) * own)


def _field(area: Any, state: State) -> None:
    from matplotlib.patches import Rectangle

    axis = area.subplots()
    height, width = state["image"]
    pixels = decoded(state["given"]) if state["given"] else np.full((height, width, 3), 230, np.uint8)
    shown = _middle(height, state["slices"])
    axis.imshow(pixels[shown])
    rows = state["rows"][_middle(len(state["rows"]), state["slices"])]
    top, bottom = (each - shown.start for each in rows[len(rows) // 2])
    left, right = state["columns"][len(state["columns"]) // 2]
    for colour, thick in (("black", 3.0), ("white", 1.2)):
        corner = (left - 0.5, top - 0.5)
        axis.add_patch(
            Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=colour, linewidth=thick, clip_on=False)
        )
    axis.set_axis_off()


def _map(area: Any, state: State) -> None:
    axis = area.subplots()
    steps = np.frombuffer(base64.b64decode(state["values"]), "<i2").reshape(state["shape"])
    photo = decoded(state["photo"]).mean(2)
    shown, rows = _middle(len(photo), state["slices"]), _middle(len(steps), state["slices"])
    photo, heat = photo[shown], steps[rows] / STEPS
    if state["centres"]:  # each position where the middle of its field is, as on the page
        middles = np.asarray(state["centres"][0])[rows] - shown.start, np.asarray(state["centres"][1])
        down, across = (spread_weights(each, size) for each, size in zip(middles, photo.shape, strict=True))
        heat = down @ heat @ across.T
    axis.imshow(photo, cmap="gray", vmin=-200, vmax=255)
    extent = (-0.5, photo.shape[1] - 0.5, photo.shape[0] - 0.5, -0.5)
    axis.imshow(heat, cmap="RdBu_r", vmin=-1, vmax=1, alpha=np.clip(np.abs(heat) * 1.2, 0, 0.75), extent=extent)
    axis.set_axis_off()


def _examples(area: Any, state: State) -> None:
    axes = area.subplots(3, 3)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, example in zip(axes.flat, state["strongest"], strict=False):
        axis.imshow(decoded(example["crop"]))
        axis.set_title(f"{example['value']:.3g}", fontsize=8, pad=1)


def _heads(area: Any, state: State) -> None:
    heads = state["heads"][:16]
    columns = 2 if len(heads) < 5 else 3 if len(heads) < 10 else 4
    axes = area.subplots(-(-len(heads) // columns), columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (number, head) in zip(axes.flat, enumerate(heads), strict=False):
        axis.imshow(decoded(head["source"]))
        axis.set_title(f"{number}: {100 * (head['share'] or 0):.0f} %", fontsize=8, pad=1)


def _classes(area: Any, state: State) -> None:
    rows: Sequence[State] = state["photo"] or state["set"]
    axis = area.subplots()
    places = np.arange(len(rows))
    axis.barh(places - 0.2, [row["before"] for row in rows], 0.38, color="#9aa3ab", label="with")
    axis.barh(places + 0.2, [row["after"] for row in rows], 0.38, color="#c8324a", label="without")
    axis.set_yticks(places, [row["name"] for row in rows], fontsize=8)
    axis.invert_yaxis()
    axis.tick_params(labelsize=8)
    axis.locator_params(axis="x", nbins=4)
    axis.legend(fontsize=8, frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0))


def _neighbours(area: Any, state: State) -> None:
    rows = [*state["previous"], *state["next"]]
    axis = area.subplots()
    places = np.arange(len(rows))
    colours = ["#d62839" if row["weight"] > 0 else "#2166ac" for row in rows]
    axis.barh(places, [row["weight"] for row in rows], color=colours)
    axis.set_yticks(places, [f"{row['layer'].rpartition('/')[2]} {row['filter']}" for row in rows], fontsize=8)
    axis.axhline(len(state["previous"]) - 0.5, color="#888888", linewidth=0.8)
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.invert_yaxis()
    axis.tick_params(labelsize=8)
    axis.locator_params(axis="x", nbins=4)
    for side, at in (("before it", 0), ("behind it", len(state["previous"]))):
        if at < len(rows):
            axis.text(1.01, at, side, fontsize=8, rotation=-90, va="top", transform=axis.get_yaxis_transform())


DRAWN: dict[str, Callable[[Any, State], None]] = {
    "kernel": _image,
    "field": _field,
    "strongest": _examples,
    "map": _map,
    "attention": _heads,
    "inhibits": _picture,
    "photo": _picture,
    "without": _classes,
    "neighbours": _neighbours,
}
