"""The drawn flowers: what they promise about shape, range, seeds and species."""

from typing import Any

import numpy as np
import pytest

from filterviz_widget.demo import SPECIES, flowers


def test_images_are_float32_rgb_between_0_and_1_and_labels_are_int32() -> None:
    images, labels = flowers(5, size=40)
    assert images.shape == (5, 40, 40, 3)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert labels.shape == (5,)
    assert labels.dtype == np.int32


def test_an_image_is_96_pixels_wide_unless_told_otherwise() -> None:
    assert flowers(1)[0].shape == (1, 96, 96, 3)


def test_no_image_is_flat_and_no_two_are_alike() -> None:
    images, _ = flowers(17, size=32)
    assert images.std(axis=(1, 2, 3)).min() > 0.05
    assert len({image.tobytes() for image in images}) == 17


def test_none_are_drawn_when_none_are_asked_for() -> None:
    images, labels = flowers(0, size=32)
    assert images.shape == (0, 32, 32, 3)
    assert labels.shape == (0,)


def test_a_longer_series_begins_with_the_shorter_one() -> None:
    short, long = flowers(6, size=32), flowers(20, size=32)
    assert np.array_equal(short[0], long[0][:6])
    assert np.array_equal(short[1], long[1][:6])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    first, again, other = flowers(4, size=32, seed=3), flowers(4, size=32, seed=3), flowers(4, size=32, seed=4)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()
    assert all(not np.array_equal(a, b) for a, b in zip(first[0], other[0], strict=True))


def test_drawing_neither_reads_nor_moves_the_global_generator() -> None:
    np.random.seed(0)  # noqa: NPY002 - the legacy generator is the one that must stay as it is
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    flowers(2, size=16)
    assert np.random.random() == expected  # noqa: NPY002


def test_every_block_of_17_holds_each_species_once_in_an_order_of_its_own() -> None:
    labels = flowers(51, size=8)[1].reshape(3, 17)
    assert all(sorted(block) == list(range(17)) for block in labels)
    assert len({tuple(block) for block in labels}) == 3


def test_there_are_seventeen_species_with_names_of_their_own() -> None:
    assert len({species.name for species in SPECIES}) == len(SPECIES) == 17


def test_no_colour_gives_a_species_away_alone() -> None:
    """Each species shares at least one of its petals' colours with another one."""
    for species in SPECIES:
        others = {colour for other in SPECIES if other is not species for colour in other.colours}
        assert others & set(species.colours), species.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": -1}, "count must be an integer of at least 0, got -1"),
        ({"count": 1.5}, "count must be an integer of at least 0, got 1.5"),
        ({"count": True}, "count must be an integer of at least 0, got True"),
        ({"count": 1, "size": 7}, "size must be an integer of at least 8, got 7"),
        ({"count": 1, "size": "96"}, "size must be an integer of at least 8, got '96'"),
        ({"count": 1, "seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"count": 1, "seed": None}, "seed must be an integer of at least 0, got None"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        flowers(**arguments)


def test_numpy_integers_are_integers() -> None:
    numbers: dict[str, Any] = {"count": np.int64(1), "size": np.int32(16), "seed": np.int64(0)}
    images, _ = flowers(**numbers)
    assert images.shape == (1, 16, 16, 3)
