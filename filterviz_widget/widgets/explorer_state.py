"""What the explorer's state holds: its traits, which values they take, and what a model and a frame make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex, TypeVar

import traitlets

from filterviz_widget.description.data import Data, check_meaning, fitted, meaningless
from filterviz_widget.description.method import AXES, Method, inapplicable
from filterviz_widget.description.presets import PRESETS, Preset, preset
from filterviz_widget.description.ranges import RANGES, Range, fitting
from filterviz_widget.images.signal import SIZE
from filterviz_widget.picture import data_url
from filterviz_widget.store.numbers import numbers
from filterviz_widget.widgets.incoming import accept, accept_options, unknown_layer
from filterviz_widget.widgets.live_widget import LiveWidget

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.engine import Frame
    from filterviz_widget.model import ModelView


Got = TypeVar("Got")
Given = TypeVar("Given")
"""What a setting is read as, and what may be assigned."""


class Setting(traitlets.TraitType[Got, Given]):
    """A setting, which is checked once: here where Python assigns it, or with the message of the page that it is in."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Returns the value as the widget holds it.

        Raises:
            traitlets.TraitError: If it is not allowed in the widget's present state.
        """
        if value is self.default_value or (self.name in obj._trusted and obj._trusted[self.name] is value):
            return dict(value) if isinstance(value, dict) else value
        try:
            return obj._checked(self.name, value)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(str(error)) from None


class ExplorerState(LiveWidget):
    """The traits of a `FilterExplorer`. A change of a setting calls `_ask`, several at once call it once."""

    SETTINGS: ClassVar[tuple[str, ...]] = (
        "method",
        "layer",
        "filter",
        "step_size",
        "iterations",
        "seed",
        "options",
        "all_layers",
    )

    layer = Setting[str, str]("", help="Name of the layer.").tag(sync=True)
    filter = Setting[int, SupportsIndex](
        0, help="Filter of the layer, counted from 0; a change of layer clamps it."
    ).tag(sync=True)
    step_size = Setting[float, float](1.0, help="Grey levels (RMS) per iteration, 0.01 to 1,000.").tag(sync=True)
    iterations = Setting[int, SupportsIndex](20, help="Steps of the ascent, 1 to 10,000.").tag(sync=True)
    seed = Setting[int, SupportsIndex](0, help="Seed of everything random, 0 to 2**31 - 1.").tag(sync=True)
    method = Setting[str, str](
        "classic", help="Name of the method; a change brings its options, step size and iterations."
    ).tag(sync=True)
    options = Setting[dict[str, Any], Mapping[str, Any]](
        PRESETS["classic"].method.options(), help="The axes of the method, by name; what is assigned is merged."
    ).tag(sync=True)
    all_layers = Setting[bool, bool](False, help="Whether the page offers every layer with a feature map.").tag(
        sync=True
    )

    layers: traitlets.List[Any] = traitlets.List(
        read_only=True, help="What can be shown: name, filters, shape, kind of each layer."
    ).tag(sync=True)
    unsupported: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Layers that cannot be shown: name and reason of each."
    ).tag(sync=True)
    limits = traitlets.Dict(read_only=True, help="Lowest and highest value of each number.").tag(sync=True)
    axes: traitlets.List[Any] = traitlets.List(
        read_only=True, help="The axes of the method that the page offers: words, group, limits of each."
    ).tag(sync=True)
    presets = traitlets.Dict(read_only=True, help="Options, step size and iterations of each method.").tag(sync=True)
    inapplicable = traitlets.Dict(read_only=True, help="Axes without effect here, each with the reason.").tag(sync=True)
    image_size: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Height and width of the picture in pixels; of a volume those of one slice."
    ).tag(sync=True)
    data = traitlets.Dict(
        read_only=True, help="What the model's input is: kind, how many slices the picture has below each other, words."
    ).tag(sync=True)
    input_range: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Lowest and highest value of the model's input pixels."
    ).tag(sync=True)
    model_note = traitlets.Unicode(read_only=True, help="By which way the model was read, and why.").tag(sync=True)
    input_range_source = traitlets.Unicode(read_only=True, help="Where the input range comes from.").tag(sync=True)
    image = traitlets.Unicode(
        read_only=True, help="The picture so far, a data URL: WebP while it forms, then PNG."
    ).tag(sync=True)
    shown = traitlets.Dict(
        default_value=None, allow_none=True, read_only=True, help="The settings that belong to the picture in `image`."
    ).tag(sync=True)
    iteration = traitlets.Int(0, read_only=True, help="Steps that the picture has taken.").tag(sync=True)
    activations: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Activation before each step so far, at the end also after the last."
    ).tag(sync=True)
    activations_more = traitlets.Dict(
        read_only=True, help="While a run is on, `values` that come to `activations` from place `start` on."
    ).tag(sync=True)
    status = traitlets.Enum(["idle", "compiling", "running", "done", "cancelled", "error"], "idle", read_only=True).tag(
        sync=True
    )
    note = traitlets.Unicode(read_only=True, help="What the viewer should know about the picture.").tag(sync=True)

    _curve_grows = False
    """Whether a frame is published that brings `activations_more`."""

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        present = {"layer": self.layer, "options": self.options, "data": self._data()}
        return accept(sent, self._filters(), present)

    def _set_checked(self, **settings: Any) -> None:
        with self._at_once(), self._trusting(settings):
            for name, value in settings.items():
                setattr(self, name, value)

    def _filters(self) -> dict[str, int]:
        return {entry["name"]: entry["filters"] for entry in self.layers}

    def _checked(self, name: str, value: Any) -> Any:
        """Returns a setting as it is held.

        Raises:
            TypeError, ValueError: If it is not allowed.
        """
        filters = self._filters()
        if name == "layer":
            if self.layers and not (isinstance(value, str) and value in filters):
                raise ValueError(unknown_layer(value, filters))
            return value
        if name == "method":
            preset(value)
            return value
        if name == "options":
            count, present = filters.get(self.layer, 1), self.options
            # Where layer and options change together, the direction may still be one of the old layer's filters.
            kept = [pair for pair in present["direction"] if pair[0] < count]
            if isinstance(value, Mapping) and value.get("direction") == present["direction"]:
                value = {**value, "direction": kept}
            options, problems = accept_options(value, {**present, "direction": kept}, count)
            if problems:
                raise ValueError(" ".join(problems))
            check_meaning(options, self._data())
            return options
        if name == "all_layers":
            return bool(value)
        if name == "filter":
            return fitting(name, value, Range(0, filters.get(self.layer, 1) - 1, whole=True))
        return fitting(name, value, RANGES[name])

    def _method(self) -> Method:
        """The method of the options, which are checked."""
        direction = tuple((number, weight) for number, weight in self.options["direction"])
        return Method(**{**self.options, "direction": direction})

    def _reasons(self) -> dict[str, str]:
        """What has no effect at present, and why."""
        kind = next((entry["kind"] for entry in self.layers if entry["name"] == self.layer), "other")
        return inapplicable(self._method(), kind, more=meaningless(self._data()))

    def _data(self) -> Data:
        """What the model's input is."""
        return Data(self.data.get("kind", "image"), self.data.get("slices", 1))

    def _preset(self, name: str) -> Preset:
        """The method of that name, without what means nothing for the model's data."""
        return PRESETS[name]._replace(method=fitted(PRESETS[name].method, self._data()))

    @traitlets.observe("layer")
    def _clamp_filter(self, _: Any) -> None:
        count = self._filters().get(self.layer, 1)
        # A direction is one of the old layer's filters.
        direction = [pair for pair in self.options["direction"] if pair[0] < count]
        self._set_checked(filter=min(self.filter, count - 1), options={**self.options, "direction": direction})

    @traitlets.observe("method")
    def _take_preset(self, _: Any) -> None:
        chosen = self._preset(self.method)
        self._set_checked(options=chosen.method.options(), step_size=chosen.step_size, iterations=chosen.iterations)

    def _should_send_property(self, key: str, value: Any) -> bool:
        # The page is told what came to the curve, not the whole curve twenty times a second.
        if key == "activations" and self._curve_grows:
            return False
        return bool(super()._should_send_property(key, value))

    def _state_of(self, names: set[str]) -> set[str]:
        # Who has missed a piece of the curve needs the whole.
        return names | ({"activations"} if "activations_more" in names else set())


