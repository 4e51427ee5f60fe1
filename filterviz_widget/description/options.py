"""Which keyword arguments the public functions share, by type: for editors and type checkers. Nothing here runs."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from filterviz_widget.description.method import Moves, Objective, Parameterization, Update


class _AllButDiversity(TypedDict, total=False):
    objective: Objective
    sign: int
    direction: Sequence[tuple[int, float]]
    parameterization: Parameterization
    update: Update
    jitter: float
    scale: float
    rotation: float
    moves: Moves
    blur: float
    octaves: int
    patience: int | None
    l2: float
    total_variation: float
    nearness: float


class Axes(_AllButDiversity, total=False):
    """The axes of `Method`."""

    diversity: float


class WidgetOptions(Axes, total=False):
    """Of `FilterExplorer`: the axes, and what every ipywidget takes."""

    layout: Any
    tooltip: str | None
    tabbable: bool | None


class ReadingOptions(TypedDict, total=False):
    """How a model is read, as for `FilterExplorer`."""

    input: str | None
    image_size: int | Sequence[int] | None
    input_range: tuple[float, float] | str
    preprocess: Any
    other_inputs: Mapping[str, Any] | None
    channels: Sequence[int] | None
    data: str
    input_shape: Any


class AscentOptions(ReadingOptions, Axes, total=False):
    """Of `accentuate`, whose method is given."""

    step_size: float | None
    iterations: int | None
    precision: str


class FacetOptions(ReadingOptions, _AllButDiversity, total=False):
    """Of `visualize_facets`, which names the diversity itself."""

    method: str
    step_size: float | None
    iterations: int | None
    seed: int
    precision: str


class PictureOptions(FacetOptions, total=False):
    """Of `visualize_filter` and `visualize_layer`."""

    diversity: float


class AtlasOptions(Axes, total=False):
    """Of `Atlas.make`, beside its own arguments."""

    input: str | None
    input_range: tuple[float, float] | str
    preprocess: Any
    other_inputs: Mapping[str, Any] | None
    channels: Sequence[int] | None
    data: str
    input_shape: Any


class EstimateOptions(AtlasOptions, total=False):
    """The arguments of `Atlas.make` that `Atlas.estimate` takes, too."""

    images: Any
    layers: Sequence[str] | str | None
    class_names: Sequence[str] | None
    method: str
    image_size: int | Sequence[int] | None
    step_size: float | None
    iterations: int | None
    seed: int
    precision: str
    facets: int
