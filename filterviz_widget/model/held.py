"""Looks into a block whose call cannot be followed: it runs as a whole, and the layers in it are watched."""

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.altered import altered
from filterviz_widget.model.follow import in_inference
from filterviz_widget.model.keras_private import flat_layers, functional, is_of_keras, names_kept, nothing_built
from filterviz_widget.model.lock import READING

Path = tuple[str, ...]
Seen = Callable[[Path, Any, Any, Any, Any], Any]
"""Is told of each use of a layer: its path in the block, the layer, its arguments, keyword arguments and result. What
it returns, if anything, takes the result's place."""

BATCH = 1009
"""Stands for the batch while shapes are found out."""


class Use(NamedTuple):
    """One use of a layer in a block.

    Attributes:
        path: Names of layers from the block inward; `name:1` for a second use in the same call.
        layer: The user's own.
        outputs: Symbolic tensors, made for this use.
        given: Its arguments and keyword arguments, with symbolic tensors, where these are what the block was given, or
            what layers directly in it made; None where something lies between.
    """

    path: Path
    layer: Any
    outputs: tuple[Any, ...]
    given: tuple[Any, Any] | None


@dataclass(frozen=True, eq=False)
class Held:
    """A block, and what it calls.

    Attributes:
        layer: The block.
        uses: In the order in which they end.
        opened: Steps of its graph that have a graph of their own, which can be run by itself.
    """

    layer: Any
    uses: tuple[Use, ...]
    opened: list[Any] = field(default_factory=list)

    def run(self, args: Any, kwargs: Any, seen: Seen) -> Any:
        """Calls the block on numbers; `seen` is told of each use of a layer in it."""
        return _Watch(seen).copy(self.layer).call(*args, **kwargs)

    def operation(self, path: Path, seen: Seen = lambda *_: None) -> Any:
        """The block with the output of a use in place of its own; an empty path is the block itself.

        It has the block's variables, and no activation of its own that could be left out. `seen` is told of each use.
        """

        def call(*args: Any, **kwargs: Any) -> Any:
            found: dict[Path, Any] = {}

            def note(at: Path, *rest: Any) -> Any:
                found.setdefault(at, rest[-1])
                return seen(at, *rest)

            made = self.run(args, kwargs, note)
            return made_of(found[path]) if path else made

        return altered(self.layer, call=call, activation=None, held=self)


def held_in(operation: Any) -> Held | None:
    """What `Held.operation` was made of."""
    found = vars(operation).get("held") if hasattr(operation, "__dict__") else None
    return found if isinstance(found, Held) else None


def made_of(result: Any) -> list[Any]:
    """The tensors in what a layer returned; None stands for what it was not asked for."""
    return [one for one in keras.tree.flatten(result) if one is not None]