def model_state(view: ModelView) -> dict[str, Any]:
    """The traits that say what can be chosen for a model."""
    return {
        "layers": [_layer(view, info) for info in view.layers],
        "unsupported": [info._asdict() for info in view.unsupported],
        "data": {"kind": view.data.kind, "slices": view.data.slices, "words": _data_words(view)},
        "image_size": list(SIZE if view.data.kind == "signal" else view.image_shape[:2]),
        "input_range": list(view.input_range),
        "input_range_source": view.input_range_source,
        "model_note": view.note,
        "limits": {name: [allowed.low, allowed.high] for name, allowed in RANGES.items()},
        "axes": [axis.to_json() for axis in AXES.values() if axis.group],
        "presets": {
            name: {
                "options": fitted(each.method, view.data).options(),
                "step_size": each.step_size,
                "iterations": each.iterations,
                "help": each.help,
            }
            for name, each in PRESETS.items()
        },
    }


def _layer(view: ModelView, info: Any) -> dict[str, Any]:
    from filterviz_widget.model.attention import heads_in

    about = {**info._asdict(), "shape": list(info.shape), "heads": heads_in(view, info)}
    del about["fold"]  # which the page does not need: the shape is that of the map
    return about


def _data_words(view: ModelView) -> str:
    """What the input is, where it is no image."""
    height, width, channels = view.image_shape
    count = channels // view.data.slices
    of = f"{count} channel{'s' * (count != 1)}"
    words = {
        "signal": f"A signal of {width:,} steps in {of}.",
        "spectrogram": f"A spectrogram of {height} times and {width} frequencies.",
        "volume": f"{view.data.slices} slices, or frames, of {height} x {width} pixels in {of}.",
    }
    return " ".join(filter(None, [words.get(view.data.kind, ""), view.input_note]))


