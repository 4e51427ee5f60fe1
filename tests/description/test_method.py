"""The axes of a method and what they may be."""

import json

import pytest

from filterviz_widget.description.method import AXES, OPTIONS, Method, check_option, inapplicable
from filterviz_widget.description.presets import PRESETS
from scripts.write_methods import PAGE, page


def test_every_axis_is_declared_once_and_has_the_words_for_page_and_docs():
    assert set(OPTIONS) == {*AXES, "direction"}
    plain = Method()
    for name, axis in AXES.items():
        assert axis.check(getattr(plain, name)) == getattr(plain, name) == check_option(name, getattr(plain, name))
        assert axis.label
        assert axis.help
        assert axis.is_amount != bool(axis.words)
        if axis.is_amount:
            assert getattr(plain, name) == 0 < axis.step < axis.reach <= axis.high


def test_what_the_page_needs_of_an_axis_is_json():
    told = json.loads(json.dumps([axis.to_json() for axis in AXES.values()]))
    jitter, sign = (next(each for each in told if each["name"] == name) for name in ("jitter", "sign"))
    assert (jitter["high"], jitter["reach"], jitter["unit"]) == (64, 32, "px")
    assert sign["choices"] == [[1, "Excites"], [-1, "Inhibits"]]


NONSENSE = [None, True, [], {}, "1", b"1", float("nan"), float("inf"), -1, 10**400, [[]] * 3, 1j]


@pytest.mark.parametrize("name", OPTIONS)
def test_no_value_of_the_world_gets_past_an_axis_or_out_of_it_as_another_error(name):
    for value in NONSENSE:
        if (name == "direction" and value in ([], {})) or (name, value) in (("sign", -1), ("patience", None)):
            continue  # these are allowed
        with pytest.raises(ValueError, match=name) as caught:
            check_option(name, value)
        assert len(str(caught.value)) < 300


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


def test_the_page_of_the_methods_says_what_is_declared():
    assert PAGE.read_text("utf-8") == page(), "run python scripts/write_methods.py"
