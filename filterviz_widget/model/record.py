"""Runs a model once for one image and remembers every tensor, so that one can be compared with another."""

from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.evaluate import as_it_is, evaluate
from filterviz_widget.model.graph import Step
from filterviz_widget.model.held import Held, held_in, made_of
from filterviz_widget.model.keras_private import is_of_keras
from filterviz_widget.model.kinds import TAKES_QUERY, unwrapped
from filterviz_widget.model.places import token_of_place


@dataclass
class Record:
    """What every tensor of a model is for one image.

    Attributes:
        values: By the symbols' ids.
        tape: That gradients from one to another can be taken from.
    """

    tape: Any = field(default_factory=lambda: tf.GradientTape(persistent=True))
    values: dict[int, Any] = field(default_factory=dict)

    def began(self, symbol: Any, given: Any) -> Any:
        """Remembers what the model is given."""
        given = tf.cast(given, symbol.dtype)
        if given.dtype.is_floating:
            self.tape.watch(given)
        self.values[id(symbol)] = given
        return given

    def call(self, step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        """Computes a step, and remembers what it gives. Of a block that runs as a whole, what is in it too."""
        arguments = step.node.arguments
        for symbol, value in zip(
            keras.tree.flatten((arguments.args, arguments.kwargs)), keras.tree.flatten((args, kwargs)), strict=False
        ):
            if isinstance(symbol, keras.KerasTensor):
                self.values.setdefault(id(symbol), value)
        if (held := held_in(operation)) is None:
            result = _beside_parts(as_it_is(step, operation, args, kwargs))
        else:
            result = self._within(held, args, kwargs)
        self.values.update(zip(map(id, step.node.outputs), made_of(result), strict=False))
        return result

    def _within(self, held: Held, args: Any, kwargs: Any) -> Any:
        symbols = {use.path: use.outputs for use in held.uses}

        def seen(path: tuple[str, ...], layer: Any, args: Any, _: Any, made: Any) -> Any:
            tensors = made_of(made)
            if len(tensors) == len(symbols.get(path, ())):
                self.values.update(zip(map(id, symbols[path]), tensors, strict=True))
            # What a token keeps of itself goes by an attention.
            mixes = self._mixes(layer, args, tensors)
            return keras.tree.map_structure(tf.stop_gradient, made) if mixes else _beside_parts(made)

        result = held.operation((), seen)(*args, **kwargs)
        for step in held.opened:
            inner = [self.values[id(symbol)] for symbol in step.node.input_tensors]
            evaluate(step.inner, inner, (), call=self.call)
        return result

    def _mixes(self, layer: Any, args: Any, made: list[Any]) -> bool:
        """Whether tokens that a layer makes depend on several of those that it is given."""
        if isinstance(unwrapped(layer), TAKES_QUERY):
            return True
        if is_of_keras(type(layer)) or not args or not tf.is_tensor(args[0]) or len(made) != 1:
            return False
        given, result = args[0], made[0]
        if given.shape.rank != 3 or result.shape.rank != 3 or given.shape[:2] != result.shape[:2]:
            return False
        if given.shape[0] != 1 or not result.dtype.is_floating:
            return False
        with self.tape.stop_recording():
            return token_of_place(self.tape, given, result) is None


def _beside_parts(made: Any) -> Any:
    """Without the gradient of what works on parts of the image, each a row of the batch."""

    def beside(value: Any) -> Any:
        return tf.stop_gradient(value) if tf.is_tensor(value) and value.shape.rank and value.shape[0] != 1 else value

    return keras.tree.map_structure(beside, made)