def hold(layer: Any, args: Any, kwargs: Any) -> Held:
    """Finds out what a block calls, by tracing it once. Nothing is computed, and nothing of it changes.

    Args:
        layer: A built layer or model.
        args: Positional arguments of its call; symbolic tensors in any structure, and constants.
        kwargs: Keyword arguments, likewise.

    Raises:
        ValueError: If something in it that it calls is not built.
        Exception: Whatever its call raises.
    """
    found: list[Use] = []
    known: dict[int, tuple[Any, Any]] = {}  # a tensor, kept so that its id stays its own, and the symbol for it
    outer: list[Any] = []

    def symbol_of(value: Any) -> Any:
        if tf.is_tensor(value):
            return known[id(value)][1]  # KeyError where something lies between
        return value

    def seen(path: Path, layer: Any, args: Any, kwargs: Any, result: Any) -> None:
        tensors, given = made_of(result), None
        # What is made within a loop or a condition cannot be taken out of it.
        if not tensors or not all(tf.is_tensor(one) and getattr(one, "graph", None) is outer[0] for one in tensors):
            return
        symbols = tuple(map(_symbol, tensors))
        if len(path) == 1:
            with contextlib.suppress(KeyError):
                given = keras.tree.map_structure(symbol_of, (args, kwargs))
            for tensor, symbol in zip(tensors, symbols, strict=True):
                known.setdefault(id(tensor), (tensor, symbol))
        found.append(Use(path, layer, symbols, given))

    symbols = [one for one in keras.tree.flatten((args, kwargs)) if isinstance(one, keras.KerasTensor)]

    def traced(*tensors: Any) -> None:
        outer.append(tf.compat.v1.get_default_graph())
        given = dict(zip(map(id, symbols), tensors, strict=True))
        known.update({id(tensor): (tensor, symbol) for symbol, tensor in zip(symbols, tensors, strict=True)})
        own_args, own_kwargs = keras.tree.map_structure(lambda one: given.get(id(one), one), (args, kwargs))
        in_inference(lambda _: _Watch(seen).copy(layer).call(*own_args, **own_kwargs), tf.zeros(()))

    def spec(symbol: Any) -> tf.TensorSpec:
        casts = layer.autocast and "float" in str(symbol.dtype)
        return tf.TensorSpec((BATCH, *symbol.shape[1:]), layer.compute_dtype if casts else symbol.dtype)

    with READING, names_kept(), nothing_built(flat_layers(layer)) as unbuilt:
        tf.function(traced, autograph=False).get_concrete_function(*map(spec, symbols))
    if unbuilt:
        raise ValueError(f"Its layer {unbuilt[0].name!r} is not built: call the model on a batch of images first.")
    return Held(layer, tuple(found))


def _symbol(tensor: Any) -> Any:
    return keras.KerasTensor((None, *tensor.shape[1:]), tensor.dtype.name)


class _Watch:
    """Copies layers so that their calls are seen. The copies have the users' variables; the layers stay as they are."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._copies: dict[int, Any] = {}
        self._path: list[str] = []
        self._counts: list[Counter[str]] = [Counter()]

    def copy(self, layer: Any) -> Any:
        """A block whose inner layers are watched, itself not."""
        twin = self._copies[id(layer)] = altered(layer)
        for name, value in list(vars(layer).items()):
            # Keras' own lists of what is in it.
            if name != "_layers" and (changed := self._within(value)) is not value:
                vars(twin)[name] = changed
        return twin

    def _within(self, value: Any) -> Any:
        if isinstance(value, keras.Layer):
            return self._watched(value)
        if isinstance(value, Mapping) and any(map(_may_hold, value.values())):
            return {key: self._within(one) for key, one in value.items()}
        if isinstance(value, list | tuple) and any(map(_may_hold, value)):
            inside = [self._within(one) for one in value]
            return inside if isinstance(value, list) else tuple(inside)
        return value

    def _watched(self, layer: Any) -> Any:
        if id(layer) in self._copies:
            return self._copies[id(layer)]
        # A wrapper, an attention layer, a graph that Keras runs: one looks at it as a whole.
        is_whole = is_of_keras(type(layer)) or isinstance(layer, keras.layers.Wrapper) or functional(layer) is not None
        twin = self._copies[id(layer)] = altered(layer) if is_whole else self.copy(layer)
        for name in ("call", "quantized_call"):
            if (run := getattr(twin, name, None)) is not None:
                vars(twin)[name] = self._seen_call(layer, run)
        return twin

    def _seen_call(self, layer: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            uses, number = self._counts[-1], self._counts[-1][layer.name]
            uses[layer.name] += 1
            self._path.append(f"{layer.name}:{number}" if number else layer.name)
            self._counts.append(Counter())
            path = tuple(self._path)
            try:
                result = run(*args, **kwargs)
            finally:
                self._path.pop()
                self._counts.pop()
            instead = self._seen(path, layer, args, kwargs, result)
            return result if instead is None else instead

        return call


def _may_hold(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_may_hold, value.values()))
    return any(map(_may_hold, value)) if isinstance(value, list | tuple) else isinstance(value, keras.Layer)
