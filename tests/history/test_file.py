"""Saving and loading: exact, whole or not at all, opened without being read, and nothing taken on trust."""

import io
import json
import math
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterHistory
from filterviz_widget.history.archive import Archive
from filterviz_widget.history.settings import Settings
from tests.history.networks import examples, small
from tests.limited import limited

BY_0_1_0 = Path(__file__).with_name("saved_by_0_1_0.npz")


@pytest.fixture(scope="module")
def recorded():
    keras.utils.set_random_seed(0)
    model = small(inside=(layers.SeparableConv2D(4, 3, depth_multiplier=2, name="separable"),))
    x, y = examples()
    history = FilterHistory(
        probe=(x[:4], y[:4]),
        layers=["first", "separable", "second"],
        filters=[0, 2],
        iterations=2,
        image_size=(12, 12),
        input_range=(0, 1),
        channels=(2, 1, 0),
        jitter=2,
    )
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    model.get_layer("first").trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=1, callbacks=[history], verbose=0)
    assert history.error == ""
    return history


@pytest.fixture(scope="module")
def saved(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "run.h5"
    recorded.save(path)
    return path


def assert_same_history(found, expected):
    assert found.settings == expected.settings
    assert found.layout == expected.layout
    assert (found.epochs, found.weights, found.probe_size) == (expected.epochs, expected.weights, expected.probe_size)
    assert [json.dumps(log) for log in found.logs] == [json.dumps(log) for log in expected.logs]
    for one, two in zip(found.records, expected.records, strict=True):
        assert (one.weights, one.notes, one.problems) == (two.weights, two.notes, two.problems)
        assert one.norms.tobytes() == two.norms.tobytes()
        for a, b in zip(one.large_arrays(), two.large_arrays(), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        for layer in expected.layers:
            np.testing.assert_array_equal(one.activations[layer], two.activations[layer])
            np.testing.assert_array_equal(one.dead[layer], two.dead[layer])


def test_a_saved_history_is_loaded_exactly_as_it_was(recorded, saved, tmp_path):
    loaded = FilterHistory.load(saved)
    assert_same_history(loaded, recorded)
    assert repr(loaded).splitlines()[:4] == repr(recorded).splitlines()[:4]
    assert repr(loaded).splitlines()[4] == "  arrays     0.0 MB in memory, 0.0 MB in a file"
    for part in ("depthwise", "pointwise"):
        np.testing.assert_array_equal(loaded.kernels("separable", part), recorded.kernels("separable", part))
    assert np.isnan(loaded.kernel_gradients("first")[2]).all()
    loaded.save(tmp_path / "again.hdf5")
    loaded.close()
    assert_same_history(FilterHistory.load(str(tmp_path / "again.hdf5")), recorded)


def test_a_history_whose_arrays_lie_in_a_temporary_file_is_saved_the_same(recorded, tmp_path):
    moved = FilterHistory(max_bytes=0)
    moved.settings, moved._layout, moved.probe_size = recorded.settings, recorded.layout, recorded.probe_size
    for record in recorded.records:
        moved._store.append(record)
    assert moved._store.bytes_in_memory == 0
    moved.save(tmp_path / "moved.h5")
    moved.close()
    assert_same_history(FilterHistory.load(tmp_path / "moved.h5"), recorded)


def test_a_history_may_be_saved_to_the_file_that_it_was_loaded_from(recorded, saved, tmp_path):
    path = shutil.copy(saved, tmp_path / "run.h5")
    loaded = FilterHistory.load(path)
    loaded.save(path)
    assert_same_history(loaded, recorded)
    assert_same_history(FilterHistory.load(path), recorded)


def test_loading_reads_no_array_and_a_layers_kernels_read_no_others(saved, monkeypatch):
    read, original = [], Archive.read
    monkeypatch.setattr(Archive, "read", lambda self, key, row: read.append((key, row)) or original(self, key, row))
    loaded = FilterHistory.load(saved)
    assert loaded.gradient_norms().shape == (3, 9)
    assert loaded.activations("second").shape == (3, 2)
    assert "first" in repr(loaded)
    assert read == []
    loaded.kernels("second")
    assert read == [("kernels/2/0", 0), ("kernels/2/0", 1), ("kernels/2/0", 2)]


LIMITED = """
import sys
import psutil
from filterviz_widget import FilterHistory
import numpy as np

def peak():  # bytes
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

before = peak()
history = FilterHistory.load(sys.argv[1])
for record in history.records:
    assert record.gradients[0].shape == (1000, 1000)
print(peak() - before)
"""


def test_a_history_larger_than_the_memory_is_saved_and_looked_through(recorded, tmp_path):
    large = FilterHistory()
    large.probe_size = 1
    template = recorded.records[0]
    for epoch in range(64):
        gradient = np.full((1000, 1000), epoch, np.float32)
        fields = vars(template) | {"epoch": epoch, "weights": ("w",), "norms": np.ones(1), "gradients": (gradient,)}
        empty = {"kernels": {}, "pictures": {}, "activations": {}, "dead": {}, "notes": {}}
        large._store.append(type(template)(**fields | empty))
    large.save(tmp_path / "large.h5")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LIMITED, str(tmp_path / "large.h5")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "large.h5").stat().st_size > 256e6
    assert int(run.stdout) < 40e6
    assert "0.0 MB in memory, 256.0 MB in a file" in repr(FilterHistory.load(tmp_path / "large.h5"))


def test_a_loaded_history_is_read_only(saved):
    model, (x, y) = small(), examples()
    with pytest.raises(RuntimeError, match="read-only"):
        model.fit(x, y, callbacks=[FilterHistory.load(saved)], verbose=0)


def test_another_program_reads_the_file(recorded, saved):
    with h5py.File(saved) as file:
        about = json.loads(file["about"][0])
        assert about["version"] == 2
        assert about["records"][1]["logs"]["loss"] == recorded.logs[1]["loss"]
        number = [weight["name"] for weight in about["weights"]].index("second/kernel")
        for row in range(3):
            gradients = recorded.records[row]
            expected = gradients.gradients[gradients.weights.index("second/kernel")]
            np.testing.assert_array_equal(file[f"gradients/{number}"][row], expected)
        np.testing.assert_array_equal(file["kernels/2/0"], recorded.kernels("second"))
        np.testing.assert_array_equal(file["pictures/0"], recorded.pictures("first"))


def test_numbers_that_are_none_come_back(recorded, tmp_path):
    broken = FilterHistory()
    broken.settings, broken._layout, broken.probe_size = recorded.settings, recorded.layout, recorded.probe_size
    record = recorded.records[0]
    logs = {"loss": math.nan, "val_loss": math.inf, "record_seconds": 0.1}
    norms = np.where(np.arange(len(record.norms)) % 2, np.nan, np.inf)
    activations = {name: np.array([np.nan, -np.inf], np.float32) for name in record.activations}
    notes = dict.fromkeys(record.activations, ("failed: ä\n<b>", ""))
    fields = {"logs": logs, "norms": norms, "activations": activations, "notes": notes, "problems": {"pictures": "p"}}
    broken._store.append(type(record)(**vars(record) | fields))
    broken.save(tmp_path / "broken.h5")
    assert_same_history(FilterHistory.load(tmp_path / "broken.h5"), broken)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_save_that_fails_leaves_the_old_file_and_no_other(recorded, saved, tmp_path):
    path, size = tmp_path / "run.h5", saved.stat().st_size
    path.write_bytes(b"precious")
    for most in (0, size // 2, size - 1):  # HDF5 writes the end when it is closed
        with limited("RLIMIT_FSIZE", most), pytest.raises(OSError, match=r"(?s)could not be written .*run\.h5"):
            recorded.save(path)
        assert path.read_bytes() == b"precious"
        assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]


def test_a_wrong_name_or_file_is_refused_in_words(recorded, tmp_path):
    for name, words in (("run.npy", r"ending in \.h5"), ("run.npz", r"0\.1\.0 wrote as \.npz is still read")):
        with pytest.raises(ValueError, match=words):
            recorded.save(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = np.ones(2)
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "empty.h5").write_bytes(b"")
    for name in ("other.npz", "other.h5", "text.h5", "empty.h5"):
        with pytest.raises(ValueError, match="not a saved history"):
            FilterHistory.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        FilterHistory.load(tmp_path / "none.h5")
    with pytest.raises(OSError, match="directory"):
        FilterHistory.load(tmp_path)


def test_a_newer_version_is_refused_as_such(saved, tmp_path):
    path = edited(saved, tmp_path, lambda about: about.update(version=99))
    with pytest.raises(ValueError, match="version 99"):
        FilterHistory.load(path)
    about = json.dumps({"format": "filterviz_widget.history", "version": 99}).encode()
    np.savez(tmp_path / "newer.npz", about=np.frombuffer(about, np.uint8))
    with pytest.raises(ValueError, match="version 99"):
        FilterHistory.load(tmp_path / "newer.npz")


def test_an_empty_history_can_be_saved(tmp_path):
    FilterHistory(filters=[3], method="robust").save(tmp_path / "empty.h5")
    loaded = FilterHistory.load(tmp_path / "empty.h5")
    assert loaded.epochs == ()
    assert loaded.settings == FilterHistory(filters=[3], method="robust").settings


def test_the_file_is_let_go_of_by_close(saved, tmp_path):
    path = shutil.copy(saved, tmp_path / "run.h5")
    loaded = FilterHistory.load(path)
    held = loaded.records[0]
    loaded.close()
    with h5py.File(path, "a") as file:  # HDF5 refuses that while the process has it open otherwise
        assert "about" in file
    with pytest.raises(RuntimeError, match="closed"):
        held.gradients[0]


def edited(saved, folder, change, *, whole=False):
    """A copy of the file whose text was changed by hand, in place or as a whole, with right checksums."""
    path = folder / "edited.h5"
    shutil.copy(saved, path)
    with h5py.File(path, "r+", libver="v110") as file:
        about = json.loads(file["about"][0])
        changed = change(about)
        # What the edits return by the way, such as an entry that was popped, is not meant.
        text = json.dumps(changed if whole else about).encode()
        del file["about"]
        kind = h5py.string_dtype("utf-8", len(text))
        file.create_dataset("about", data=np.array([text], kind), dtype=kind, chunks=(1,), fletcher32=True)
    return path


def swap(about):
    about["records"][1], about["records"][2] = about["records"][2], about["records"][1]


EDITS = {
    "settings that are nonsense": (lambda about: about["settings"].update(seed="x"), "seed must be a whole number"),
    "a setting out of its range": (lambda about: about["settings"].update(iterations=0), "iterations must be"),
    "a method that is none": (lambda about: about["settings"].update(method="best"), "method must be one of"),
    "an axis that is none": (lambda about: about["settings"]["axes"].update(jiter=2), "did you mean 'jitter'"),
    "an axis too few": (lambda about: about["settings"]["axes"].pop("jitter"), "axes must hold"),
    "a setting too few": (lambda about: about["settings"].pop("every"), "Expected the settings"),
    "a setting too many": (lambda about: about["settings"].update(more=1), "Expected the settings"),
    "a yes that is a number": (lambda about: about["settings"].update(strict=1), "strict must be true or false"),
    "epochs that are not sorted": (swap, "Epochs must rise: 1 comes after 2"),
    "an epoch twice": (lambda about: about["records"][2].update(epoch=1), "Epochs must rise"),
    "half an epoch": (lambda about: about["records"][2].update(epoch=1.5), "whole number from 0 for epoch, got 1.5"),
    "an epoch below zero": (lambda about: about["records"][0].update(epoch=-1), "from 0 for epoch, got -1"),
    "a record too few": (lambda about: about["records"].pop(), "expected"),
    "a record without logs": (lambda about: about["records"][0].pop("logs"), "Expected of a record"),
    "text for a number": (lambda about: about["records"][1]["logs"].update(loss="low"), "number .* got 'low'"),
    "a number for a name": (lambda about: about["layout"][0].update(name=7), "text for a layer's name, got 7"),
    "two layers of one name": (lambda about: about["layout"][0].update(name="second"), "must differ"),
    "a filter that was not drawn": (lambda about: about["layout"][0].update(filters=[0, 3]), "among the settings'"),
    "a filter too few": (lambda about: about["layout"][0].update(filters=[0]), "for 1 filters of 'first', got 2"),
    "another shape of a kernel": (
        lambda about: about["layout"][2]["parts"][0].update(shape=[3, 3, 4, 6]),
        "gradient of 'second/kernel' has shape",
    ),
    "a kind of kernel that is none": (
        lambda about: about["layout"][0]["parts"][0].update(kind="x"),
        "kind of a kernel",
    ),
    "a kernel too few": (lambda about: about["layout"][1]["parts"].pop(), "kernels of 'separable' must be one of"),
    "another shape of a weight": (lambda about: about["weights"][-1].update(shape=[4]), "expected gradients/8"),
    "another dtype of a weight": (lambda about: about["weights"][-1].update(dtype="float64"), "float64"),
    "whole numbers for gradients": (lambda about: about["weights"][-1].update(dtype="int8"), "float32 or float64"),
    "a weight that does not exist": (lambda about: about["records"][0]["weights"].append(99), "number 99"),
    "a gradient too few": (lambda about: about["records"][0]["weights"].pop(), "norm from 0 for each of 8"),
    "a norm below zero": (lambda about: about["records"][0]["norms"].__setitem__(0, -1.0), "norm from 0"),
    "an activation too few": (lambda about: about["records"][0]["activations"]["first"].pop(), "got 1"),
    "a layer that is not dead or alive": (lambda about: about["records"][0]["dead"].pop("first"), "Expected dead"),
    "dead as a number": (lambda about: about["records"][0]["dead"].update(first=[0, 1]), "true or false for dead"),
    "a note for a layer that is not there": (lambda about: about["records"][0]["notes"].update(x=[]), "the notes"),
    "gradients without a probe": (lambda about: about.update(probe_size=0), "no probe"),
    "an array for the whole": (lambda about: [about], "not a saved history"),
    "a size beyond all": (lambda about: about["weights"][-1].update(shape=[10**300]), "whole number"),
    "half a character": (lambda about: about.update(model="\ud800"), "cannot be read as a history"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_file_that_was_edited_is_refused_in_words(saved, tmp_path, edit):
    change, words = EDITS[edit]
    path = edited(saved, tmp_path, change, whole=edit == "an array for the whole")
    with pytest.raises(ValueError, match=words):
        FilterHistory.load(path)


def structures():
    """Ways to make another HDF5 file of a saved one: names, and what happens to it."""

    def replaced(key, **how):
        def change(file):
            data = file[key][...]
            del file[key]
            file.create_dataset(key, **{"data": data} | how)

        return change

    def linked(link):
        def change(file):
            del file["pictures/0"]
            file["pictures/0"] = link

        return change

    def claimed(file):
        del file["pictures/0"]
        shape = (3, 2, 2**20, 2**20, 3)
        file.create_dataset("pictures/0", shape, "u1", chunks=(1, 2, 2**10, 2**10, 3), fletcher32=True)

    def unwritten(file):
        del file["kernels/0/0"]
        file.create_dataset("kernels/0/0", (3, 3, 3, 3, 4), "f4", chunks=(1, 3, 3, 3, 4), fletcher32=True)

    def virtual(file):
        layout = h5py.VirtualLayout((3, 3, 3, 3, 4), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 3, 3, 4))
        del file["kernels/0/0"]
        file.create_virtual_dataset("kernels/0/0", layout)

    def external(file):
        del file["kernels/0/0"]
        file.create_dataset("kernels/0/0", (3, 3, 3, 3, 4), "f4", external="/etc/passwd")

    def to_itself(file):
        del file["kernels/0"]
        file["kernels/0"] = file["kernels"]

    good = {"chunks": (1, 2, 12, 12, 3), "fletcher32": True}
    return {
        "another shape": replaced("pictures/0", data=np.zeros((3, 2, 12, 12, 2), "u1"), chunks=(1, 2, 12, 12, 2)),
        "five channels": replaced(
            "pictures/0", data=np.zeros((3, 2, 12, 12, 5), "u1"), chunks=(1, 2, 12, 12, 5), fletcher32=True
        ),
        "a row too few": replaced("pictures/0", data=np.zeros((2, 2, 12, 12, 3), "u1"), **good),
        "another dtype": replaced("pictures/0", dtype="f4", **good),
        "text": replaced("pictures/0", data=np.array([["x"]], "S4")),
        "objects": replaced("pictures/0", data=["x"] * 3, dtype=h5py.string_dtype()),
        "references": replaced("pictures/0", data=np.array([None] * 3, object), dtype=h5py.ref_dtype),
        "a compound": replaced("pictures/0", data=np.zeros(3, [("a", "f4")])),
        "nothing": replaced("pictures/0", data=h5py.Empty("u1")),
        "one number": replaced("pictures/0", data=np.uint8(1)),
        "compressed": replaced("pictures/0", compression="gzip", **good),
        "without a checksum": replaced("pictures/0", chunks=(1, 2, 12, 12, 3)),
        "in one piece": replaced("pictures/0", chunks=None),
        "all in one chunk": replaced("pictures/0", chunks=(3, 2, 12, 12, 3), fletcher32=True),
        "another file's": linked(h5py.ExternalLink("/etc/passwd", "x")),
        "a soft link": linked(h5py.SoftLink("/pictures/1")),
        "a broken link": linked(h5py.SoftLink("/nowhere")),
        "a claim of 6 TB": claimed,
        "never written": unwritten,
        "virtual": virtual,
        "in an external file": external,
        "a group within itself": to_itself,
        "a group for an array": lambda file: (file.pop("pictures/0"), file.create_group("pictures/0")),
        "an array for a group": lambda file: (file.pop("pictures"), file.create_dataset("pictures", data=np.ones(3))),
        "one too many": lambda file: file.create_dataset("pictures/9", data=np.zeros(3)),
        "one too few": lambda file: file.pop("pictures/0"),
        "a group too many": lambda file: file.create_group("more"),
        "no text": lambda file: file.pop("about"),
        "a text of one letter": replaced("about", data=np.array([b"x"], "S1"), chunks=(1,), fletcher32=True),
        "a text without an end": replaced(
            "about", data=np.array([b"[" * 100_000], "S100000"), chunks=(1,), fletcher32=True
        ),
        "two texts": replaced("about", data=np.array([b"x", b"y"], "S1"), chunks=(1,), fletcher32=True),
        "numbers for the text": replaced("about", data=np.zeros(3), chunks=(1,), fletcher32=True),
    }


@pytest.mark.parametrize("name", structures())
def test_a_file_of_another_structure_is_refused_in_words(saved, tmp_path, name):
    path = shutil.copy(saved, tmp_path / "other.h5")
    with h5py.File(path, "r+", libver="v110") as file:
        structures()[name](file)
    with pytest.raises(ValueError, match=r"cannot be read as a history"):
        FilterHistory.load(path)


def npz_structures():
    """Ways to make another file of one of version 0.1.0: names, and what happens to its arrays."""

    def told(change):
        def edit(arrays):
            about = json.loads(arrays["about"].tobytes())
            change(about)
            arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)

        return edit

    kernel = "0/kernels/0/0"
    return {
        "settings that are nonsense": told(lambda about: about["settings"].update(seed="x")),
        "epochs that are not sorted": told(lambda about: about["records"][0].update(epoch=5)),
        "text for a number": told(lambda about: about["records"][1]["logs"].update(loss="low")),
        "a gradient too few": told(lambda about: about["records"][0].update(gradients=3)),
        "a weight too few": told(lambda about: about["records"][0]["weights"].pop()),
        "no layout": told(lambda about: about.pop("layout")),
        "a layer that was drawn and is not there": told(lambda about: about["records"][0].update(drawn=["x"])),
        "another shape of a kernel": lambda arrays: arrays.update({kernel: np.zeros((3, 3, 3, 5), np.float32)}),
        "another dtype": lambda arrays: arrays.update({kernel: arrays[kernel].astype(np.int32)}),
        "objects": lambda arrays: arrays.update({kernel: np.array([{}], object)}),
        "five channels": lambda arrays: arrays.update({"0/pictures/0": np.zeros((2, 12, 12, 5), np.uint8)}),
        "an array too few": lambda arrays: arrays.pop(kernel),
        "an array too many": lambda arrays: arrays.update({"more": np.zeros(3)}),
        "no text": lambda arrays: arrays.pop("about"),
    }


@pytest.mark.parametrize("name", npz_structures())
def test_a_file_of_0_1_0_that_was_edited_is_refused_in_words(tmp_path, name):
    with np.load(BY_0_1_0) as file:
        arrays = dict(file)
    npz_structures()[name](arrays)
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match="cannot be read as a history"):
        FilterHistory.load(tmp_path / "other.npz")


