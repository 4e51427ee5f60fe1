"""Every choice of a history is checked where it is made, and is plain data."""

import json

import numpy as np
import pytest

from filterviz_widget import FilterHistory
from filterviz_widget.history.settings import Settings


def own_preprocess(images):
    return images / 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "natural", "jitter": 4, "direction": {3: 1.0, 7: -0.5}, "objective": "center"},
        {"image_size": 64, "input_range": (0, 255), "precision": "float32", "step_size": 2},
        {"image_size": [64, 32], "input": "image", "channels": [2, 1, 0], "preprocess": "caffe"},
        {"other_inputs": {"table": np.arange(3.0)}, "preprocess": own_preprocess, "filters": 3},
    ],
)
def test_settings_are_plain_data_there_and_back(options):
    settings = FilterHistory(**options).settings
    again = Settings.from_json(json.loads(json.dumps(settings.to_json())))
    assert again == settings
    assert hash(again) == hash(settings)


def test_numbers_that_are_not_given_are_the_methods():
    settings = FilterHistory(method="natural", jitter=3).settings
    assert (settings.iterations, settings.step_size, settings.axes.jitter) == (100, 10.0, 3.0)
    assert settings.axes.parameterization == "phase"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jiter": 4}, "an unknown argument 'jiter'. Did you mean 'jitter'?"),
        ({"filter": 4}, "an unknown argument 'filter'. Did you mean 'filters'?"),
        ({"preproces": "tf"}, "Did you mean 'preprocess'?"),
        ({"xyz": 4}, "Known are: batch_size, blur, channels"),
        ({"preprocess": 3}, "preprocess must be a function"),
        ({"input": 3}, "input must be the name"),
        ({"other_inputs": [3]}, "other_inputs must be a dictionary"),
        ({"image_size": "large"}, "image_size must be"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_by_name(options, words):
    with pytest.raises(TypeError) as caught:
        FilterHistory(**options)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 0}, "iterations must be a whole number from 1 to 10,000, got 0."),
        ({"step_size": 2000}, "step_size must be a number from 0.01 to 1,000 grey levels, got 2000."),
        ({"seed": -1}, "seed must be a whole number from 0 to 2,147,483,647, got -1."),
        ({"every": 0}, "every must be a whole number from 1 to 1,000,000,000, got 0."),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 1,000,000,000, got 0."),
        ({"precision": "half"}, "precision must be one of"),
        ({"jitter": -1}, "jitter must be a number from 0 to 64, got -1."),
        ({"channels": (0, 1)}, "channels must be three channel numbers"),
        ({"image_size": 0}, "image_size must be from 1 to 1048576 pixels"),
        ({"input_range": (0, float("inf"))}, "input_range must be"),
        ({"other_inputs": {"a": "text"}}, "Expected an array of numbers"),
    ],
)
def test_what_is_out_of_range_is_refused_and_nothing_else_is_used_in_its_place(options, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared as a whole
        FilterHistory(**options)
    assert str(caught.value).startswith(words)
    assert "is used" not in str(caught.value)
