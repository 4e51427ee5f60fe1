"""The gradients of a model's total loss on a probe, without changing anything in the model."""

import functools
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.history.probe import Probe
from filterviz_widget.model.reason import reason

Array = npt.NDArray[Any]

LOWER_SCALE = 16.0
"""By how much the loss scale of half precision is lowered while gradients overflow."""


class Measured(NamedTuple):
    """What the probe says about the model's weights.

    Attributes:
        loss: The total loss, regularization included.
        gradients: One array per trainable weight, in the order of `model.trainable_weights` and of its shape:
            float64 for weights of float64, float32 for all others. Zero where the loss does not depend on a weight.
    """

    loss: float
    gradients: tuple[Array, ...]


class ProbeGradients:
    """Computes the gradients of `model.compute_loss` with respect to every trainable weight.

    The classic recipe for gradients in a callback (tensorflow#31173) on Keras 3. A callback never sees the batches
    of `fit`, so the gradients are those on the probe. They are of the whole probe, also when it takes several
    batches: the predictions are made batch by batch, the loss is taken once over all of them (with whatever
    reduction, sample weights and regularization it has), and its gradient is carried back batch by batch. Losses
    that layers add are one more output: a number is a mean over examples, as those of Keras are, and is averaged over
    the batches; numbers per example are joined.

    The model is called within a `keras.StatelessScope`: moving averages, seed generators and metrics stay as they
    are, in training mode too. Every batch of the probe then starts from the same random state.

    Args:
        model: A compiled, built Keras model.
        probe: The examples.
        training: Whether the model runs in training mode (dropout on, batch statistics per batch of the probe).
        batch_size: Examples at a time.
    """

    def __init__(self, model: Any, probe: Probe, *, training: bool = False, batch_size: int = 32) -> None:
        self._model, self._probe, self._batch_size = model, probe, batch_size
        self._call_options = {"training": training} if _takes_training(model.call) else {}
        self._loss_options = {"training": training} if _takes_training(model.compute_loss) else {}
        self._compiled: tuple[list[int], dict[str, Any]] = ([], {})
        self._held: list[Any] = []

    def measure(self) -> Measured:
        """Runs over the probe once (twice forward if it takes several batches).

        Raises:
            RuntimeError: If the loss cannot be computed, with the reason and what to try.
        """
        try:
            scale = self._loss_scale()
            while True:
                loss, gradients = self._scaled(scale)
                if scale <= 1 or all(np.isfinite(gradient).all() for gradient in gradients):
                    return Measured(loss, gradients)
                scale = max(scale / LOWER_SCALE, 1.0)
        except Exception as error:
            raise RuntimeError(
                f"The gradients on the probe could not be computed. {reason(error)}\n"
                "They are those of model.compute_loss(x, y, y_pred, sample_weight). A model with its own train_step "
                "tells its loss by overriding that method. FilterHistory(probe=None) records without gradients."
            ) from error

    def _loss_scale(self) -> float:
        # Half precision loses small gradients; training scales the loss up and its gradients down, and so do we.
        optimizer = self._model.optimizer
        return 1.0 if optimizer is None else float(optimizer.scale_loss(tf.ones(())))

    def _scaled(self, scale: float) -> tuple[float, tuple[Array, ...]]:
        probe, functions = self._probe, self._functions()
        factor = tf.constant(scale, tf.float32)
        if probe.size <= self._batch_size:
            loss, gradients = functions["whole"](probe.x, probe.y, probe.sample_weight, factor)
        else:
            batches = list(probe.batches(self._batch_size))
            shares = [batch.size / probe.size for batch in batches]
            results = [functions["predict"](batch.x) for batch in batches]
            predictions = keras.tree.map_structure(lambda *parts: tf.concat(parts, 0), *(one for one, _ in results))
            losses = list(zip(*(many for _, many in results), strict=True))
            del results
            per_example = [_is_per_example(one, batches) for one in losses]
            added = [_joined(*each, shares) for each in zip(losses, per_example, strict=True)]
            loss, gradients, outer, inner = functions["loss"](
                probe.x, probe.y, predictions, added, probe.sample_weight, factor
            )
            start = 0
            for batch, share in zip(batches, shares, strict=True):
                stop = start + batch.size
                of_losses = [
                    one[start:stop] if is_joined else one * tf.cast(share, one.dtype)
                    for one, is_joined in zip(inner, per_example, strict=True)
                ]
                more = functions["back"](batch.x, [target[start:stop] for target in outer] + of_losses)
                gradients = [total + one for total, one in zip(gradients, more, strict=True)]
                start = stop
        return float(loss) / scale, tuple(_numbers(gradient) / np.float32(scale) for gradient in gradients)

    def _functions(self) -> dict[str, Any]:
        """Compiled anew when other weights become trainable."""
        wanted = [id(weight) for weight in self._model.trainable_weights]
        if self._compiled[0] != wanted or self._model.run_eagerly:
            self._held.clear()
            steps = {"whole": self._whole, "predict": self._predict, "loss": self._loss, "back": self._back}
            if not self._model.run_eagerly:
                steps = {name: _compiled(step) for name, step in steps.items()}
            self._compiled = wanted, steps
        return self._compiled[1]

    def _weights(self) -> tuple[list[Any], list[tf.Tensor]]:
        weights = self._model.trainable_weights
        return weights, [tf.convert_to_tensor(weight.value) for weight in weights]

    def _whole(self, x: Any, y: Any, sample_weight: Any, scale: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        weights, values = self._weights()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            with _stateless(weights, values):
                predictions = self._model(x, **self._call_options)
                loss = self._total(x, y, predictions, sample_weight, scale)
        return loss, _gradient(tape, loss, values)

    def _predict(self, x: Any) -> tuple[Any, list[tf.Tensor]]:
        with _stateless([], []) as scope:
            predictions = self._model(x, **self._call_options)
        if any(getattr(one, "_keras_mask", None) is not None for one in keras.tree.flatten(predictions)):
            raise ValueError(
                "The model's output carries a mask, so the loss cannot be joined from batches: "
                f"set batch_size to the size of the probe, {self._probe.size}."
            )
        return predictions, self._added(scope)

    def _loss(
        self, x: Any, y: Any, predictions: Any, added: list[tf.Tensor], sample_weight: Any, scale: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor], list[tf.Tensor]]:
        weights, values = self._weights()
        outputs = _differentiable(predictions)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values + outputs + added)
            with _stateless(weights, values):
                for one in added:  # for this scope only, in which the layers themselves are not called
                    keras.Layer.add_loss(self._model, one)  # a Functional model refuses it as a method
                loss = self._total(x, y, predictions, sample_weight, scale)
        gradients = _gradient(tape, loss, values + outputs + added)
        first, second = len(values), len(values) + len(outputs)
        return loss, gradients[:first], gradients[first:second], gradients[second:]

    def _back(self, x: Any, targets: list[tf.Tensor]) -> list[tf.Tensor]:
        weights, values = self._weights()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            with _stateless(weights, values) as scope:
                outputs = _differentiable(self._model(x, **self._call_options))
                outputs += self._added(scope)
        return _gradient(tape, outputs, values, targets)

    def _added(self, scope: Any) -> list[tf.Tensor]:
        """The losses that layers added when they were called."""
        # Layers know their losses by id. Held, none of these can be taken for one that is added later.
        self._held += scope.losses
        return [tf.convert_to_tensor(loss) for loss in scope.losses]

    def _total(self, x: Any, y: Any, predictions: Any, sample_weight: Any, scale: tf.Tensor) -> tf.Tensor:
        loss = tf.convert_to_tensor(self._model.compute_loss(x, y, predictions, sample_weight, **self._loss_options))
        return tf.reduce_sum(loss) * tf.cast(scale, loss.dtype)


