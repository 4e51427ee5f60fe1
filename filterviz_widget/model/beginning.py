"""What an image passes before the first weights: a function of pixels, which can be measured."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.held import held_in
from filterviz_widget.model.keras_private import flat_layers, is_trained
from filterviz_widget.model.kinds import unwrapped

IMAGE = -1
"""The place of the image itself among the steps that are passed."""


class Passed(NamedTuple):
    """A step that depends on the image and on nothing else.

    Attributes:
        path: Names of steps, from outside inward.
        operation: What is called.
        given: The first tensor that it is given.
        symbol: Its first output.
        places: Where what it is given comes from: places in `Beginning.passed`, or `IMAGE`.
    """

    path: tuple[str, ...]
    operation: Any
    given: Any
    symbol: Any
    places: tuple[int, ...]

    @property
    def words(self) -> str:
        """What to call it in a sentence."""
        if isinstance(self.operation, keras.Layer):
            return f"{type(self.operation).__name__} layer {'/'.join(self.path)!r}"
        return "arithmetic before the first layer"


class Beginning(NamedTuple):
    """The beginning of a model.

    Attributes:
        passed: Steps without weights, in an order that can be run. Weights are what training was meant to change;
            statistics such as those of Normalization are none.
        first: The steps with weights that what is passed goes into.
    """

    passed: tuple[Passed, ...]
    first: tuple[Passed, ...]

    def ways(self) -> Iterator[tuple[list[Passed], Passed | None]]:
        """Yields what the image passes on its way to each of the first steps with weights, and that step.

        Of a model without weights it is what leads to the end.
        """
        for end in self.first or self.passed[-1:]:
            chosen: set[int] = set()
            places = list(end.places if self.first else (len(self.passed) - 1,))
            while places:
                place = places.pop()
                if place != IMAGE and place not in chosen:
                    chosen.add(place)
                    places.extend(self.passed[place].places)
            yield [self.passed[place] for place in sorted(chosen)], end if self.first else None


def beginning(graph: Graph, position: int) -> Beginning:
    """Finds the beginning of a model.

    Args:
        graph: The model's.
        position: Of the image among the graph's inputs.
    """
    passed: list[Passed] = []
    first: list[Passed] = []
    _walk(graph, {id(graph.inputs[position]): (IMAGE,)}, (), passed, first)
    return Beginning(tuple(passed), tuple(first))


def _walk(
    graph: Graph, made: dict[int, tuple[int, ...]], prefix: tuple[str, ...], passed: list[Passed], first: list[Passed]
) -> None:
    """Adds the steps of a graph; `made` are the places that its tensors come from."""
    for step in graph.steps:
        given = [made.get(id(tensor)) for tensor in step.node.input_tensors]
        known = [places for places in given if places is not None]
        if not known or len(known) < len(given):
            continue
        path = (*prefix, step.name)
        places = tuple(dict.fromkeys(place for one in known for place in one))
        if step.inner is not None:
            inner = dict.fromkeys(map(id, step.inner.inputs), places)
            _walk(step.inner, inner, path, passed, first)
            for outside, inside in zip(step.node.outputs, step.inner.outputs, strict=False):
                if id(inside) in inner:
                    made[id(outside)] = inner[id(inside)]
        elif held_in(step.operation) is not None and not hasattr(unwrapped(step.layer), "kernel"):
            continue  # in a block that runs as a whole, what is not itself a beginning
        elif _has_weights(step):
            first.append(Passed(path, step.operation, step.node.input_tensors[0], step.node.outputs[0], places))
        else:
            made.update(dict.fromkeys(map(id, step.node.outputs), (len(passed),)))
            passed.append(Passed(path, step.operation, step.node.input_tensors[0], step.node.outputs[0], places))


def _has_weights(step: Step) -> bool:
    arguments = keras.tree.flatten((step.node.arguments.args, step.node.arguments.kwargs))
    if any(isinstance(one, keras.Variable | tf.Variable) for one in arguments):
        return True
    layer = step.operation
    if not isinstance(layer, keras.Layer):
        return False
    # The codes of a quantized layer are not trained.
    return is_trained(layer) or any(
        hasattr(unwrapped(one), name) for one in (layer, *flat_layers(layer)) for name in ("kernel", "embeddings")
    )
