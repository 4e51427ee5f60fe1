"""The graph of a whole model: what Keras keeps of it, or what its `call` makes of symbolic images."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from filterviz_widget.model.graph import Graph, followed_graph, functional_graph
from filterviz_widget.model.keras_private import direct_layers, functional
from filterviz_widget.model.reason import reason


def model_graph(model: Any, size: tuple[int, int] | None = None) -> Graph:
    """Reads a model's graph.

    Args:
        model: A Keras model.
        size: `(height, width)` in pixels that a subclass is followed at, if it can be; None for the one that it knows.

    Raises:
        ValueError: If there is none, in words.
    """
    if (inner := functional(model)) is not None:
        # Its inputs are given in order; and who holds the graph must not hold the model.
        return replace(functional_graph(inner), arrange=None)
    if type(model).call is keras.Model.call:
        models = ", ".join(repr(layer.name) for layer in direct_layers(model) if isinstance(layer, keras.Model))
        raise ValueError(
            f"The model {model.name!r} has no call, so nothing says what happens to an image."
            + (f" Pass one of the models in it: {models}." if models else "")
        )
    kind = "model" if isinstance(model, keras.Model) else "layer"
    if not model.built:
        raise ValueError(
            f"The {kind} {model.name!r} is not built: its input shape is unknown. Call it once on a batch of images, "
            "model(images), or look at a copy of it with new weights: input_shape=(height, width, channels)."
        )
    if _needs_more_than_one_argument(model.call):
        raise ValueError(f"The model {model.name!r} is a subclass of keras.Model whose call takes several arguments.")
    if isinstance(model, keras.Function):  # with a call of its own
        shapes = keras.tree.map_structure(lambda tensor: tuple(tensor.shape), model.input)
    else:
        shapes = (model.get_build_config() or {}).get("input_shape")
    if not shapes:
        raise ValueError(
            f"The model {model.name!r} is a subclass of keras.Model whose input shape Keras does not know, because it "
            "could not trace the model's call when it was called."
        )
    failure: Exception | None = None
    for wanted in [size, None] if size else [None]:
        try:
            return followed_graph(model, (_symbols(model, shapes, wanted),), {})
        except Exception as error:  # a user's code, which may raise anything
            failure = error
    assert failure is not None
    raise ValueError(
        f"The model {model.name!r} is a subclass of keras.Model whose call could not be followed ({reason(failure)})."
    ) from failure


def _needs_more_than_one_argument(call: Any) -> bool:
    _, *more = inspect.signature(call).parameters.values()
    named = (parameter for parameter in more if parameter.kind is not parameter.VAR_KEYWORD)
    return any(parameter.default is parameter.empty and parameter.name != "training" for parameter in named)


def _symbols(model: Any, shapes: Any, size: tuple[int, int] | None) -> Any:
    count = 0

    def symbol(shape: Sequence[int | None]) -> Any:
        nonlocal count
        count += 1
        shape = (None, *shape[1:])
        if size and len(shape) == 4:
            shape = (None, *size, shape[3])
        name = "input" if count == 1 else f"input_{count - 1}"
        return keras.KerasTensor(shape, model.compute_dtype, name=name)

    if isinstance(shapes, dict):
        return {
            key: keras.KerasTensor(symbol(shape).shape, model.compute_dtype, name=key) for key, shape in shapes.items()
        }
    if isinstance(shapes[0], int | None):
        return symbol(shapes)
    return [symbol(shape) for shape in shapes]
