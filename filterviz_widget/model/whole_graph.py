"""The graph of a whole model by the quickest way there is: Keras' own, that of its call, or TensorFlow's."""

from typing import Any, NamedTuple

import keras

from filterviz_widget.model.copied import copied
from filterviz_widget.model.generators import kept
from filterviz_widget.model.graph import Graph, functional_graph
from filterviz_widget.model.keras_private import names_kept
from filterviz_widget.model.model_graph import model_graph
from filterviz_widget.model.reason import reason
from filterviz_widget.model.traced.call import Shapes, call_once, from_keras

EXPECTED = (
    "Expected a call of Keras and TensorFlow functions, without NumPy, and with decisions on the numbers in an image "
    "only where AutoGraph sees them."
)


class Whole(NamedTuple):
    """A model's graph.

    Attributes:
        graph: The graph.
        model: The Keras model that its layers are of: the user's, or one that was made on the user's variables.
        note: Why it is not the user's model itself that is read; empty where it is.
    """

    graph: Graph
    model: Any
    note: str


def whole_graph(model: Any, size: tuple[int, int] | None, input_shape: Shapes | None) -> Whole:
    """Reads a model's graph.

    Args:
        model: A Keras model or layer.
        size: `(height, width)` in pixels that a subclass is followed at; None for the one that it knows.
        input_shape: Of one example, for a model that does not say what it takes.

    Raises:
        ValueError: If there is no way, in words.
    """
    note = getattr(model, "traced_note", "")
    if not model.built and input_shape is not None:
        model = _copy(model, input_shape)
        note = "a copy with new weights, since the model was never called"
    try:
        return Whole(model_graph(model, size), model, note)
    except ValueError as error:
        if not model.built or (isinstance(model, keras.Model) and type(model).call is keras.Model.call):
            raise
        why = error
    try:
        made = from_keras(model, size, input_shape)
    except ValueError as error:
        expected = f" {EXPECTED}" if "(line " in str(error) else ""
        raise ValueError(f"The model {model.name!r} cannot be read: {error}{expected}") from error
    words = str(why).partition(f"{model.name!r} ")[2].rstrip(".")
    return Whole(functional_graph(made), made, f"{note}; " * bool(note) + f"traced by TensorFlow, as it {words}")


def _copy(model: Any, input_shape: Shapes) -> Any:
    """A copy of a model that was never called, with weights; the model itself gets none."""
    with names_kept(), kept():
        try:
            made = copied(model)
            call_once(made, input_shape)
        except Exception as error:  # a user's code, which may raise anything
            raise ValueError(
                f"The model {model.name!r} was never called, and a copy of it could not be called on an image of "
                f"{input_shape!r} ({reason(error)}). Call it once on a batch of images, model(images)."
            ) from error
    return made
