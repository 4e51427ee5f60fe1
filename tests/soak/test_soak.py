"""The short form of `make soak`: every row, each in a process of its own, as memory moves in one that ran tests."""

import pytest

from soak.__main__ import one
from soak.rows import LENGTHS, ROWS


@pytest.mark.parametrize("row", ROWS)
def test_what_is_promised_holds_for_a_short_time(row):
    """Times apart, which are promised of a machine that does nothing else."""
    state = one(row, LENGTHS[0])
    assert state["promises"]
    broken = [name for name, promise in state["promises"].items() if not (promise["kept"] or promise["time"])]
    assert not broken, state
