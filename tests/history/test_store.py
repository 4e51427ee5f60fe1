"""Bounded memory: what is beyond it lies in a temporary file and reads the same."""

import dataclasses
import gc
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pytest

from filterviz_widget import FilterHistory
from filterviz_widget.history.archive import Archive
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


@pytest.mark.parametrize("max_bytes", [0, 1e9])
def test_nobody_can_write_into_the_store(max_bytes):
    store, given = Store(max_bytes), record(0)
    held = store.append(given)
    for one in (given, held, store[0]):
        small = [one.norms, one.activations["conv"], one.dead["conv"]]
        for array in one.large_arrays() + (small if one is not given else []):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
            if one is not given:
                with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                    array.flags.writeable = True
    copy = store[0].copied()
    for dictionary in (copy.logs, copy.kernels, copy.activations, copy.dead, copy.notes, copy.problems):
        dictionary.clear()
    assert_same(store[0], record(0))


def test_an_array_that_is_part_of_anothers_is_copied_and_the_other_stays_writable():
    whole = np.arange(12.0)
    store = Store(1e9)
    store.append(dataclasses.replace(record(0), norms=whole[:2]))
    whole[:] = 0
    np.testing.assert_array_equal(store[0].norms, [0, 1])


def test_of_a_record_in_the_file_only_what_is_asked_for_is_read(monkeypatch):
    store, read = Store(0), []
    store.append(record(0))
    original = Archive.read
    monkeypatch.setattr(Archive, "read", lambda self, key, row: read.append(key) or original(self, key, row))
    found = store[0].copied()
    assert (len(found.gradients), list(found.pictures), "conv" in found.pictures) == (2, ["conv"], True)
    assert read == []
    np.testing.assert_array_equal(found.gradients[1], record(0).gradients[1])
    assert read == ["gradients/1"]
    np.testing.assert_array_equal(found.gradients[-2:][0], record(0).gradients[0])
    assert read == ["gradients/1", "gradients/0", "gradients/1"]


def test_weights_of_one_name_and_another_shape_or_dtype_do_not_mix():
    store = Store(0)
    shapes = [(3, 5), (2, 5), (3, 5), ()]
    given = [np.full(shape, number, dtype) for number, (shape, dtype) in enumerate(zip(shapes, "fdff", strict=True))]
    for number, gradient in enumerate(given):
        empty = dataclasses.replace(record(number), weights=("a",), gradients=(gradient,))
        store.append(empty)
    for number, gradient in enumerate(given):
        assert store[number].gradients[0].dtype == gradient.dtype
        np.testing.assert_array_equal(store[number].gradients[0], gradient)


def test_records_that_somebody_holds_keep_the_file_until_they_go(folder):
    store = Store(0)
    store.append(record(0))
    held = store[0]
    del store
    gc.collect()
    assert_same(held, record(0))
    del held
    gc.collect()
    assert list(folder.iterdir()) == []


def test_a_closed_store_says_so_when_an_old_record_is_read():
    store = Store(0)
    store.append(record(0))
    held = store[0]
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        held.gradients[0]


KILLED = """
import numpy as np, os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from filterviz_widget.history.archive import Archive
from tests.history.test_store import record
archive = Archive.temporary()
held = archive.extend([record(0)])
if sys.argv[2] == "fork":
    if not os.fork():
        sys.exit()
    os.wait()
    print(held[0].gradients[0].shape, len(os.listdir(sys.argv[1])), flush=True)
"""


@pytest.mark.parametrize("how", ["exit", "fork"])
def test_the_file_is_removed_when_the_process_ends_and_a_fork_of_it_leaves_it(folder, how):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(folder), how], capture_output=True, text=True, check=True
    )
    assert run.stdout == ("(3, 5) 1\n" if how == "fork" else "")
    assert list(folder.iterdir()) == []


FULL = """
import resource, signal, sys, tempfile
import numpy as np
from filterviz_widget.history.store import Store
from tests.history.test_store import BYTES, assert_same, record
tempfile.tempdir = sys.argv[1]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
store, count = Store(2 * BYTES), 0
try:
    while True:
        count += 1
        store.append(record(count - 1))
except OSError as error:
    print("full", flush=True)
assert 5 < count < 1000, count
for number in range(count):
    assert_same(store[number], record(number))
try:
    store.append(record(count))
except OSError:
    assert_same(store[count], record(count))
for number in range(count):
    assert_same(store[number], record(number))
store.close()
print("read", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_disk_that_is_full_loses_nothing_that_was_recorded(folder):
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FULL, str(folder)], capture_output=True, text=True)
    assert run.stdout == "full\nread\n", run.stderr
    assert list(folder.iterdir()) == []


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
    assert "MB in a file" in repr(bounded)
    assert "file" not in repr(free)
    bounded.close()
    assert list(folder.iterdir()) == []
