"""The widget: FilterExplorer, sliders in and a picture out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from filterviz_widget.description import checked_precision
from filterviz_widget.description.data import fitted
from filterviz_widget.description.description import Description
from filterviz_widget.description.method import OPTIONS
from filterviz_widget.description.presets import preset
from filterviz_widget.description.reading import Reading
from filterviz_widget.interrupts import WHOLE
from filterviz_widget.picture import FilterPicture
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.explorer_files import CLOSED, ExplorerFiles
from filterviz_widget.widgets.explorer_state import ExplorerState, first_layer, frame_state, model_state
from filterviz_widget.widgets.live_widget import check_arguments
from filterviz_widget.widgets.same_engine import same_engine, settled
from filterviz_widget.widgets.telling_widget import LOCK, WAITS

if TYPE_CHECKING:
    from filterviz_widget.description.options import WidgetOptions
    from filterviz_widget.engine import Engine, Frame
    from filterviz_widget.session import Session


class FilterExplorer(ExplorerFiles):
    """Shows, live, the picture that a filter of a Keras model responds to most.

    The picture is found by gradient ascent on the filter's activation, the mean of its feature map, from grey
    with a little noise (Erhan et al. 2009, "Visualizing higher-layer features of a deep network"), in a
    background thread; `picture` is the last finished one. The model is read, never changed.

    Args:
        model: A Keras model on TensorFlow, of any make; the path of a `.keras` file, loaded in safe mode, of a
            SavedModel or of a frozen graph; or a `tf.Module`, `tf.function` or model of Keras 2 (see `read_model`).
        layer: Name of the layer to begin with, by path for nested models ("vgg16/block3_conv1"); None for the
            first convolution.
        filter: Output channel of that layer, counted from 0.
        step_size: Grey levels (1/255 of the input range, RMS) per iteration, from 0.01 to 1,000; None for the
            method's own.
        iterations: Steps of the ascent, from 1 to 10,000; None for the method's own.
        image_size: Side of a square image or `(height, width)` in pixels, up to 2,048; None for the model's own,
            or 224 where the model leaves it open. Of a signal its length; 256 where that is open.
        input_range: The lowest and highest value that the model's input pixels take. "auto" reads it from
            `preprocess` or a leading Rescaling or Normalization layer, and says so where it has to assume (0, 1).
        seed: Chooses the start image and all random transformations, from 0 to 2**31 - 1.
        method: "classic", the plain ascent; "robust", in Fourier coefficients under random transformations (Olah
            et al. 2017); or "natural", with the magnitudes of photographs (Fel et al. 2023).
        input: Name of the input to optimise, for a model with several; or of an Embedding, for what that gives in
            place of whole numbers.
        preprocess: What happens to the image before the model sees it: a function in TensorFlow operations, or
            "caffe", "tf" or "torch" as `keras.applications` calls them.
        other_inputs: What the model's other inputs are held at, arrays by name; zeros where nothing is given.
        channels: Three channels to show as red, green and blue, for an image that is neither grey nor RGB.
        data: What the model's input is: "image"; "spectrogram", `(time, frequency, channels)`, which is moved along
            time only; "signal", `(length, channels)` or `(length,)`; "volume" or frames, `(slices, height, width,
            channels)`. "auto" tells by the model's layers.
        input_shape: `(height, width, channels)` of an image, or shapes by the argument's name, for a model that does
            not say what it takes, such as a `tf.Module`. A Keras model that was never called is then copied.
        precision: In which dtype the layers are computed: "float32", "bfloat16", "float16", or "auto", which is
            bfloat16 where that is much faster here (a processor with AMX, a layer behind large convolutions) and
            float32 elsewhere. The image, the activation and the step are float32 in any case, and what was chosen
            is in the picture's description.
        images: A set of images that panels are about: an array, a folder, paths, PIL images, a dataset; see
            `strongest_images`. None: the bundled flowers for the flower model, nothing for others.
        labels: The right class of each of them, whole numbers; for what the model loses without a filter.
        class_names: What the model's classes are called.
        photo: A photo that panels are about: a path, a PIL image or an array. None: the first of the bundled flowers
            for the flower model, nothing for others.
        panels: Which panels stand beside the picture, among "kernel", "field", "strongest", "map", "inhibits", "photo",
            "without", "neighbours" and "sheet"; None for a few.
        **kwargs: Axes of `Method`, such as `jitter=8` or `sign=-1`; and `layout`, `tooltip`, `tabbable`, as for
            every ipywidget.

    Raises:
        TypeError: For something that is not a Keras model, or an unknown argument.
        ValueError: For a model whose filters cannot be shown, an unknown layer, or an option out of its range.
        RuntimeError: If Keras runs on another backend than TensorFlow.
        traitlets.TraitError: For a number out of its range.

    Example:

    >>> explorer = FilterExplorer(model, layer="conv3", filter=12, method="robust")
    >>> explorer.wait().save("conv3-12.png")
    """

    _session: Session | None = None
    _engine: Callable[[], Engine] | None = None
    _read: Reading | None = None
    _picture: FilterPicture | None = None
    _curve: tuple[float | None, ...] = ()

    def __init__(
        self,
        model: Any,
        *,
        layer: str | None = None,
        filter: int = 0,  # the field's word
        step_size: float | None = None,
        iterations: int | None = None,
        image_size: int | Sequence[int] | None = None,
        input_range: tuple[float, float] | str = "auto",
        seed: int = 0,
        method: str = "classic",
        input: str | None = None,  # Keras' word
        preprocess: Any = None,
        other_inputs: Mapping[str, Any] | None = None,
        channels: Sequence[int] | None = None,
        data: str = "auto",
        input_shape: Any = None,
        precision: str = "auto",
        images: Any = None,
        labels: Any = None,
        class_names: Sequence[str] | None = None,
        photo: Any = None,
        panels: Sequence[str] | None = None,
        **kwargs: Unpack[WidgetOptions],
    ) -> None:
        self._reading = {
            "input": input,
            "image_size": image_size,
            "input_range": input_range,
            "preprocess": preprocess,
            "other_inputs": other_inputs,
            "channels": channels,
            "data": data,
            "input_shape": input_shape,
        }
        check_arguments(kwargs, {*OPTIONS, *self._reading, *self.SETTINGS, "precision"}, "FilterExplorer")
        chosen, self._precision = preset(method), checked_precision(precision)
        rest: dict[str, Any] = {**kwargs}
        given = {name: rest.pop(name) for name in OPTIONS if name in rest}
        chosen.method.replaced(**given)  # what is wrong is said before the model is read
        # TensorFlow is imported here, when the first model has come.
        from filterviz_widget.engine import engine_of
        from filterviz_widget.session import Session

        engine = engine_of(model, **self._reading)
        with WHOLE:
            # Before the widget is opened, so that a wrong argument leaves nothing open.
            for name, value in model_state(engine.view).items():
                self.set_trait(name, value)
            with self._at_once():
                self.layer = first_layer(engine.view.layers) if layer is None else layer
                self.method = method
                self.options = fitted(chosen.method, engine.view.data).replaced(**given).options()
                self.filter, self.seed = filter, seed
                self.step_size = chosen.step_size if step_size is None else step_size
                self.iterations = chosen.iterations if iterations is None else iterations
                if panels is not None:
                    self.panels = panels
            self._engine, self._read = same_engine(engine, model, self._reading), engine.reading
            self._settle = settled(self._precision)
            self._begin_with(model, images, labels, class_names, photo)
            super().__init__("widget", **rest)
            self._session = Session(self._engine, weakly(self._show, False), self._settle, weakly(self._likely, []))
            self._open_panels(self._engine, self._session.may)
            self.observe(self._ask, ExplorerState.SETTINGS[:-1])
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
            RuntimeError: If the run failed, the explorer is closed, or an observer calls, or notifications are held:
                the picture cannot become final meanwhile.
        """
        if LOCK.is_mine():
            raise RuntimeError(WAITS.format("done"))
        return self._open_session().wait(timeout)

    def cancel(self) -> None:
        """Stops the run at its next chunk, about 50 ms, and what panels wait for; what is on the screen stays."""
        if self._session:
            self._session.cancel()
        self._rest()

    def refresh(self) -> None:
        """Draws the picture again: with the model's weights as they are now."""
        self._open_session()
        self._ask(anew=True)

    def close(self) -> None:
        """Ends what runs, lets go of the model and removes the widget from the page."""
        self._shut(0 if LOCK.is_mine() else 5)  # a run may wait for this very lock

    def _shut(self, timeout: float) -> None:
        with LOCK:
            session, self._session = self._session, None
            wishes, self._wishes = self._wishes, None
            self._engine = self._read = None
            super()._shut(timeout)
            if wishes:
                wishes.close()
            if session:
                session.close()  # both, before anybody waits, so that nothing more begins
        if session:
            session.close(timeout)
        if wishes:
            wishes.close(timeout)

    def _wanted(self) -> Description:
        """The present settings, which are checked, as a description."""
        if self._read is None:
            raise RuntimeError(CLOSED)
        return Description(
            self.layer,
            self.filter,
            float(self.step_size),
            self.iterations,
            self.seed,
            self._read,
            self._method(),
        )

    def _likely(self, shown: Description) -> list[Description]:
        """What one step of the layer slider leads to: forward, then back."""
        with LOCK:
            names = [entry["name"] for entry in self.layers if self.all_layers or entry["recommended"]]
        if shown.layer not in names:
            return []
        place = names.index(shown.layer)
        neighbours = [*names[place + 1 : place + 2], *names[max(0, place - 1) : place]]
        return [replace(shown, layer=name, filter=0) for name in neighbours]

    def _ask(self, _: Any = None, *, anew: bool = False) -> None:
        """Wants the picture of the present settings. Nothing else happens on the caller's thread."""
        with LOCK:
            session = self._session
            if session is None:
                return
            if self._holding:
                self._stale = True
                return
            wanted = self._wanted()
            self.set_trait("error", "")
            self.set_trait("inapplicable", self._reasons())
            # What is at hand for the panels takes a few milliseconds, and the picture some more anyway.
            self._ask_panels(anew=anew)
            session.show(wanted, anew=anew)
            self.set_trait("working", True)
            if self._session is not None and self._wanted() != wanted:  # a signal's handler has moved something
                self._ask(anew=anew)

    def _is_working(self) -> bool:
        busy = (self._session, self._wishes, self._files)
        return any(each is not None and each.is_busy for each in busy)

    def _receive(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if content["type"] == "cancel":
            self.cancel()
        elif content["type"] == "run":
            self._ask(anew=True)
        else:
            self._heard(content, buffers)

    def _show(self, frame: Frame) -> bool:
        """Puts a frame into the state. Called on the background thread."""
        with LOCK:
            waits = "activations_more" in self._waiting
            told = self.activations_more.get("start", 0) if waits else len(self._curve)
        state = frame_state(frame, self._curve, told)
        with LOCK:
            if self._session is None:
                return False
            if frame.picture is not None:
                self._picture = frame.picture
            self._curve = tuple(state.get("activations", self._curve))
            self._curve_grows = bool(state.get("activations_more"))
            self._publish(state, passing=frame.picture is None and frame.status in ("compiling", "running"))
        return True

    def _open_session(self) -> Session:
        if self._session is None:
            raise RuntimeError(CLOSED)
        return self._session

    def __repr__(self) -> str:
        if self._session is None:
            return "FilterExplorer (closed)"
        return f"FilterExplorer: {self.layer}, filter {self.filter}, {self.method}, {self.status}"
