"""Makes the record of an epoch from a model, and leaves the model and all random generators as they were."""

import contextlib
import random
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from filterviz_widget.history.gradients import Measured, ProbeGradients
from filterviz_widget.history.layout import RecordedLayer, weight_names
from filterviz_widget.history.pictures import Renderer
from filterviz_widget.history.probe import Probe
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.settings import Settings
from filterviz_widget.picture.kernel_parts import kernel_parts, read_kernel


class Recorder:
    """Records one model. Everything is compiled at the first record and used again.

    Args:
        model: A compiled, built Keras model.
        probe: The examples for gradients, or None for none.
        layout: The layers to record.
        settings: How.
    """

    def __init__(self, model: Any, probe: Probe | None, layout: tuple[RecordedLayer, ...], settings: Settings) -> None:
        self._names = weight_names(model)
        self._model = model
        self._layers = {layer.name: model.get_layer(layer.name) for layer in layout}
        self._gradients = probe and ProbeGradients(
            model, probe, training=settings.training, batch_size=settings.batch_size
        )
        self._renderer = _renderer(model, layout, settings)

    def record(self, epoch: int, logs: Mapping[str, Any]) -> Record:
        """Records the model as it is now.

        Raises:
            Exception: Whatever a layer, the loss or the engine raises.
        """
        began = time.perf_counter()
        with untouched_generators():
            kernels = {name: tuple(map(read_kernel, kernel_parts(layer))) for name, layer in self._layers.items()}
            measured = self._gradients.measure() if self._gradients else None
            drawn = self._renderer.render() if self._renderer else {}
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


def _renderer(model: Any, layout: tuple[RecordedLayer, ...], settings: Settings) -> Renderer | None:
    layers = {layer.name: layer.filters for layer in layout if layer.filters}
    if not layers:
        return None
    try:
        return Renderer(
            model,
            layers,
            method=settings.method,
            iterations=settings.iterations,
            step_size=settings.step_size,
            seed=settings.seed,
            image_size=settings.image_size,
            input_range=settings.input_range,
        )
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
