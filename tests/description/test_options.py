"""The types of keyword arguments name those that the functions take."""

from typing import get_args, get_type_hints

import pytest

from filterviz_widget.description.method import OPTIONS, Method
from filterviz_widget.description.options import (
    AscentOptions,
    AtlasOptions,
    Axes,
    EstimateOptions,
    FacetOptions,
    PictureOptions,
    ReadingOptions,
    WidgetOptions,
)
from filterviz_widget.engine import READING

ASCENT = {"step_size", "iterations", "precision"}


def test_every_axis_of_the_method_is_among_them_with_its_type() -> None:
    typed, declared = get_type_hints(Axes), get_type_hints(Method)
    assert set(typed) == set(OPTIONS)
    for name in set(typed) - {"direction"}:  # which may come as lists
        assert declared[name] in (typed[name], *get_args(typed[name])), name


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (WidgetOptions, {*OPTIONS, "layout", "tooltip", "tabbable"}),
        (ReadingOptions, {*READING}),
        (AscentOptions, {*OPTIONS, *READING, *ASCENT}),
        (FacetOptions, {*OPTIONS, *READING, *ASCENT, "method", "seed"} - {"diversity"}),
        (PictureOptions, {*OPTIONS, *READING, *ASCENT, "method", "seed"}),
        (AtlasOptions, {*OPTIONS, *READING} - {"image_size"}),
        (
            EstimateOptions,
            {*OPTIONS, *READING, *ASCENT, "method", "seed", "images", "layers", "class_names", "facets"},
        ),
    ],
)
def test_the_names_are_those_that_are_taken(options: type, names: set[str]) -> None:
    assert set(get_type_hints(options)) == names
