"""What the explorer's state holds: its traits, which values they take, and what a model and a frame make of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import traitlets

from filterviz_widget._version import __version__
from filterviz_widget.description.method import CHOICES, LARGEST, PRESETS
from filterviz_widget.description.ranges import RANGES, Range, fitting
from filterviz_widget.picture import data_url
from filterviz_widget.widgets.incoming import accept, accept_options, unknown_layer
from filterviz_widget.widgets.live_widget import LiveWidget

if TYPE_CHECKING:
    from filterviz_widget.engine import Frame
    from filterviz_widget.model import ModelView


class Number(traitlets.TraitType[Any, Any]):
    """A number in a range that may depend on the widget's state; NumPy's numbers are welcome."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Returns an int or float.

        Raises:
            traitlets.TraitError: If the value is not such a number, or out of range.
        """
        try:
            return fitting(str(self.name), value, obj._range(self.name))
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None


class ExplorerState(LiveWidget):
    """The traits of a `FilterExplorer`. A change of a setting calls `_ask`, several at once call it once."""

    SETTINGS = ("method", "layer", "filter", "step_size", "iterations", "seed", "options", "all_layers")

    layer = traitlets.Unicode(help="Name of the layer.").tag(sync=True)
    filter = Number(0, help="Filter of the layer, counted from 0; a change of layer clamps it.").tag(sync=True)
    step_size = Number(1.0, help="Grey levels (RMS) per iteration, 0.01 to 1,000.").tag(sync=True)
    iterations = Number(20, help="Steps of the ascent, 1 to 10,000.").tag(sync=True)
    seed = Number(0, help="Seed of everything random, 0 to 2**31 - 1.").tag(sync=True)
    method = traitlets.Enum(
        list(PRESETS), "classic", help="Name of the method; a change brings its options, step size and iterations."
    ).tag(sync=True)
    options = traitlets.Dict(
        PRESETS["classic"].method.options(), help="The axes of the method, by name; what is assigned is merged."
    ).tag(sync=True)
    all_layers = traitlets.Bool(False, help="Whether the page offers every layer with a feature map.").tag(sync=True)

    layers: traitlets.List[Any] = traitlets.List(
        read_only=True, help="What can be shown: name, filters, shape, kind of each layer."
    ).tag(sync=True)
    unsupported: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Layers that cannot be shown: name and reason of each."
    ).tag(sync=True)
    limits = traitlets.Dict(read_only=True, help="Lowest and highest value of each number.").tag(sync=True)
    choices = traitlets.Dict(read_only=True, help="What each axis that is not a number can be.").tag(sync=True)
    presets = traitlets.Dict(read_only=True, help="Options, step size and iterations of each method.").tag(sync=True)
    inapplicable = traitlets.Dict(read_only=True, help="Axes without effect here, each with the reason.").tag(sync=True)
    image_size: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Height and width of the picture in pixels."
    ).tag(sync=True)
    input_range: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Lowest and highest value of the model's input pixels."
    ).tag(sync=True)
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
    status = traitlets.Enum(["idle", "compiling", "running", "done", "cancelled", "error"], "idle", read_only=True).tag(
        sync=True
    )
    note = traitlets.Unicode(read_only=True, help="What the viewer should know about the picture.").tag(sync=True)
    version = traitlets.Unicode(__version__, read_only=True, help="The package's version.").tag(sync=True)

    _holding = 0
    _stale = False

    def _ask(self, _: Any = None, *, anew: bool = False) -> None:
        """Wants the picture of the present settings."""
        raise NotImplementedError

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        return accept(sent, self._filters(), {"layer": self.layer, "options": self.options})

    def _filters(self) -> dict[str, int]:
        return {entry["name"]: entry["filters"] for entry in self.layers}

    def _range(self, name: str) -> Range:
        return Range(0, self._filters().get(self.layer, 1) - 1, whole=True) if name == "filter" else RANGES[name]

    @traitlets.validate("layer")
    def _known_layer(self, proposal: Any) -> str:
        if proposal.value not in self._filters() and self.layers:
            raise traitlets.TraitError(unknown_layer(proposal.value, self._filters()))
        return str(proposal.value)

    @traitlets.validate("options")
    def _known_options(self, proposal: Any) -> dict[str, Any]:
        options, problems = accept_options(proposal.value, self.options, self._filters().get(self.layer, 1))
        if problems:
            raise traitlets.TraitError(" ".join(problems))
        return options

    @traitlets.observe("layer")
    def _clamp_filter(self, _: Any) -> None:
        count = self._filters().get(self.layer, 1)
        self.filter = min(self.filter, count - 1)
        # A direction is one of the old layer's filters.
        self.options = {"direction": [pair for pair in self.options["direction"] if pair[0] < count]}

    @traitlets.observe("method")
    def _take_preset(self, _: Any) -> None:
        chosen = PRESETS[self.method]
        with self._at_once():
            self.options = chosen.method.options()
            self.step_size, self.iterations = chosen.step_size, chosen.iterations

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        with self._lock:
            self._holding += 1
            try:
                yield
            finally:
                self._holding -= 1
                if self._stale and not self._holding:
                    self._stale = False
                    self._ask()


def model_state(view: ModelView) -> dict[str, Any]:
    """The traits that say what can be chosen for a model."""
    return {
        "layers": [{**info._asdict(), "shape": list(info.shape)} for info in view.layers],
        "unsupported": [info._asdict() for info in view.unsupported],
        "image_size": list(view.image_shape[:2]),
        "input_range": list(view.input_range),
        "input_range_source": view.input_range_source,
        "limits": {name: [allowed.low, allowed.high] for name, allowed in RANGES.items()}
        | {name: [0, largest] for name, largest in LARGEST.items()},
        "choices": {name: list(values) for name, values in CHOICES.items()},
        "presets": {
            name: {"options": each.method.options(), "step_size": each.step_size, "iterations": each.iterations}
            for name, each in PRESETS.items()
        },
    }


def frame_state(frame: Frame) -> dict[str, Any]:
    """The traits that a frame changes, the status last: who observes it finds the rest in place."""
    state: dict[str, Any] = {}
    if frame.image is not None and frame.description is not None:
        wanted = frame.description
        state["image"] = data_url(frame.image, quick=frame.picture is None)
        state["shown"] = {
            name: getattr(wanted, name) for name in ("layer", "filter", "step_size", "iterations", "seed")
        } | {"options": wanted.method.options(), "is_preview": frame.is_preview}
    if frame.description is not None and frame.status != "error":
        state["iteration"] = frame.iteration
        # JSON knows no NaN.
        state["activations"] = [value if math.isfinite(value) else None for value in frame.activations]
        state["note"] = frame.note
    if frame.error:
        state["error"] = frame.error
    state["status"] = frame.status
    return state


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
