"""Makes the record of an epoch from a model, and leaves the model and all random generators as they were."""

import contextlib
import random
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from filterviz_widget.engine import Engine, engine_of
from filterviz_widget.history.gradients import Measured, ProbeGradients
from filterviz_widget.history.layout import read_layout, weight_names
from filterviz_widget.history.pictures import draw
from filterviz_widget.history.probe import Probe
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.settings import Settings
from filterviz_widget.model.kernels import kernel_parts, layer_at, read_kernel


class Recorder:
    """Records one model. Everything is compiled at the first record and used again.

    Args:
        model: A compiled, built Keras model.
        probe: The examples for gradients, or None for none.
        layers: Which layers, see `read_layout`.
        settings: How.

    Attributes:
        layout: What is recorded of the model.

    Raises:
        TypeError, ValueError: If a layer, filter, image size or input range does not fit the model.
    """

    def __init__(self, model: Any, probe: Probe | None, layers: Iterable[Any] | None, settings: Settings) -> None:
        self._model, self._names = model, weight_names(model)
        self._engine = _engine(model, settings) if settings.filters else None
        view = self._engine.view if self._engine else None
        self.layout = read_layout(model, view, layers, settings.filters)
        self._kernels = {
            layer.name: kernel_parts(layer_at(model, layer.name)) if layer.parts else () for layer in self.layout
        }
        self._gradients = probe and ProbeGradients(
            model, probe, training=settings.training, batch_size=settings.batch_size
        )
        self._drawn = {layer.name: layer.filters for layer in self.layout}
        self._how = {
            "method": settings.method,
            "iterations": settings.iterations,
            "step_size": settings.step_size,
            "seed": settings.seed,
        }

    def record(self, epoch: int, logs: Mapping[str, Any]) -> Record:
        """Records the model as it is now.

        Raises:
            Exception: Whatever a layer, the loss or the engine raises.
        """
        began = time.perf_counter()
        with untouched_generators():
            kernels = {name: tuple(map(read_kernel, parts)) for name, parts in self._kernels.items()}
            measured = self._gradients.measure() if self._gradients else None
            drawn = draw(self._engine, self._drawn, **self._how) if self._engine else {}
        gradients = measured.gradients if measured else ()
        weights = [self._names.get(id(weight), weight.path) for weight in self._model.trainable_weights]
        return Record(
            epoch=epoch,
            logs=_logs(logs, measured, time.perf_counter() - began),
            weights=tuple(weights) if measured else (),
            norms=np.array([_norm(gradient) for gradient in gradients], np.float64),
            gradients=gradients,
            kernels=kernels,
            pictures={name: one.pictures for name, one in drawn.items()},
            activations={name: one.activations for name, one in drawn.items()},
            dead={name: one.dead for name, one in drawn.items()},
        )


@contextlib.contextmanager
def untouched_generators() -> Iterator[None]:
    """Restores Python's and NumPy's global generators, from which a layer's own code may draw while it is traced."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the global one is the point
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


def _engine(model: Any, settings: Settings) -> Engine | None:
    try:
        return engine_of(model, image_size=settings.image_size, input_range=settings.input_range)
    except (TypeError, ValueError) as error:
        if settings.strict:
            raise
        warnings.warn(
            f"FilterHistory records kernels and gradients, but no pictures of this model's filters: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def _logs(logs: Mapping[str, Any], measured: Measured | None, seconds: float) -> dict[str, float]:
    numbers = {}
    for name, value in logs.items():
        # A train_step of one's own may log anything; a curve takes numbers.
        with contextlib.suppress(TypeError, ValueError):
            numbers[name] = float(value)
    if measured:
        numbers["probe_loss"] = measured.loss
    return numbers | {"record_seconds": seconds}


def _norm(gradient: Array) -> float:
    return float(np.linalg.norm(gradient.astype(np.float64).ravel()))
