"""What can be asked for beside the optimum, as plain data."""

import json

import numpy as np
import pytest

from filterviz_widget.description.question import (
    KINDS,
    AblationOf,
    AttentionOf,
    FeatureMapsOf,
    FieldOf,
    KernelOf,
    NeighboursOf,
    StrongestOf,
    from_json,
)
from filterviz_widget.description.reading import Array, Reading

READING = Reading("", (4, 4), (0.0, 1.0), other_inputs=(("mask", Array.of([1, 2])),))
PHOTO = Array.of(np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3))
ALL = [
    KernelOf("conv", READING, 3),
    FieldOf("conv", READING),
    FeatureMapsOf("conv", READING, PHOTO),
    StrongestOf("conv", READING, "set-1", 5, "position"),
    AblationOf("conv", READING, 3, "set-1", "mean"),
    NeighboursOf("conv", READING, 3, 4),
    AttentionOf("conv", READING, PHOTO, 1, 2),
]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.kind)
def test_a_question_comes_back_from_json_the_same(asked):
    again = from_json(json.loads(json.dumps(asked.to_json())))
    assert again == asked
    assert hash(again) == hash(asked)
    assert again.digest == asked.digest


def test_every_kind_is_tried_and_has_a_digest_of_its_own():
    assert {asked.kind for asked in ALL} == set(KINDS)
    assert len({asked.digest for asked in ALL}) == len(ALL)


def test_other_pixels_are_another_question():
    other = Array.of(PHOTO.numpy() + 1)
    assert FeatureMapsOf("conv", READING, other) != ALL[2]
    assert FeatureMapsOf("conv", READING, other).digest != ALL[2].digest


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (None, "Expected a question of kind kernel"),
        ({"kind": "optimum"}, "got {'kind': 'optimum'}"),
        ({"kind": "kernel", "layer": "conv"}, "lacks filter, reading"),
        ({**ALL[0].to_json(), "layer": 3}, "layer must be a name, got 3"),
        ({**ALL[0].to_json(), "filter": [1]}, "names and whole numbers"),
        ({**ALL[2].to_json(), "photo": "abc"}, "Expected an array"),
    ],
)
def test_what_is_no_question_is_refused_in_words(wrong, said):
    with pytest.raises(ValueError, match=said.replace("{", r"\{").replace("}", r"\}")):
        from_json(wrong)
