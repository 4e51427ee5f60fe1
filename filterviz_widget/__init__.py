"""A live microscope for convolutional filters, in a notebook cell.

>>> from filterviz_widget import FilterExplorer
>>> FilterExplorer(model)
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from filterviz_widget._version import __version__ as __version__

if TYPE_CHECKING:
    from filterviz_widget.atlas import Atlas
    from filterviz_widget.attention import attention_maps
    from filterviz_widget.description import PRESETS, Description, Method
    from filterviz_widget.model.receptive_field import ReceptiveField
    from filterviz_widget.photographs import (
        ablate,
        accentuate,
        feature_maps,
        strongest_images,
    )
    from filterviz_widget.picture import FilterPicture
    from filterviz_widget.picture.ablation import Ablation
    from filterviz_widget.picture.attention import AttentionMaps
    from filterviz_widget.picture.feature_maps import FeatureMaps
    from filterviz_widget.picture.kernel import FilterKernel
    from filterviz_widget.picture.kernels import plot_kernels
    from filterviz_widget.picture.neighbours import Neighbours
    from filterviz_widget.picture.strongest import Strongest
    from filterviz_widget.structure import filter_kernel, neighbours, receptive_field
    from filterviz_widget.visualize import visualize_facets, visualize_filter, visualize_layer
    from filterviz_widget.widgets.explorer import FilterExplorer
    from filterviz_widget.widgets.filter_history import FilterHistory

# Nothing is printed that nobody asked for, least of all from a background thread into somebody's cell.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES = {
    "Ablation": "filterviz_widget.picture.ablation",
    "ablate": "filterviz_widget.photographs",
    "accentuate": "filterviz_widget.photographs",
    "Atlas": "filterviz_widget.atlas",
    "AttentionMaps": "filterviz_widget.picture.attention",
    "attention_maps": "filterviz_widget.attention",
    "Description": "filterviz_widget.description",
    "FilterExplorer": "filterviz_widget.widgets.explorer",
    "FilterHistory": "filterviz_widget.widgets.filter_history",
    "FilterKernel": "filterviz_widget.picture.kernel",
    "FilterPicture": "filterviz_widget.picture",
    "Method": "filterviz_widget.description",
    "PRESETS": "filterviz_widget.description",
    "FeatureMaps": "filterviz_widget.picture.feature_maps",
    "Strongest": "filterviz_widget.picture.strongest",
    "Neighbours": "filterviz_widget.picture.neighbours",
    "feature_maps": "filterviz_widget.photographs",
    "filter_kernel": "filterviz_widget.structure",
    "neighbours": "filterviz_widget.structure",
    "ReceptiveField": "filterviz_widget.model.receptive_field",
    "plot_kernels": "filterviz_widget.picture.kernels",
    "receptive_field": "filterviz_widget.structure",
    "strongest_images": "filterviz_widget.photographs",
    "visualize_facets": "filterviz_widget.visualize",
    "visualize_filter": "filterviz_widget.visualize",
    "visualize_layer": "filterviz_widget.visualize",
}

__all__ = [
    "PRESETS",
    "Ablation",
    "Atlas",
    "AttentionMaps",
    "Description",
    "FeatureMaps",
    "FilterExplorer",
    "FilterHistory",
    "FilterKernel",
    "FilterPicture",
    "Method",
    "Neighbours",
    "ReceptiveField",
    "Strongest",
    "ablate",
    "accentuate",
    "attention_maps",
    "feature_maps",
    "filter_kernel",
    "neighbours",
    "plot_kernels",
    "receptive_field",
    "strongest_images",
    "visualize_facets",
    "visualize_filter",
    "visualize_layer",
]


if not TYPE_CHECKING:  # which would take any misspelt name for one that is there

    def __getattr__(name: str) -> Any:
        # Importing the package does no work: a name is fetched when it is first used (PEP 562).
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
