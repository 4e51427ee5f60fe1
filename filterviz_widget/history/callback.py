"""The callback that records a training run; `widgets/filter_history.py` adds the widget that shows it."""

import copy
import logging
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self, Unpack

import keras

from filterviz_widget.description.options import Axes
from filterviz_widget.engine import READING
from filterviz_widget.history import file
from filterviz_widget.history.build import built_for
from filterviz_widget.history.contents import Contents
from filterviz_widget.history.probe import Probe
from filterviz_widget.history.record import Record
from filterviz_widget.history.recorded import Recorded
from filterviz_widget.history.recorder import Recorder
from filterviz_widget.history.settings import Settings, checked, refuse_unknown
from filterviz_widget.history.store import Store
from filterviz_widget.history.summary import missing, shapes, summary
from filterviz_widget.interrupts import WHOLE

_log = logging.getLogger(__name__)


READ = tuple(name for name in READING if name != "input_shape")
"""What says how the model is read. What it takes need not be said: a model in training has been called."""


class HistoryCallback(Recorded, keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records a training run; see `FilterHistory`, which is this and a widget."""

    def __init__(
        self,
        probe: Any = None,
        layers: Iterable[Any] | str | None = None,
        filters: Iterable[int] | int = range(8),
        every: int = 1,
        method: str = "classic",
        iterations: int | None = None,
        step_size: float | None = None,
        seed: int = 0,
        training: bool = False,
        initial: bool = True,
        batch_size: int = 32,
        max_bytes: float = 512e6,
        strict: bool = False,
        image_size: int | Sequence[int] | None = None,
        input_range: tuple[float, float] | str = "auto",
        input: str | None = None,  # Keras' word
        preprocess: Any = None,
        other_inputs: Mapping[str, Any] | None = None,
        channels: Sequence[int] | None = None,
        data: str = "auto",
        precision: str = "auto",
        **options: Unpack[Axes],
    ) -> None:
        keras.callbacks.Callback.__init__(self)
        refuse_unknown(options, ARGUMENTS)
        self.settings: Settings = checked(
            filters=filters,
            every=every,
            method=method,
            iterations=iterations,
            step_size=step_size,
            seed=seed,
            precision=precision,
            training=training,
            initial=initial,
            batch_size=batch_size,
            strict=strict,
            image_size=image_size,
            input_range=input_range,
            input=input,
            preprocess=preprocess,
            other_inputs=other_inputs,
            channels=channels,
            data=data,
            options=options,
        )
        """How it is recorded, as plain data."""
        self._probe = None if probe is None else Probe.of(probe)
        self.probe_size = self._probe.size if self._probe else 0
        """How many examples the gradients are of; 0 without a probe."""
        # One name, index or layer is a likely slip for a list of one.
        one = isinstance(layers, str) or hasattr(layers, "__index__") or hasattr(layers, "name")
        self._wanted_layers: list[Any] | None = [layers] if one else None if layers is None else list(layers)
        self._max_bytes = _bytes(max_bytes)
        # The function and the arrays themselves, of which the settings hold a name and copies.
        self._reading = {name: getattr(self.settings, name) for name in READ}
        self._reading |= {"preprocess": preprocess, "other_inputs": other_inputs}
        self._begin()

    def _begin(self) -> None:
        """Nothing is recorded."""
        self._store = Store(self._max_bytes)
        self._layout, self._model_name, self._paths = (), "", {}
        self._shapes: dict[Any, Any] = {}
        self._closed = self._read_only = self._is_over = False
        self._recorder: Recorder | None = None
        self._shift: int | None = None
        self._trained = 0
        self._told: set[str] = set()
        self._subscribers: list[Callable[[Record], None]] = []
        self._watchers: list[Callable[[], None]] = []
        self.error = ""
        """What could not be recorded and why, in words; "" while all is."""

    def set_model(self, model: Any) -> None:
        """Called by Keras.

        Raises:
            RuntimeError: If the history is closed, or was loaded from a file.
        """
        if self._read_only:
            raise RuntimeError("This history was loaded from a file and is read-only: make a new FilterHistory.")
        if self._closed:
            raise RuntimeError("This history is closed: make a new FilterHistory.")
        keras.callbacks.Callback.set_model(self, model)

    def on_train_begin(self, logs: Any = None) -> None:
        """Called by Keras: reads the model.

        Raises:
            ValueError: If settings are strict, and the model has no such layer or filter, or is not the one that was
                recorded before.
        """
        with WHOLE:
            self._recorder = self._shift = None
            self._is_over, self.error = False, ""
            self._told.clear()
            self._tell()
            self._trying("before training", self._read_early)

    def on_train_end(self, logs: Any = None) -> None:
        """Called by Keras: what was compiled for this training is not needed any more."""
        self._recorder = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras: records the state before training."""
        with WHOLE:
            if self._shift is None:
                self._shift = max(0, self._trained - epoch)
                if self.settings.initial and not len(self._store) and self._recorder:
                    self._record(epoch + self._shift, {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras: records the epoch."""
        with WHOLE:
            self._trained = epoch + (self._shift or 0) + 1
            if self._trained % self.settings.every == 0:
                self._record(self._trained, logs or {})

    def subscribe(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Has a function called with each new record, on the training thread: it should only take the arrays.

        The arrays are read-only, and the dictionaries the listener's own. A listener that raises is told so in a
        warning, and not called again.

        Returns:
            A function that ends the subscription.
        """
        self._subscribers.append(listener)
        return lambda: _removed(self._subscribers, listener)

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Has a function called, on the training thread, whenever there is a record more or `error` changes.

        Returns:
            A function that ends it.
        """
        self._watchers.append(watcher)
        return lambda: _removed(self._watchers, watcher)

    @property
    def is_training(self) -> bool:
        """Whether `fit` runs; also where it was interrupted, which Keras tells nobody, until it is called again."""
        return self._recorder is not None

    def save(self, path: str | Path) -> None:
        """Writes all records to an HDF5 file, whole or not at all.

        Args:
            path: Ends in ".h5" or ".hdf5"; an existing file is replaced.

        Raises:
            ValueError: If the file's name ends otherwise.
            RuntimeError: If the history is closed.
            OSError: If it cannot be written.
        """
        file.write(path, Contents(self.settings, self._layout, self._model_name, self.probe_size), self._all())

    @classmethod
    def load(cls, path: str | Path, max_bytes: float = 512e6) -> Self:
        """Opens a saved history, exactly as it was. It has no model and no probe, and cannot record.

        The file is checked, and stays open until `close()`: kernels, gradients and pictures are read when they are
        asked for. Files of version 0.1.0 (`.npz`) are read whole.

        Args:
            path: As given to `save`.
            max_bytes: As for recording; for files of version 0.1.0 only.

        Raises:
            ValueError: If it is not a saved history, is damaged or contradicts itself, or is of a newer version.
            OSError: If it cannot be read.
        """
        history = cls(max_bytes=max_bytes)
        contents = file.read(path, history._store)
        history.settings, history._layout = contents.settings, contents.layout
        history._model_name, history.probe_size = contents.model, contents.probe_size
        # For copies, which may record.
        history._wanted_layers = list(history.layers)
        history._reading = {name: getattr(contents.settings, name) for name in READ}
        history._reading["other_inputs"] = {name: array.numpy() for name, array in contents.settings.other_inputs}
        history._read_only = True
        return history

    def close(self) -> None:
        """Lets go of the model, the records and the file."""
        with WHOLE:
            self._closed = True
            self._store.close()
            self._recorder = self._probe = self._model = None
            self._paths = {}
            self._subscribers.clear()
            self._watchers.clear()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A new, empty history with the same settings, as a search over hyperparameters wants one for each trial.

        It is empty also if this one is not, and can record also if this one was loaded, then without a probe. The
        probe's arrays and the layers are shared.
        """
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        for name in SHARED:
            setattr(other, name, getattr(self, name))
        other._model = None
        other.probe_size = other._probe.size if other._probe else 0
        other._begin()
        # What a class of the user's own holds beside that.
        for name in vars(self).keys() - vars(other).keys():
            setattr(other, name, copy.deepcopy(vars(self)[name], memo))
        return other

    def __copy__(self) -> Self:
        """As `copy.deepcopy` does: two histories never record into one another."""
        return copy.deepcopy(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A FilterHistory cannot be pickled: save(path) keeps its records, copy.deepcopy its settings.")

    def __repr__(self) -> str:
        if self._closed:
            return "FilterHistory (closed)"
        return summary(self, self._model_name, self.probe_size, self._store, self.error)

    def _read_early(self) -> None:
        if built_for(self.model, self._probe):
            self._read_model()

    def _read_model(self) -> None:
        recorder = Recorder(self.model, self._probe, self._wanted_layers, self.settings, self._reading)
        layout = recorder.layout
        if len(self._store) and layout.layers != self._layout:
            raise ValueError(self._other_model())
        self._recorder, self._layout, self._model_name = recorder, layout.layers, self.model.name
        self._paths = {path: weakref.ref(layer) for path, layer in layout.paths.items()}

    def _record(self, number: int, logs: Mapping[str, Any]) -> None:
        if self._is_over or self._closed:
            return
        record = self._trying(f"at epoch {number}", lambda: self._add(number, logs))
        if record is None:
            return
        for what, problem in missing(record).items():
            if what not in self._told:  # once a training, as it is likely to be so at each epoch
                self._told.add(what)
                self.error = f"{self.error}\n{problem}".lstrip()
                self._warn(f"FilterHistory could not record all of epoch {number}. {problem}")
        for listener in list(self._subscribers):
            try:
                listener(record.copied())
            except (Exception, SystemExit) as error:
                _removed(self._subscribers, listener)
                self._warn(
                    f"A listener of FilterHistory failed and is not called again. {type(error).__name__}: {error}"
                )
        self._tell()

    def _add(self, number: int, logs: Mapping[str, Any]) -> Record:
        if self._recorder is None:
            self._read_model()
        assert self._recorder is not None
        if len(self._store):  # a training loop of one's own may count otherwise
            number = max(number, self._store[len(self._store) - 1].epoch + 1)
        record = self._recorder.record(int(number), logs)
        found = shapes(record)
        if len(self._store) and any(self._shapes.get(name, shape) != shape for name, shape in found.items()):
            raise ValueError(self._other_model())
        self._shapes |= found
        return self._store.append(record)

    def _trying(self, when: str, work: Callable[[], Any]) -> Any:
        """Does a piece of the recording. Where that fails, recording ends and training goes on; None is returned."""
        try:
            return work()
        except Exception as error:
            if self._closed:  # meanwhile, by another thread
                return None
            self._is_over, self.error = True, f"{type(error).__name__}: {error}"
            self._tell()
            if self.settings.strict:
                raise
            # Hours of training must not be lost for a picture.
            self._warn(f"FilterHistory stopped recording {when}, and training goes on. {self.error}")
            return None

    def _other_model(self) -> str:
        return (
            f"This history is of the model {self._model_name!r}, and {self.model.name!r} has other layers, kernels or "
            "pictures: make a new FilterHistory for it."
        )

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            try:
                watcher()
            except Exception:  # no thread to draw with, say
                _log.exception("A widget of FilterHistory could not be told.")

    @staticmethod
    def _warn(words: str) -> None:
        warnings.warn(words, RuntimeWarning, stacklevel=2)


ARGUMENTS = [name for name in HistoryCallback.__init__.__annotations__ if name not in ("options", "return")]

SHARED = ("settings", "_probe", "_wanted_layers", "_max_bytes", "_reading")
"""What a copy has in common with its original: nobody writes it."""


def _removed(functions: list[Any], function: Any) -> None:
    if function in functions:
        functions.remove(function)


def _bytes(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"max_bytes must be a number of bytes from 0, such as 512e6, got {value!r}.")
    return value
