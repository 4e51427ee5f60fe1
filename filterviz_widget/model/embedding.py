"""Models of whole numbers, such as tokens of a text: what their Embedding gives is optimised in their place."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.input_range import SPREAD, InputRange


def embeddings(graph: Graph) -> list[Step]:
    """The uses of Embedding layers in a graph; not those in nested models."""
    return [step for step in graph.steps if isinstance(step.operation, keras.layers.Embedding)]


def behind(graph: Graph, embedding: Step) -> Graph:
    """The graph with what an Embedding gives as one more input, the last, in place of that Embedding."""
    given: Any = embedding.node.outputs[0]
    steps = tuple(step for step in graph.steps if step is not embedding)
    return replace(graph, inputs=(*graph.inputs, given), steps=steps)


def vectors_range(embedding: Any, name: str) -> InputRange:
    """What the numbers in an Embedding's vectors are like: mean and 2.5 standard deviations."""
    vectors = np.asarray(embedding.embeddings, np.float64)
    mean, deviation = float(vectors.mean()), max(float(vectors.std()), 1e-6)
    low, high = mean - SPREAD * deviation, mean + SPREAD * deviation
    return InputRange(low, high, f"read from the vectors of the Embedding {name!r}")


def chosen_embedding(graph: Graph, wanted: str | None, is_image: bool) -> Step | None:
    """The Embedding whose output is to be optimised: the one that is named, or the only one of a model without images.

    Args:
        graph: The model's.
        wanted: The name of an input, or of an Embedding; None where nothing is said.
        is_image: Whether an input of the model can be optimised itself.
    """
    found = embeddings(graph)
    if wanted is not None:
        return next((step for step in found if step.name == wanted), None)
    return found[0] if len(found) == 1 and not is_image else None
