"""Makes the record of an epoch from a model, and leaves the model and all random generators as they were."""

import contextlib
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from filterviz_widget.engine import Engine, engine_of
from filterviz_widget.history.gradients import Measured, ProbeGradients
from filterviz_widget.history.layout import Layout, read_layout
from filterviz_widget.history.pictures import Drawn, draw
from filterviz_widget.history.probe import Probe
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.settings import Settings
from filterviz_widget.model import generators
from filterviz_widget.model.kernels import read_kernel
from filterviz_widget.model.paths import layers_by_path, weight_names


class Recorder:
    """Records one model. Everything is compiled at the first record and used again.

    What cannot be recorded is left out: `Record.problems` says why, and so does a warning.

    Args:
        model: A compiled, built Keras model.
        probe: The examples for gradients, or None for none.
        layers: Which layers, see `read_layout`.
        settings: How.
        reading: How the model is understood, as for `engine_of`.

    Attributes:
        layout: What is recorded of the model.

    Raises:
        ValueError: If a layer or filter is not the model's.
        TypeError, ValueError: If settings are strict, and the model cannot be drawn.
    """

    def __init__(
        self,
        model: Any,
        probe: Probe | None,
        layers: Iterable[Any] | None,
        settings: Settings,
        reading: Mapping[str, Any],
    ) -> None:
        self._model, self._settings, self._reading = model, settings, reading
        self._problems: dict[str, str] = {}
        self._engine = self._read() if settings.filters else None
        self.layout = self._chosen(layers)
        self._gradients: ProbeGradients | None = None
        if probe is not None:
            self._gradients = ProbeGradients(model, probe, training=settings.training, batch_size=settings.batch_size)
        self._lost: dict[str, Drawn] = {}

    def record(self, epoch: int, logs: Mapping[str, Any]) -> Record:
        """Records the model as it is now.

        Raises:
            Exception: Whatever a kernel raises; if settings are strict, whatever a layer, the loss or the engine does.
        """
        began = time.perf_counter()
        with generators.kept():
            kernels = {name: tuple(map(read_kernel, parts)) for name, parts in self.layout.kernels.items()}
            measured = self._measure()
            drawn = self._draw()
        gradients = measured.gradients if measured else ()
        return Record(
            epoch=epoch,
            logs=_logs(logs, measured, time.perf_counter() - began),
            weights=self._weights() if measured else (),
            norms=np.array([_norm(gradient) for gradient in gradients], np.float64),
            gradients=gradients,
            kernels=kernels,
            pictures={name: one.pictures for name, one in drawn.items()},
            activations={name: one.activations for name, one in drawn.items()},
            dead={name: one.dead for name, one in drawn.items()},
            notes={name: one.notes for name, one in drawn.items()},
            problems=dict(self._problems),
        )

    def _read(self) -> Engine | None:
        try:
            return engine_of(self._model, **self._reading)
        except Exception as error:  # reading runs the user's own layers
            if self._settings.strict:
                raise
            self._problems["pictures"] = str(error)
            _warn(f"FilterHistory records kernels and gradients, but no pictures of this model's filters: {error}")
            return None

    def _chosen(self, layers: Iterable[Any] | None) -> Layout:
        view = self._engine.view if self._engine else None
        paths = layers_by_path(self._model, view.graph if view else None)
        self._names = weight_names(self._model, paths)
        layout = read_layout(self._model, view, layers, self._settings.filters, self._names, paths)
        if layout.undrawn and view:
            reasons = {layer.name: layer.reason for layer in view.unsupported}
            why = " ".join(f"{name!r}: {reasons.get(name, NOT_REACHED)}" for name in layout.undrawn)
            self._problems["pictures"] = why
            if layers is not None:  # by name
                _warn(f"FilterHistory records no pictures of some layers. {why}")
        for layer in layout.layers:
            if layer.filters and self._engine:  # an option that does not fit is found before training
                self._engine.describe(layer.name, layer.filters[0], **self._settings.how)
        return layout

    def _measure(self) -> Measured | None:
        if self._gradients is None:
            return None
        try:
            return self._gradients.measure()
        except Exception as error:
            if self._settings.strict:
                raise
            # It would fail at every epoch, and take its time.
            self._gradients, self._problems["gradients"] = None, str(error)
            return None

    def _draw(self) -> dict[str, Drawn]:
        if self._engine is None:
            return {}
        # The same one, unless layers were changed or built since.
        self._engine = engine_of(self._model, **self._reading)
        wanted = {layer.name: () if layer.name in self._lost else layer.filters for layer in self.layout.layers}
        drawn = draw(self._engine, wanted, strict=self._settings.strict, **self._settings.how)
        self._lost |= {name: one for name, one in drawn.items() if one.is_lost}
        return drawn | self._lost

    def _weights(self) -> tuple[str, ...]:
        weights = self._model.trainable_weights
        if any(id(weight) not in self._names for weight in weights):  # made since, by the first call
            self._names = weight_names(self._model, layers_by_path(self._model))
        return tuple(self._names.get(id(weight), weight.path) for weight in weights)


NOT_REACHED = "its output does not depend on the image."


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


def _logs(logs: Mapping[str, Any], measured: Measured | None, seconds: float) -> dict[str, float]:
    numbers = {}
    for name, value in logs.items():
        # A train_step of one's own may log anything; a curve takes numbers.
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            numbers[str(name)] = float(value)
    if measured:
        numbers["probe_loss"] = measured.loss
    return numbers | {"record_seconds": seconds}


def _norm(gradient: Array) -> float:
    return float(np.linalg.norm(gradient.astype(np.float64).ravel()))