def test_a_file_of_0_1_0_is_not_believed_about_a_size(tmp_path):
    with np.load(BY_0_1_0) as file:
        arrays = dict(file)
    np.savez_compressed(tmp_path / "compressed.npz", **arrays)
    with pytest.raises(ValueError, match="compressed"):
        FilterHistory.load(tmp_path / "compressed.npz")
    claim = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (2, 2**20, 2**20, 3)}
    np.lib.format.write_array_header_1_0(claim, header)
    with zipfile.ZipFile(BY_0_1_0) as old, zipfile.ZipFile(tmp_path / "claim.npz", "w") as new:
        for entry in old.infolist():
            is_claim = entry.filename == "0/pictures/0.npy"
            new.writestr(entry.filename, claim.getvalue() if is_claim else old.read(entry))
    with pytest.raises(ValueError, match="pictures/0 is not whole"):
        FilterHistory.load(tmp_path / "claim.npz")


def everything(history):
    """All that a history tells, as bytes."""
    arrays = [array for record in history.records for array in record.large_arrays()]
    small = [each for r in history.records for each in (r.norms, *r.activations.values(), *r.dead.values())]
    words = repr((history.settings, history.layout, history.epochs, history.logs, history.weights, history.probe_size))
    notes = repr([(record.notes, record.problems) for record in history.records])
    return [words, notes, *(array.tobytes() + str((array.shape, array.dtype)).encode() for array in arrays + small)]


