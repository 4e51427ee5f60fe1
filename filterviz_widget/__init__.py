"""A live microscope for convolutional filters, in a notebook cell.

>>> from filterviz_widget import FilterExplorer
>>> FilterExplorer(model)
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.explorer import FilterExplorer
    from filterviz_widget.history import FilterHistory
    from filterviz_widget.method import PRESETS, Method
    from filterviz_widget.picture import FilterPicture
    from filterviz_widget.picture.kernels import plot_kernels
    from filterviz_widget.visualize import visualize_facets, visualize_filter, visualize_layer

__version__ = version("filterviz-widget")

_HOMES = {
    "Description": "filterviz_widget.description",
    "FilterExplorer": "filterviz_widget.explorer",
    "FilterHistory": "filterviz_widget.history",
    "FilterPicture": "filterviz_widget.picture",
    "Method": "filterviz_widget.method",
    "PRESETS": "filterviz_widget.method",
    "plot_kernels": "filterviz_widget.picture.kernels",
    "visualize_facets": "filterviz_widget.visualize",
    "visualize_filter": "filterviz_widget.visualize",
    "visualize_layer": "filterviz_widget.visualize",
}

__all__ = [
    "PRESETS",
    "Description",
    "FilterExplorer",
    "FilterHistory",
    "FilterPicture",
    "Method",
    "plot_kernels",
    "visualize_facets",
    "visualize_filter",
    "visualize_layer",
]


def __getattr__(name: str) -> Any:
    # Importing the package does no work: a name is fetched when it is first used (PEP 562).
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
