"""Bounded memory: what is beyond it lies in a temporary file and reads the same."""

import gc
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from filterviz_widget import FilterHistory
from filterviz_widget.history.record import Record
from filterviz_widget.history.store import Store
from tests.history.networks import examples, small


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def record(number):
    rng = np.random.default_rng(number)
    return Record(
        epoch=number,
        logs={"loss": 1.0 / (number + 1)},
        weights=("a", "b"),
        norms=rng.random(2),
        gradients=(rng.random((3, 5)).astype(np.float32), rng.random(3)),
        kernels={"conv": (rng.random((2, 2, 1, 3)).astype(np.float32), np.zeros((0, 2), np.float32))},
        pictures={"conv": rng.integers(0, 256, (2, 7, 7, 3), np.uint8)},
        activations={"conv": rng.random(2).astype(np.float32)},
        dead={"conv": np.array([True, False])},
    )


def assert_same(found, expected):
    assert (found.epoch, found.logs, found.weights) == (expected.epoch, expected.logs, expected.weights)
    small_ones = [(found.norms, expected.norms), (found.dead["conv"], expected.dead["conv"])]
    for one, two in [*small_ones, *zip(found.large_arrays(), expected.large_arrays(), strict=True)]:
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


BYTES = 3 * 5 * 4 + 3 * 8 + 2 * 2 * 3 * 4 + 2 * 7 * 7 * 3


@pytest.mark.parametrize("max_bytes", [0, 1, BYTES, 2.5 * BYTES, 1e9])
def test_records_read_the_same_whether_in_memory_or_in_the_file(max_bytes):
    store = Store(max_bytes)
    for number in range(6):
        store.append(record(number))
        assert store.bytes_in_memory <= max_bytes
        # Reading in between must not hold on to an older, shorter file.
        assert_same(store[0], record(0))
    assert len(store) == 6
    for number in range(6):
        assert_same(store[number], record(number))
    assert store.bytes_in_memory == min(6, int(max_bytes // BYTES)) * BYTES


def test_arrays_that_were_handed_out_stay_valid_while_more_is_moved():
    store = Store(0)
    store.append(record(0))
    early = store[0]
    for number in range(1, 20):
        store.append(record(number))
    assert_same(early, record(0))


def test_nothing_is_written_below_the_limit(folder):
    store = Store(1e6)
    store.append(record(0))
    assert list(folder.iterdir()) == []


def test_the_file_is_removed_by_close_and_when_the_store_is_forgotten(folder):
    for forget in (False, True):
        store = Store(0)
        store.append(record(0))
        assert len(list(folder.iterdir())) == 1
        if not forget:
            store.close()
            store.close()
            assert len(store) == 0
        del store
        gc.collect()
        assert list(folder.iterdir()) == []


def test_arrays_are_read_only_in_memory_and_in_the_file():
    for max_bytes in (0, 1e9):
        store = Store(max_bytes)
        store.append(record(0))
        for array in store[0].large_arrays():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_a_full_disk_loses_nothing_that_was_recorded(monkeypatch):
    store = Store(2 * BYTES)
    for number in range(2):
        store.append(record(number))

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space"):
        store.append(record(2))
    monkeypatch.undo()
    for number in range(3):
        assert_same(store[number], record(number))


def test_one_thread_reads_while_another_appends():
    store, problems = Store(BYTES), []

    def read():
        try:
            for _ in range(300):
                if count := len(store):
                    assert_same(store[count - 1], record(count - 1))
                    assert_same(store[0], record(0))
        except Exception as error:
            problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        store.append(record(number))
    reader.join()
    assert problems == []


def test_a_training_run_with_a_tiny_bound_is_recorded_whole(folder):
    model, (x, y) = small(), examples()
    options = {"probe": (x[:4], y[:4]), "layers": ["first"], "filters": [0, 1], "iterations": 1}
    bounded, free = FilterHistory(max_bytes=2000, **options), FilterHistory(**options)
    model.fit(x, y, epochs=3, callbacks=[bounded, free], verbose=0)
    assert len(list(folder.iterdir())) == 1
    assert bounded.epochs == (0, 1, 2, 3)
    np.testing.assert_array_equal(bounded.kernels("first"), free.kernels("first"))
    np.testing.assert_array_equal(bounded.pictures("first"), free.pictures("first"))
    for one, two in zip(bounded.gradients, free.gradients, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    assert "MB in a temporary file" in repr(bounded)
    bounded.close()
    assert list(folder.iterdir()) == []
