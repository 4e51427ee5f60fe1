"""The axes of a method and what they may be."""

import pytest

from filterviz_widget.description.method import CHOICES, LARGEST, OPTIONS, PRESETS, Method, check_option, inapplicable


def test_every_axis_is_a_choice_an_amount_or_the_direction():
    assert set(OPTIONS) == {*CHOICES, *LARGEST, "direction"}
    plain = Method()
    assert all(check_option(name, getattr(plain, name)) == getattr(plain, name) for name in OPTIONS)


def test_methods_that_differ_in_numbers_only_are_of_one_kind():
    robust = PRESETS["robust"].method
    assert robust.kind == robust.replaced(jitter=1.0, rotation=90, scale=0.3, sign=-1, octaves=3).kind
    kinds = {each.kind for each in (Method(), robust, robust.replaced(blur=1), robust.replaced(l2=1), Method(jitter=1))}
    assert len(kinds) == 5


def test_a_direction_is_given_as_a_dictionary_or_as_pairs():
    assert Method().replaced(direction={3: 1, 7: -0.5}).direction == ((3, 1.0), (7, -0.5))
    assert Method().replaced(direction=[[3, 1]]).direction == ((3, 1.0),)
    assert Method().replaced(direction=((3, 1.0),)).options()["direction"] == [[3, 1.0]]
    with pytest.raises(ValueError, match="direction must have filters from 0"):
        Method().replaced(direction={-1: 1.0})


def test_reasons_are_given_for_settings_that_exist():
    names = {*OPTIONS, "filter"}
    for kind in ("convolution", "units", "other"):
        for method in (Method(), Method(objective="layer"), Method(direction=((0, 1.0),)), PRESETS["natural"].method):
            assert inapplicable(method, kind).keys() <= names
