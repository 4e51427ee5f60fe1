"""A flat graph as a Keras model on the user's own variables, layer for layer, so that all else can be done with it."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from filterviz_widget.model.keras_private import names_kept
from filterviz_widget.model.traced.constants import Constants
from filterviz_widget.model.traced.inline import Flat
from filterviz_widget.model.traced.layers import Layers
from filterviz_widget.model.traced.operation import TracedOperation, known_shape


def rebuilt(flat: Flat, variables: tuple[tf.Variable, ...], paths: Mapping[int, str], name: str) -> Any:
    """Makes a Functional model that computes what the graph does.

    What Keras has a layer for becomes one, which holds the user's variables themselves, so that new weights show at
    once; everything else becomes a `TracedOperation`. Each has a `traced_name`: where its kernel is one of `paths`, the
    path of its owner; otherwise the name that the graph has for it. The model's `decides` says whether the graph takes
    one way or another by numbers in the images, for all of a batch together.

    Args:
        flat: The graph.
        variables: All variables that it may read.
        paths: Who owns a variable, by its handle's id.
        name: Of the model.

    Raises:
        ValueError: If no output depends on an input.
    """
    with names_kept():
        return _Rebuilding(flat, variables, paths).model(name)


DECISIONS = ("Case", "If", "Select", "SelectV2", "StatelessCase", "StatelessIf")
UNHELD = (tf.variant, tf.resource)


class _Rebuilding:
    def __init__(self, flat: Flat, variables: tuple[tf.Variable, ...], paths: Mapping[int, str]) -> None:
        self._flat, self._constants = flat, Constants(flat, variables)
        handles = {name: id(outside) for name, outside in flat.captured.items()}
        self._paths = {name: paths[handle] for name, handle in handles.items() if handle in paths}
        self._operations = flat.graph.get_operations()
        self._varying = self._reached()

    def model(self, name: str) -> Any:
        inputs = [
            keras.Input(batch_shape=known_shape(tensor), dtype=tensor.dtype.name, name=_plain(tensor.op.name))
            for tensor in self._flat.inputs
        ]
        symbols = dict(zip((tensor.name for tensor in self._flat.inputs), inputs, strict=True))
        layers = Layers(self._constants, self._consumers(), self._varying)
        done: set[str] = set()
        named: list[tuple[Any, str, str]] = []
        for op in self._operations:
            if op.name in done or not self._varying.intersection(tensor.name for tensor in op.outputs):
                continue
            if op.type == "Placeholder" or any(tensor.dtype in UNHELD for tensor in op.outputs):
                continue  # what Keras cannot hold is computed where it is needed
            number = f"op_{len(symbols)}"
            if all(tensor.name in symbols or tensor.name not in self._varying for tensor in op.inputs) and (
                made := layers.layer(op, number)
            ):
                owner, scope = self._named(op, made.kernel)
                named.append((made.layer, owner, scope))
                done.update(made.covered)
                given = [symbols[tensor.name] for tensor in made.given]
                if made.padding:
                    named.append((made.padding, "", f"{scope}/padding"))
                    given = [made.padding(one) for one in given]
                symbols[made.result.name] = made.layer(given if len(given) > 1 else given[0])
            else:
                operation = TracedOperation(op, number, self._constants, symbols.keys())
                named.append((operation, "", op.name))
                results = operation(*(symbols[name] for name in operation.given), *operation.read)
                symbols.update(zip((one.name for one in op.outputs), keras.tree.flatten(results), strict=True))
        outputs = [symbols[tensor.name] for tensor in self._flat.outputs if tensor.name in symbols]
        if not named or not outputs:
            raise ValueError("None of its outputs depends on its input.")
        operations, owners, scopes = zip(*named, strict=True)
        for operation, traced_name in zip(operations, distinct(owners, scopes), strict=True):
            operation.traced_name = traced_name
        made = keras.Model(inputs, outputs, name=name)
        made.decides = any(map(self._decides, self._operations))
        return made

    def _decides(self, op: Any) -> bool:
        """Whether an operation takes one way or another by a number in the images, for all of them together."""
        condition = op.inputs[0] if op.type in DECISIONS else None
        return condition is not None and condition.name in self._varying and condition.shape.rank == 0

    def _reached(self) -> set[str]:
        """The names of the tensors that depend on an input."""
        reached = {tensor.name for tensor in self._flat.inputs}
        for op in self._operations:
            if any(tensor.name in reached for tensor in op.inputs):
                reached.update(tensor.name for tensor in op.outputs)
        return reached

    def _consumers(self) -> dict[str, list[Any]]:
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for op in self._operations:
            for tensor in op.inputs:
                found[tensor.name].append(op)
        for tensor in self._flat.outputs:
            found[tensor.name].append(None)
        return found

    def _named(self, op: Any, kernel: tf.Tensor | None) -> tuple[str, str]:
        """The path of the owner of a layer's kernel, empty where it is not known; and its scope in the graph."""
        read = [] if kernel is None else self._constants.read_by(kernel)
        owner = next((self._paths[name] for name in read if name in self._paths), "")
        scope = next(filter(None, map(self._constants.scope, read)), "")
        return owner, scope or str(op.name).rpartition("/")[0] or str(op.name)


def distinct(owners: Sequence[str], scopes: Sequence[str]) -> list[str]:
    """A name for each layer: its owner's path, or else its scope without what all scopes begin with, such as a model's.

    Where several are the same they are numbered.

    >>> distinct(["", "", "mine", ""], ["net/conv", "net_1/pool", "net/x", "net_1/pool"])
    ['conv', 'pool', 'mine', 'pool:1']
    """
    outermost = {_unnumbered(scope.partition("/")[0]) for scope in scopes if "/" in scope}
    common = outermost.pop() if len(outermost) == 1 else ""
    uses: Counter[str] = Counter()
    found = []
    for owner, scope in zip(owners, scopes, strict=True):
        outer, _, rest = scope.partition("/")
        name = owner or (rest if rest and _unnumbered(outer) == common else scope)
        found.append(f"{name}:{uses[name]}" if uses[name] else name)
        uses[name] += 1
    return found


def _unnumbered(name: str) -> str:
    """Without the numbers that a graph adds to a name that is taken."""
    return re.sub(r"(_\d+)+$", "", name)


def _plain(name: str) -> str:
    """A name that Keras allows."""
    return name.replace("/", "_") or "input"