def frame_state(frame: Frame, curve: Sequence[float | None], told: int) -> dict[str, Any]:
    """The traits that a frame changes, the status last: who observes it finds the rest in place.

    Args:
        frame: What has happened.
        curve: The activations of the run before this frame.
        told: How many of them the page was told.
    """
    state: dict[str, Any] = {}
    if frame.image is not None and frame.description is not None:
        wanted = frame.description
        state["image"] = data_url(frame.image, quick=frame.picture is None)
        state["shown"] = shown_settings(wanted)
    if frame.description is not None and frame.status != "error":
        state["iteration"] = frame.iteration
        new = numbers(frame.activations)
        if frame.picture is not None or not frame.iteration:
            # traitlets does not send a piece that is equal to the last one, of the run before.
            state |= {"activations_more": {}, "activations": new}
        else:
            state["activations"] = [*curve, *new]
            state["activations_more"] = {"start": told, "values": state["activations"][told:]}
        state["note"] = frame.note
    if frame.error:
        state["error"] = frame.error
    return state | {"status": frame.status}


def shown_settings(wanted: Description) -> dict[str, Any]:
    """What the page knows a picture by."""
    names = ("layer", "filter", "step_size", "iterations", "seed")
    return {name: getattr(wanted, name) for name in names} | {"options": wanted.method.options()}


def first_layer(layers: Sequence[Any]) -> str:
    """The layer to begin with: the first convolution or, in a model without any, the first feature map.

    Raises:
        ValueError: If there is neither.
    """
    maps = [info for info in layers if info.kind != "units"]
    if not maps:
        names = ", ".join(info.name for info in layers[:8])
        raise ValueError(f"The model has no convolutional layer (Conv2D and its relatives), only dense units: {names}.")
    return str(next((info for info in maps if info.recommended), maps[0]).name)
