"""The callback that records a training run; `widgets/filter_history.py` adds the widget that shows it."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import keras

from filterviz_widget.history import file
from filterviz_widget.history.probe import Probe
from filterviz_widget.history.record import Record
from filterviz_widget.history.recorded import Recorded
from filterviz_widget.history.recorder import Recorder
from filterviz_widget.history.settings import Settings, checked
from filterviz_widget.history.store import Store


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
    ) -> None:
        keras.callbacks.Callback.__init__(self)
        self.settings: Settings = checked(
            filters=filters,
            every=every,
            method=method,
            iterations=iterations,
            step_size=step_size,
            seed=seed,
            training=training,
            initial=initial,
            batch_size=batch_size,
            strict=strict,
            image_size=image_size,
            input_range=input_range,
        )
        self._probe = None if probe is None else Probe.of(probe)
        self.probe_size = self._probe.size if self._probe else 0
        # One name is a likely slip for a list of one.
        self._wanted_layers = [layers] if isinstance(layers, str) or hasattr(layers, "name") else layers
        self._wanted_layers = None if self._wanted_layers is None else list(self._wanted_layers)
        self._max_bytes = _bytes(max_bytes)
        self._store = Store(self._max_bytes)
        self._layout = ()
        self._model_name = ""
        self._read_only = False
        self._recorder: Recorder | None = None
        self._shift: int | None = None
        self._trained = 0
        self._subscribers: list[Callable[[Record], None]] = []
        self.error = ""
        """Why recording stopped, in words; "" while it goes on."""

    def set_model(self, model: Any) -> None:
        """Called by Keras."""
        if self._read_only:
            raise RuntimeError("This history was loaded from a file and is read-only: make a new FilterHistory.")
        if self._closed:
            raise RuntimeError("This history is closed: make a new FilterHistory.")
        keras.callbacks.Callback.set_model(self, model)

    def on_train_begin(self, logs: Any = None) -> None:
        """Called by Keras: reads the model.

        Raises:
            ValueError: If the model has no such layer or filter, or is not the one that was recorded before.
        """
        self._recorder = self._shift = None
        self.error = ""
        if self._probe and not self.model.built:
            # Keras builds it with the first batch, too late for a record of the state before training. Layers draw
            # the seeds of their weights when they are made, so building early gives the same weights.
            self.model(next(self._probe.batches(1)).x)
        if self.model.built:
            self._read_model()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras: records the state before training."""
        if self._shift is None:
            self._shift = max(0, self._trained - epoch)
            if self.settings.initial and not len(self._store) and self._recorder:
                self._record(epoch + self._shift, {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras: records the epoch."""
        self._trained = epoch + (self._shift or 0) + 1
        if self._trained % self.settings.every == 0:
            self._record(self._trained, logs or {})

    def subscribe(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Has a function called with each new record, on the training thread: it should only take the arrays.

        A listener that raises is told so in a warning, and not called again.

        Returns:
            A function that ends the subscription.
        """
        self._subscribers.append(listener)
        return lambda: self._unsubscribe(listener)

    def save(self, path: str | Path) -> None:
        """Writes all records to a `.npz` file, whole or not at all, without pickle.

        Raises:
            ValueError: If the file's name ends otherwise.
            OSError: If it cannot be written.
        """
        contents = file.Contents(self.settings, self._layout, self._model_name, self.probe_size)
        file.write(path, contents, self.records)

    @classmethod
    def load(cls, path: str | Path, max_bytes: float = 512e6) -> Self:
        """Reads a saved history, exactly as it was. It has no model and no probe, and cannot record.

        Args:
            path: As given to `save`.
            max_bytes: As for recording.

        Raises:
            ValueError: If it is not a saved history, or of a newer version.
            OSError: If it cannot be read.
        """
        contents, records = file.read(path)
        history = cls(max_bytes=max_bytes)
        history.settings, history._layout = contents.settings, contents.layout
        history._model_name, history.probe_size = contents.model, contents.probe_size
        history._read_only = True
        for record in records:
            history._store.append(record)
        return history

    def close(self) -> None:
        """Lets go of the model, the records and the temporary file."""
        self._closed = True
        self._store.close()
        self._recorder = self._probe = self._model = None
        self._subscribers.clear()

    def __repr__(self) -> str:
        if self._closed:
            return "FilterHistory (closed)"
        if not len(self._store):
            return "FilterHistory: nothing recorded yet"
        epochs, records = self.epochs, self.records
        held = self._store.bytes_in_memory, self._store.bytes_on_disk
        seconds = sum(record.logs["record_seconds"] for record in records) / len(records)
        return "\n".join(
            [
                f"FilterHistory of {self._model_name!r}: {len(epochs)} records, epochs {epochs[0]} to {epochs[-1]}",
                f"  layers     {', '.join(self.layers)}",
                f"  gradients  of {len(self.weights)} weights, on a probe of {self.probe_size} examples",
                f"  time       {seconds:.2f} s per record",
                f"  size       {held[0] / 1e6:.1f} MB in memory, {held[1] / 1e6:.1f} MB in a temporary file",
                *([f"  stopped    {self.error}"] if self.error else []),
            ]
        )

    def _read_model(self) -> Recorder:
        recorder = Recorder(self.model, self._probe, self._wanted_layers, self.settings)
        if len(self._store) and recorder.layout != self._layout:
            raise ValueError(
                f"This history is of the model {self._model_name!r}, and {self.model.name!r} has other layers or "
                "weights: make a new FilterHistory for it."
            )
        self._recorder, self._layout, self._model_name = recorder, recorder.layout, self.model.name
        return recorder

    def _record(self, number: int, logs: dict[str, Any]) -> None:
        if self.error:
            return
        try:
            record = (self._recorder or self._read_model()).record(number, logs)
            self._store.append(record)
        except Exception as error:
            if self.settings.strict:
                raise
            # Hours of training must not be lost for a picture.
            self.error = f"{type(error).__name__}: {error}"
            self._warn(f"FilterHistory stopped recording at epoch {number}, and training goes on. {self.error}")
            return
        for listener in list(self._subscribers):
            try:
                listener(record)
            except Exception as error:
                self._unsubscribe(listener)
                self._warn(
                    f"A listener of FilterHistory failed and is not called again. {type(error).__name__}: {error}"
                )

    def _unsubscribe(self, listener: Callable[[Record], None]) -> None:
        if listener in self._subscribers:
            self._subscribers.remove(listener)

    @staticmethod
    def _warn(words: str) -> None:
        warnings.warn(words, RuntimeWarning, stacklevel=2)


def _bytes(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"max_bytes must be a number of bytes from 0, such as 512e6, got {value!r}.")
    return value
