"""Every float32 number survives, and what is no number is None."""

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filterviz_widget.store.numbers import FLOAT64, number, numbers


@given(st.floats(width=32))
def test_a_float32_number_comes_back_as_it_was_in_few_characters(value):
    sent = json.dumps(number(value), allow_nan=False)
    if math.isfinite(value):
        assert np.float32(json.loads(sent)) == np.float32(value)
        assert len(sent) <= len("-1234567890000000.0")
    else:
        assert sent == "null"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_and_a_float64_number_in_more(value):
    assert number(value, FLOAT64) == value


def test_arrays_are_lists():
    assert numbers(np.array([1, np.nan, 0.1], np.float32), 6) == [1.0, None, 0.1]
