"""How many pictures ascend together: as many as pay, and as fit into the memory."""

import numpy as np
import pytest

from filterviz_widget import visualize_filter, visualize_layer
from filterviz_widget.engine import BatchSize
from tests.networks import small_network


def sizes(most, seconds_per_picture):
    """The sizes of ten batches, where a batch takes what `seconds_per_picture` says for each of its pictures."""
    size, taken = BatchSize(most), []
    for _ in range(10):
        taken.append(size.now)
        compiling = 5.0 if len(taken) == 1 else 0.0
        size.took(size.now, size.now * seconds_per_picture(size.now) + compiling)
    return taken


@pytest.mark.parametrize(
    ("most", "seconds_per_picture", "settled"),
    [
        (64, lambda count: 1.0, 1),  # no gain
        (64, lambda count: 1 / min(count, 4), 4),  # none beyond four
        (64, lambda count: 1 / count, 64),
        (5, lambda count: 1 / count, 4),  # the memory holds five
        (1, lambda count: 1 / count, 1),
    ],
)
def test_a_batch_grows_as_long_as_that_pays_and_fits(most, seconds_per_picture, settled):
    taken = sizes(most, seconds_per_picture)
    assert taken[:2] == [1, 1], "the first one is compiled as well and tells nothing"
    assert max(taken) <= max(most, 1)
    assert taken[-1] == settled


def test_a_last_batch_that_is_not_full_tells_nothing():
    size = BatchSize(8)
    size.took(1, 1.0)
    size.took(1, 1.0)
    assert size.now == 2
    size.took(1, 100.0)
    assert size.now == 2


def test_auto_gives_every_picture_once_and_in_order():
    pictures = list(visualize_layer(small_network(), "second", iterations=2, batch_size="auto", progress=False))
    assert [picture.description.filter for picture in pictures] == list(range(8))
    for picture in (pictures[0], pictures[7]):
        alone = visualize_filter(small_network(), "second", picture.description.filter, iterations=2)
        np.testing.assert_allclose(picture.raw, alone.raw, atol=1e-5)
    assert list(visualize_layer(small_network(), "second", [], batch_size="auto", progress=False)) == []
