"""The table of models: what a row is, and how one is added, by a function of a few lines with `shown` or `refused`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np

from tests.networks import with_weights

SIZE = 16
"""Pixels on each side of nearly every image."""

WAYS = {
    "graph": "from the graph that Keras keeps",
    "followed": "by following its call",
    "traced": "by tracing its call in TensorFlow",
}

FAMILIES = [
    "Keras: plain",
    "Keras: nested and shared",
    "Keras: subclassed",
    "Keras: several inputs and outputs",
    "Keras: inputs",
    "Keras: convolutions",
    "Keras: normalizations, attention, wrappers",
    "Keras: heads",
    "Keras: precision and adapters",
    "Architectures",
]
"""The headings in their order; others come behind them, in the order in which they are added."""

EXPECTED = {
    "Models of something else": "Expected a model with an image input of shape (batch, height, width, channels)",
    "Not a model": "Expected a Keras 3 model (keras.Model) or the path of one",
    "Files and names": "Expected the path of a .keras or .h5 file, or of a SavedModel's folder",
}
"""The last headings, of what is refused, each with what the messages below it say is expected."""


class Made(NamedTuple):
    """A model with what its rows cannot say.

    Attributes:
        model: What is passed.
        forward: From a batch of images, as in `FilterPicture.raw`, to the layer's output with the filters last, by
            another way than the package's.
        options: More arguments, where they are objects that are made with the model.
    """

    model: Any
    forward: Callable[[Any], Any]
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Row:
    """A model, and what becomes of it.

    Attributes:
        family: The heading that it stands below.
        name: Of the function.
        what: The first line of the function's docstring.
        make: The function. It returns the model, or `Made`; it may take `folder`, an empty one, and if it is
            refused `monkeypatch`.
        layer: Which layer is shown; "" for what is refused.
        filter: Which filter of it.
        way: One of `WAYS`.
        options: What is passed beside the model, the layer and the filter.
        size: `(height, width, channels)` of the picture.
        range: What the input range is, and `source` where that is known from.
        source: A part of `ModelView.input_range_source`.
        note: A part of what the layer's note says.
        caption: What stands below the picture.
        tolerance: Of the activation, relative and absolute.
        error: What is raised, for what is refused.
        expected: The part of its message that says what is expected.
        says: More parts of it: what was given, and the nearest way.
    """

    family: str
    name: str
    what: str
    make: Callable[..., Any]
    layer: str = ""
    filter: int = 0
    way: str = "graph"
    options: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int, int] = (SIZE, SIZE, 3)
    range: tuple[float, float] = (0.0, 1.0)
    source: str = "nothing in the model says"
    note: str = ""
    caption: str = ""
    tolerance: float = 1e-3
    error: type[Exception] | None = None
    expected: str = ""
    says: tuple[str, ...] = ()


ROWS: list[Row] = []


def shown(family: str, layer: str, **columns: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a row for a model of which a layer is shown; the columns are those of `Row`."""

    def add(make: Callable[..., Any]) -> Callable[..., Any]:
        ROWS.append(Row(family, make.__name__, _what(make), make, layer, **columns))
        return make

    return add


def refused(
    family: str, *says: str, error: type[Exception] = TypeError, expected: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a row for something that is refused, with parts of its message: what was given, and the nearest way.

    What is expected is that of `EXPECTED` where nothing else is given.
    """

    def add(make: Callable[..., Any]) -> Callable[..., Any]:
        wanted = EXPECTED[family] if expected is None else expected
        ROWS.append(Row(family, make.__name__, _what(make), make, error=error, expected=wanted, says=says))
        return make

    return add


def image(channels: int = 3, **options: Any) -> Any:
    """An input of `SIZE` x `SIZE` pixels."""
    return keras.Input((SIZE, SIZE, channels), **options)


def weighed(model: Any) -> Any:
    """The model with random weights of a fixed seed, and above zero what is one number for each filter."""
    with_weights(model)
    model.set_weights([np.abs(each) + 0.1 if each.ndim == 1 else each for each in model.get_weights()])
    return model


def called(model: Any, *inputs: Any) -> Any:
    """The model after one call, by default on an image, which builds a subclass; with random weights."""
    model(*(inputs or [np.zeros((1, SIZE, SIZE, 3), np.float32)]))
    return weighed(model)


def _what(make: Callable[..., Any]) -> str:
    return (make.__doc__ or "").partition("\n")[0].strip()
