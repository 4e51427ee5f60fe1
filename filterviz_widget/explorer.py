"""The widget: FilterExplorer, sliders in and a picture out."""

from __future__ import annotations

import difflib
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from filterviz_widget import __version__
from filterviz_widget.description import Description
from filterviz_widget.frontend import frontend
from filterviz_widget.picture import FilterPicture, data_url
from filterviz_widget.settings import RANGES, Range, fit

if TYPE_CHECKING:
    from filterviz_widget.session import Frame, Session

SETTINGS = ("layer", "filter", "step_size", "iterations", "seed")
"""The traits that the page writes, in the order in which they are applied: the layer bounds the filter."""

BASE_TRAITS = {name for name in ipywidgets.DOMWidget.class_trait_names() if not name.startswith("_")} - {
    "keys",
    "comm",
    "log",
}


class Number(traitlets.TraitType[Any, Any]):
    """A number in a range that may depend on the widget's state; NumPy's numbers are welcome."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Returns an int or float.

        Raises:
            traitlets.TraitError: If the value is not such a number, or out of range.
        """
        try:
            fitted, problem = fit(str(self.name), value, obj._range(self.name))
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        if problem:
            raise traitlets.TraitError(problem.rpartition(";")[0] + ".")
        return fitted


class FilterExplorer(anywidget.AnyWidget):
    """Shows, live, the picture that a filter of a Keras model responds to most.

    The picture is found by gradient ascent on the filter's activation, the mean of its feature map, from grey
    with a little noise (Erhan et al. 2009, "Visualizing higher-layer features of a deep network"), in a
    background thread; `picture` is the last finished one. The model is read, never changed.

    Args:
        model: A built Sequential or Functional Keras 3 model on TensorFlow, with one grey or RGB image input.
        layer: Name of the convolutional layer to begin with; None for the first.
        filter: Output channel of that layer, counted from 0.
        step_size: Grey levels (1/255 of the input range, RMS) per iteration, from 0.01 to 1,000.
        iterations: Steps of the ascent, from 1 to 10,000.
        image_size: Side of a square image or `(height, width)` in pixels; None for the model's own, or 224
            where the model leaves it open.
        input_range: The lowest and highest value that the model's input pixels take.
        seed: Chooses the start image, from 0 to 2**31 - 1.
        **kwargs: `layout`, `tooltip`, `tabbable`, as for every ipywidget.

    Raises:
        TypeError: For something that is not a Keras model, or an unknown argument.
        ValueError: For a model whose filters cannot be shown, or an unknown layer.
        RuntimeError: If Keras runs on another backend than TensorFlow.
        traitlets.TraitError: For a number out of its range.

    Example:

    >>> explorer = FilterExplorer(model, layer="conv3", filter=12)
    >>> explorer.wait().save("conv3-12.png")
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    layer = traitlets.Unicode(help="Name of the layer.").tag(sync=True)
    filter = Number(0, help="Filter of the layer, counted from 0; a change of layer clamps it.").tag(sync=True)
    step_size = Number(1.0, help="Grey levels (RMS) per iteration, 0.01 to 1,000.").tag(sync=True)
    iterations = Number(20, help="Steps of the ascent, 1 to 10,000.").tag(sync=True)
    seed = Number(0, help="Seed of the start image, 0 to 2**31 - 1.").tag(sync=True)

    layers: traitlets.List[Any] = traitlets.List(
        read_only=True, help="What can be shown: name, filters, shape of each layer."
    ).tag(sync=True)
    limits = traitlets.Dict(read_only=True, help="Lowest and highest value of each number.").tag(sync=True)
    image_size: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Height and width of the picture in pixels."
    ).tag(sync=True)
    image = traitlets.Unicode(read_only=True, help="The picture so far, a PNG data URL.").tag(sync=True)
    shown = traitlets.Dict(
        None, allow_none=True, read_only=True, help="The settings that belong to the picture in `image`."
    ).tag(sync=True)
    iteration = traitlets.Int(0, read_only=True, help="Steps that the picture has taken.").tag(sync=True)
    activations: traitlets.List[Any] = traitlets.List(
        read_only=True, help="Activation before each step so far, at the end also after the last."
    ).tag(sync=True)
    status = traitlets.Enum(["idle", "compiling", "running", "done", "cancelled", "error"], "idle", read_only=True).tag(
        sync=True
    )
    error = traitlets.Unicode(read_only=True, help="What went wrong and what to try.").tag(sync=True)
    note = traitlets.Unicode(read_only=True, help="What the viewer should know about the picture.").tag(sync=True)
    version = traitlets.Unicode(__version__, read_only=True, help="The package's version.").tag(sync=True)

    _lock = threading.RLock()
    """Every change of a trait, on any thread, happens under this lock; each instance has its own."""
    _session: Session | None = None
    _picture: FilterPicture | None = None

    def __init__(
        self,
        model: Any,
        *,
        layer: str | None = None,
        filter: int = 0,  # the field's word
        step_size: float = 1.0,
        iterations: int = 20,
        image_size: int | Sequence[int] | None = None,
        input_range: tuple[float, float] = (0, 1),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        self._lock = threading.RLock()
        _check_arguments(kwargs)
        # TensorFlow is imported here, when the first model has come.
        from filterviz_widget.model import check_model, convolutional_layers, image_shape
        from filterviz_widget.session import Session

        check_model(model)
        layers = convolutional_layers(model)
        height, width, channels = image_shape(model, image_size)
        self._image_size = height, width
        self._input_range = _check_input_range(input_range)
        # Before the widget is opened, so that a wrong argument leaves nothing open.
        self.set_trait("layers", [{**info._asdict(), "shape": list(info.shape)} for info in layers])
        self.set_trait("image_size", [height, width])
        self.set_trait("limits", {name: [allowed.low, allowed.high] for name, allowed in RANGES.items()})
        self.layer = layers[0].name if layer is None else layer
        self.filter, self.step_size, self.iterations, self.seed = filter, step_size, iterations, seed
        super().__init__(_esm=frontend("widget.js"), _css=frontend("widget.css"), **kwargs)
        self._session = Session(model, channels, self._show)
        self.observe(self._ask, SETTINGS)
        self.on_msg(self._receive)
        self._ask()

    @property
    def picture(self) -> FilterPicture | None:
        """The last finished picture; None before the first. It may belong to settings from before."""
        return self._picture

    def wait(self, timeout: float | None = None) -> FilterPicture:
        """Blocks until the picture for the present settings is final, and returns it.

        Args:
            timeout: Seconds; None waits without end.

        Raises:
            TimeoutError: If it takes longer.
            concurrent.futures.CancelledError: If the run was stopped.
            RuntimeError: If the run failed, the explorer is closed, or an observer calls: the picture cannot
                become final while the observer is at work.
        """
        if self._lock._is_owned():  # type: ignore[attr-defined]  # what threading.Condition asks too
            raise RuntimeError("wait() cannot be called from an observer: observe `status` and act on 'done'.")
        return self._open_session().wait(timeout)

    def save(self, path: str | Path) -> None:
        """Waits for the picture to be final and writes it as a PNG file.

        Raises:
            ValueError: If the file's name ends in something else than `.png`.
            concurrent.futures.CancelledError, RuntimeError: As `wait` does.
        """
        self.wait().save(path)

    def cancel(self) -> None:
        """Stops the run at its next chunk, about 50 ms; the picture so far stays on the screen."""
        if self._session:
            self._session.cancel()

    def refresh(self) -> None:
        """Draws the picture again and forgets those kept from before: for a model whose weights have changed."""
        self._open_session()
        self._ask(anew=True)

    def close(self) -> None:
        """Stops the background thread, lets go of the model and removes the widget from the page."""
        with self._lock:
            session, self._session = self._session, None
            super().close()
        if session:
            # Not for long where an observer calls: the thread may wait for this very lock.
            session.close(timeout=0 if self._lock._is_owned() else 5)  # type: ignore[attr-defined]

    def set_state(self, sync_data: Any) -> None:
        """Takes what the page sends, and trusts nothing of it: what is wrong is refused or clamped, in words."""
        with self._lock:
            problems: list[str] = []
            accepted = self._accept(sync_data, problems)
            for name, value in accepted.items():
                try:
                    super().set_state({name: value})
                except Exception as error:  # the layout's traits, or somebody's observer
                    problems.append(f"{name} could not be set: {error}")
            if isinstance(sync_data, dict) and (back := [name for name in SETTINGS if name in sync_data]):
                # Whatever the page believes, this is the state.
                wrong = [name for name in back if not _same(sync_data[name], getattr(self, name))]
                if wrong and self.comm is not None:
                    self.send_state(wrong)
            self.set_trait("error", " ".join(problems))

    def __setattr__(self, name: str, value: Any) -> None:
        # traitlets is not thread-safe: set_state swaps notify_change while it holds notifications.
        with self._lock:
            super().__setattr__(name, value)

    def _accept(self, sync_data: Any, problems: list[str]) -> dict[str, Any]:
        if not isinstance(sync_data, dict):
            problems.append(f"Expected the settings as a dictionary, got {type(sync_data).__name__}.")
            return {}
        accepted: dict[str, Any] = {name: sync_data[name] for name in sync_data if name in BASE_TRAITS}
        layer = self.layer
        for name in SETTINGS:
            if name not in sync_data:
                continue
            value = sync_data[name]
            if name == "layer":
                if value in self._filters() if isinstance(value, str) else False:
                    accepted[name] = layer = value
                else:
                    problems.append(_unknown_layer(value, self._filters()))
                continue
            try:
                accepted[name], problem = fit(name, value, self._range(name, layer))
            except ValueError as error:
                problem = str(error)
            if problem:
                problems.append(problem)
        return accepted

    def _filters(self) -> dict[str, int]:
        return {entry["name"]: entry["filters"] for entry in self.layers}

    def _range(self, name: str, layer: str | None = None) -> Range:
        if name == "filter":
            return Range(0, self._filters().get(layer or self.layer, 1) - 1, whole=True)
        return RANGES[name]

    @traitlets.validate("layer")
    def _known_layer(self, proposal: Any) -> str:
        if proposal.value not in self._filters() and self.layers:
            raise traitlets.TraitError(_unknown_layer(proposal.value, self._filters()))
        return str(proposal.value)

    @traitlets.observe("layer")
    def _clamp_filter(self, _: Any) -> None:
        self.filter = min(self.filter, int(self._range("filter").high))

    def _ask(self, _: Any = None, *, anew: bool = False) -> None:
        """Wants the picture of the present settings. Nothing else happens on the caller's thread."""
        with self._lock:
            if self._session is None:
                return
            self.set_trait("error", "")
            wanted = Description(
                self.layer,
                self.filter,
                self.step_size,
                self.iterations,
                self.seed,
                self._image_size,
                self._input_range,
            )
            self._session.show(wanted, anew=anew)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "cancel":
            self.cancel()
        elif kind == "run":
            self._ask(anew=True)

    def _show(self, frame: Frame) -> None:
        """Puts a frame into the state, as one message. Called on the background thread."""
        state: dict[str, Any] = {"status": frame.status}
        if frame.image is not None and frame.description is not None:
            state["image"] = data_url(frame.image)
            state["shown"] = {name: getattr(frame.description, name) for name in SETTINGS}
        if frame.description is not None and frame.status != "error":
            state["iteration"] = frame.iteration
            # JSON knows no NaN.
            state["activations"] = [value if math.isfinite(value) else None for value in frame.activations]
            state["note"] = frame.note
        if frame.error:
            state["error"] = frame.error
        with self._lock:
            if self._session is None:
                return
            if frame.picture is not None:
                self._picture = frame.picture
            with self.hold_sync():
                # The status last: who observes it finds the rest in place.
                for name in sorted(state, key="status".__eq__):
                    try:
                        self.set_trait(name, state[name])
                    except Exception as error:  # an observer's; the host would swallow it, and the run goes on
                        self.set_trait("error", f"An observer of {name!r} raised {type(error).__name__}: {error}")

    def _open_session(self) -> Session:
        if self._session is None:
            raise RuntimeError("The explorer is closed. Make a new one: FilterExplorer(model).")
        return self._session


def _check_arguments(kwargs: dict[str, Any]) -> None:
    known = BASE_TRAITS | {*SETTINGS, "image_size", "input_range"}
    for name in kwargs:
        if name not in BASE_TRAITS:
            close = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {close[0]!r}?" if close else f" Known are: {', '.join(sorted(known))}."
            raise TypeError(f"FilterExplorer got an unknown argument {name!r}.{hint}")


def _check_input_range(input_range: Any) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in input_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"input_range must be two finite numbers, lowest and highest, got {input_range!r}.")
    return low, high


def _unknown_layer(value: Any, known: dict[str, int]) -> str:
    close = difflib.get_close_matches(value, known, 1) if isinstance(value, str) else []
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"there are {', '.join(list(known)[:8])}{', ...' * (len(known) > 8)}."
    )
    return f"There is no convolutional layer {str(value)[:60]!r}; {hint}"


def _same(sent: Any, held: Any) -> bool:
    return type(sent) is not bool and isinstance(sent, (str, int, float)) and sent == held
