"""How the heads of an attention layer spread over the places of an image: their scores, as Keras computes them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import tensorflow as tf

from filterviz_widget.model.graph import Graph, Step
from filterviz_widget.model.held import held_in
from filterviz_widget.model.kinds import unwrapped
from filterviz_widget.model.layer_info import LayerInfo
from filterviz_widget.model.places import Places

if TYPE_CHECKING:
    from filterviz_widget.model.view import ModelView

ATTENTIONS = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)


class Attention(NamedTuple):
    """An attention layer over tokens that are the places of a map.

    Attributes:
        path: Of the layer: the one that is asked about, or the only one in it if that is a block.
        heads: How many heads it has.
        queries: Where the tokens lie that ask.
        keys: Where those lie that are looked at.
    """

    path: tuple[str, ...]
    heads: int
    queries: Places
    keys: Places


def attention_in(view: "ModelView", layer: str) -> Attention | None:
    """The attention of a layer, or of a block that holds one; None where there is none, or several, or not over places.

    Args:
        view: The model.
        layer: A name from `ModelView.layers`.
    """
    path = view.graph.path(layer)
    step = view.step(layer)
    found = list(_within(step, path))
    if len(found) != 1:
        return None
    at, step = found[0]
    given = query_and_value(step)
    if held_in(step.operation) is not None or given is None or len(step.node.outputs) != 1:
        return None
    query, value = given
    queries, keys = view.places(query), view.places(value)
    if queries is None or keys is None:
        return None
    operation = unwrapped(step.layer)
    heads = operation.num_query_heads if hasattr(operation, "num_query_heads") else operation.num_heads
    return Attention(at, int(heads), queries, keys)


def heads_in(view: "ModelView", info: LayerInfo) -> int:
    """How many heads a layer has that look at places of the image; 0 for one without."""
    # Nothing but a layer of tokens, or a block that is one, holds such an attention.
    found = attention_in(view, info.name) if info.fold is not None else None
    return 0 if found is None else found.heads


def query_and_value(step: Step) -> tuple[Any, Any] | None:
    """The symbols that an attention is called with as its query and value, by place or by name; None if they are not
    said."""
    args, kwargs = step.node.arguments.args, step.node.arguments.kwargs
    named = {**dict(zip(("query", "value"), args, strict=False)), **kwargs}
    query, value = named.get("query"), named.get("value")
    return None if query is None or value is None else (query, value)


def _within(step: Step, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Step]]:
    if isinstance(unwrapped(step.layer), ATTENTIONS):
        yield path, step
    graph: Graph | None = step.inner
    for one in graph.steps if graph else ():
        yield from _within(one, (*path, one.name))


def scores(view: "ModelView", attention: Attention) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function from images to an attention's scores, float32 `(batch, heads, queries, keys)`.

    They are what Keras' `return_attention_scores=True` gives, in inference.
    """
    name = "/".join(attention.path)
    target, kept = view.step(name), list[Any]()

    def call(step: Step, operation: Any, args: Any, kwargs: Any) -> Any:
        if step is not target:
            return operation(*args, **kwargs)
        made, found = operation(*args, **{**kwargs, "return_attention_scores": True})
        kept.append(found)
        return made

    features = view.cut(name, call=call)

    def run(images: tf.Tensor) -> tf.Tensor:
        kept.clear()
        features(images)
        return tf.cast(kept[-1], tf.float32)

    return run