def test_a_file_that_was_cut_off_is_refused_by_its_name(saved, tmp_path):
    (tmp_path / "cut.h5").write_bytes(saved.read_bytes()[:-2])
    with pytest.raises(
        ValueError, match=r"cut\.h5' cannot be read .*\. Expected a file that FilterHistory.save wrote\."
    ):
        FilterHistory.load(tmp_path / "cut.h5")


def test_what_is_damaged_is_named_when_it_is_read(saved, tmp_path):
    with h5py.File(saved) as file:
        place = file["kernels/2/0"].id.get_chunk_info(1).byte_offset
    content = bytearray(saved.read_bytes())
    content[place] ^= 1
    (tmp_path / "damaged.h5").write_bytes(content)
    loaded = FilterHistory.load(tmp_path / "damaged.h5")
    with pytest.raises(OSError, match=r"damaged\.h5' is damaged at kernels/2/0\[1\]"):
        loaded.kernels("second")
    assert loaded.kernels("first").shape == (3, 3, 3, 3, 4)


def mutated(value, rng):
    """A JSON value with one thing in it changed to another type, taken away or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        if rng.random() < 0.15:
            return value[:place] + value[place + 1 :]
        return [*value[:place], mutated(value[place], rng), *value[place + 1 :]]
    return rng.choice([None, True, -1, 0, 2, 1.5, 10**400, "", "<b>", [], {}, [[]], {"a": 1}, math.nan])


def test_a_text_with_anything_changed_in_it_is_refused_or_makes_a_history_that_can_be_read(saved, tmp_path):
    rng, seen = random.Random(1), {"refused": 0, "read": 0}
    for _ in range(300):
        path = edited(saved, tmp_path, lambda about: mutated(about, rng), whole=True)
        try:
            history = FilterHistory.load(path)
        except ValueError:
            seen["refused"] += 1
            continue
        seen["read"] += 1
        everything(history)
        assert list(history.epochs) == sorted(set(history.epochs))
        assert isinstance(history.settings, Settings)
        for layer in history.layers:
            assert history.kernels(layer).shape == history.kernel_gradients(layer).shape
            assert history.pictures(layer).shape[:2] == history.activations(layer).shape
        repr(history)
        history.close()
    assert seen["refused"] > 200, seen
    assert seen["read"] > 0, seen
