"""A description is plain data: JSON both ways, a digest, and nothing that a picture depends on is left out."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from filterviz_widget.description import PRESETS, Description, Method
from filterviz_widget.description.method import inapplicable
from filterviz_widget.description.presets import ACCENTUATION
from filterviz_widget.description.reading import Array, Reading, named

READING = Reading(
    "image",
    (96, 64),
    (-1.0, 1.0),
    "caffe",
    (("age", Array.of(np.float32([1.5]))), ("mask", Array.of(np.eye(2, dtype=bool)))),
    (2, 1, 0),
)
WANTED = Description(
    "net/conv",
    3,
    0.5,
    80,
    7,
    READING,
    Method(parameterization="fourier", direction=((3, 1.0), (5, -0.5)), jitter=4.0),
    "bfloat16",
    3,
)

PHOTO = Array.of(np.random.default_rng(0).random((96, 64, 3), np.float32))


def test_it_is_the_same_after_json_and_back():
    again = Description.from_json(json.loads(json.dumps(WANTED.to_json(), allow_nan=False)))
    assert again == WANTED
    assert again.digest == WANTED.digest
    assert np.array_equal(again.reading.other_inputs[1][1].numpy(), np.eye(2, dtype=bool))
    assert again.seeds == (7, 8, 9)


CHANGES = [
    *({"layer": "net/other"}, {"filter": 4}, {"step_size": 0.6}, {"iterations": 81}, {"seed": 8}, {"facets": 2}),
    *({"precision": "float32"}, {"method": replace(WANTED.method, jitter=5.0)}),
    {"method": replace(WANTED.method, direction=((3, 1.0),))},
    *({"photo": PHOTO}, {"photo": Array.of(1 - PHOTO.numpy())}, {"photo": Array.of(PHOTO.numpy()[..., :1])}),
    *(
        {"reading": replace(READING, **change)}
        for change in (
            *({"input": "other"}, {"image_size": (64, 96)}, {"input_range": (0.0, 1.0)}, {"preprocess": "tf"}),
            *({"other_inputs": ()}, {"channels": None}),
            {"other_inputs": (("age", Array.of(np.float32([1.6]))), READING.other_inputs[1])},
        )
    ),
]


def test_whatever_a_picture_depends_on_makes_another_description():
    changed = [replace(WANTED, **change) for change in CHANGES]
    assert len({WANTED, *changed}) == len(CHANGES) + 1
    assert len({each.digest for each in (WANTED, *changed)}) == len(CHANGES) + 1
    for each in changed:
        assert Description.from_json(each.to_json()) == each


def test_with_a_photo_it_is_the_same_after_json_and_back():
    seen = replace(WANTED, photo=PHOTO)
    again = Description.from_json(json.loads(json.dumps(seen.to_json(), allow_nan=False)))
    assert (again, hash(again), again.digest) == (seen, hash(seen), seen.digest)
    assert np.array_equal(again.photo.numpy(), PHOTO.numpy())
    assert replace(WANTED, photo=Array.of(PHOTO.numpy().copy())) == seen, "a photo is what it holds"


def test_what_0_1_wrote_knew_of_no_photo_and_no_nearness_and_is_still_read():
    written = WANTED.to_json()
    del written["photo"], written["method"]["nearness"]
    assert Description.from_json(written) == WANTED


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((64, 96, 3), np.float32), r"must be float32 of shape \(96, 64, channels\).* got .*\(64, 96, 3\)"),
        (np.zeros((96, 64), np.float32), r"got float32 of shape \(96, 64\)"),
        (np.zeros((96, 64, 0), np.float32), r"got float32 of shape \(96, 64, 0\)"),
        (np.zeros((96, 64, 3), np.uint8), "got uint8"),
        (np.zeros((96, 64, 3)), "got float64"),
        (np.full((96, 64, 3), np.nan, np.float32), "finite numbers"),
        (np.full((96, 64, 3), np.inf, np.float32), "finite numbers"),
    ],
)
def test_what_is_no_photo_of_the_image_size_is_refused_in_words(pixels, words):
    with pytest.raises(ValueError, match=words):
        replace(WANTED, photo=Array.of(pixels))
    with pytest.raises(ValueError, match=words):
        Description.from_json(WANTED.to_json() | {"photo": Array.of(pixels).to_json()})


def test_a_photo_that_is_no_array_is_refused_in_words():
    for nonsense in ({}, [], "x", PHOTO.to_json() | {"data": "AAAA"}, PHOTO.to_json() | {"shape": [1]}):
        with pytest.raises(ValueError, match="array"):
            Description.from_json(WANTED.to_json() | {"photo": nonsense})


def test_facets_of_a_photo_need_something_that_keeps_them_apart():
    seen = replace(WANTED, photo=PHOTO)
    with pytest.raises(ValueError, match=r"3 facets .* expected a jitter, scale, rotation or blur above 0, or 1 facet"):
        replace(seen, method=replace(seen.method, jitter=0.0))
    assert replace(seen, facets=1, method=replace(seen.method, jitter=0.0)).facets == 1
    assert replace(seen, method=Method(blur=1.0)).facets == 3


def test_nearness_has_an_effect_at_a_photo_only_and_octaves_have_none_there():
    for kind in ("convolution", "units", "other"):
        assert inapplicable(Method(), kind)["nearness"] == "Nearness is for an ascent that starts at a photo."
        at_photo = inapplicable(ACCENTUATION.method, kind, has_photo=True)
        assert "nearness" not in at_photo
        assert "photo's size" in at_photo["octaves"]
    assert {preset.method.nearness for preset in PRESETS.values()} == {0}
    assert Method(nearness=1).kind == Method(nearness=2).kind != Method().kind
    assert ACCENTUATION not in PRESETS.values()


def test_the_digest_is_the_same_in_another_process():
    program = "from tests.description.test_description import WANTED; print(WANTED.digest)"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert other.stdout.strip() == WANTED.digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "kernel"}, 'of kind "optimum"'),
        ({"filter": -1}, "filter must be a whole number"),
        ({"seed": "7"}, "seed must be a whole number"),
        ({"step_size": float("nan")}, "step_size must be a number"),
        ({"precision": "half"}, "precision must be one of"),
        ({"precision": "auto"}, "precision one of PRECISIONS"),
        ({"layer": 3}, "layer must be a name"),
        ({"method": {"jiter": 3}}, "no option 'jiter'; did you mean 'jitter'"),
        ({"method": []}, "axes of a method"),
        ({"reading": {}}, "no reading"),
        ({"reading": READING.to_json() | {"other_inputs": {"age": {"dtype": "object"}}}}, "no reading"),
        ({"facets": 0}, "facets must be a whole number"),
    ],
)
def test_what_is_no_description_is_refused_in_words(change, words):
    with pytest.raises(ValueError, match=words):
        Description.from_json(WANTED.to_json() | change)


@pytest.mark.parametrize("nonsense", [None, [], "x", 3, {"kind": "optimum"}])
def test_other_data_is_refused_in_words(nonsense):
    with pytest.raises(ValueError, match="description"):
        Description.from_json(nonsense)


def halved(x):
    return x / 2


class Callable:
    def __call__(self, x):
        return x


def test_functions_that_compute_something_else_have_other_names():
    def scaled(factor):
        return lambda x: x / factor

    functions = [halved, lambda x: x / 3, lambda x: x / 4, scaled(2), scaled(3), Callable(), Callable()]
    names = [named(each) for each in functions]
    assert len(set(names)) == len(functions)
    assert [named(each) for each in functions] == names
    assert named(scaled(2)) == names[3]
    assert "halved" in names[0]
    assert (named(None), named("torch")) == ("", "torch")


def test_a_function_has_the_same_name_in_another_process():
    program = "from tests.description.test_description import halved, named; print(named(halved))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert other.stdout.strip() == named(halved)
