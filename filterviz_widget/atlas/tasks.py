"""The order of an atlas' parts: every layer shows something early."""

from collections.abc import Iterator, Sequence

from filterviz_widget.atlas.files import PAGE
from filterviz_widget.atlas.job import LayerPlan, Task


def tasks(layers: Sequence[LayerPlan], with_images: bool) -> list[Task]:
    """All parts: the first shard of every layer, then the layers' strongest images, then the other shards.

    A layer's other shards follow one another, so that a worker that has compiled the layer goes on with it.

    >>> plan = [LayerPlan("conv1", "layers/00-conv1", "Conv2D", "convolution", 64, (8, 8, 64), "")]
    >>> [(task.kind, task.first) for task in tasks(plan, with_images=True)]
    [('filters', 0), ('examples', 0), ('filters', 32)]
    """
    first = [task for place in range(len(layers)) for task in _shards(layers, place, slice(0, 1))]
    examples = [Task("examples", place) for place in range(len(layers)) if with_images]
    rest = [task for place in range(len(layers)) for task in _shards(layers, place, slice(1, None))]
    return [*first, *examples, *rest]


def _shards(layers: Sequence[LayerPlan], place: int, which: slice) -> Iterator[Task]:
    layer = layers[place]
    for first in layer.shards[which]:
        yield Task("filters", place, first, min(PAGE, layer.filters - first))