def _compiled(step: Any) -> Any:
    # TensorFlow warns of code that is traced often, and would count the steps of all models together; a partial has no
    # code of its own, and is counted by itself.
    return tf.function(functools.partial(step), autograph=False, reduce_retracing=True)


def _takes_training(method: Any) -> bool:
    return "training" in inspect.signature(method).parameters


def _stateless(weights: list[Any], values: list[tf.Tensor]) -> Any:
    mapping = list(zip(weights, values, strict=True))
    return keras.StatelessScope(mapping, collect_losses=True, initialize_variables=False)


def _is_per_example(losses: Sequence[tf.Tensor], batches: Sequence[Probe]) -> bool:
    """Whether a loss that a layer added has a number for each example of each batch."""
    return all(loss.shape.rank and loss.shape[0] == batch.size for loss, batch in zip(losses, batches, strict=True))


def _joined(losses: Sequence[tf.Tensor], per_example: bool, shares: Sequence[float]) -> tf.Tensor:
    """One loss that a layer added, of all batches."""
    if per_example:
        return tf.concat(losses, 0)
    return tf.add_n([loss * tf.cast(share, loss.dtype) for loss, share in zip(losses, shares, strict=True)])


def _differentiable(predictions: Any) -> list[tf.Tensor]:
    return [one for one in keras.tree.flatten(predictions) if one is not None and one.dtype.is_floating]


def _gradient(tape: tf.GradientTape, of: Any, sources: list[tf.Tensor], weights: Any = None) -> list[tf.Tensor]:
    found = tape.gradient(of, sources, output_gradients=weights, unconnected_gradients="zero")
    return [tf.convert_to_tensor(one) for one in found]


def _numbers(tensor: tf.Tensor) -> Array:
    array = np.asarray(tensor)
    return array if array.dtype == np.float64 else array.astype(np.float32)
