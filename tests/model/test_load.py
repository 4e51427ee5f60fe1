"""Files: what is no model, would run code or fill the memory is refused before it is opened; reasons are Keras' own."""

import json
import pickle
import random
import time
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model import file_check, read_model
from tests.model.networks import conv


@pytest.fixture
def saved(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.DepthwiseConv2D(3), conv(2)])

    def save(suffix):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        return path

    return save


GROUPS = r"Unrecognized keyword arguments passed to DepthwiseConv2D: \{'groups': 1\}\)"


def rewritten(path, change):
    """The same .keras archive with another config."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(next(layer for layer in config["config"]["layers"] if layer["class_name"] == "DepthwiseConv2D"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in (parts | {"config.json": json.dumps(config).encode()}).items():
            archive.writestr(name, part)
    return path


def with_groups(layer):
    layer["config"]["groups"] = 1  # as files of Keras 2 have it


def of_ones_own(layer):
    layer.update(class_name="Mine", module="mine", registered_name="mine>Mine")


def test_keras_own_reason_is_kept_for_keras_files(saved):
    with pytest.raises(ValueError, match=GROUPS):
        read_model(rewritten(saved(".keras"), with_groups))
    with pytest.raises(ValueError, match=r"Could not locate class 'Mine'\.\)\. .*custom_objects="):
        read_model(rewritten(saved(".keras"), of_ones_own))


def test_keras_own_reason_is_kept_for_hdf5_files(saved):
    path = saved(".h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        with_groups(config["config"]["layers"][1])
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match=GROUPS):
        read_model(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_code_in_a_file_is_not_run(tmp_path, suffix):
    model = keras.Sequential([keras.Input((8, 8, 3)), conv(), layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / f"model{suffix}")
    with pytest.raises(ValueError, match=r"Requested the deserialization of a `Lambda` layer.*safe_mode="):
        read_model(tmp_path / f"model{suffix}")


@pytest.mark.parametrize(
    ("suffix", "version", "is_safe"),
    [
        (".h5", "3.11.2", False),
        (".h5", "3.9.0", False),
        (".h5", "3.11.3", True),
        (".h5", "3.12.0.dev2025", True),
        (".hdf5", "3.11.2", False),
        (".keras", "3.10.0", False),
        (".keras", "3.11.0", True),
        (".keras", "4.0.0", True),
    ],
)
def test_a_keras_whose_safe_mode_runs_code_is_not_trusted_with_a_file(saved, monkeypatch, suffix, version, is_safe):
    path = saved(".h5" if suffix == ".hdf5" else suffix)
    path = path.rename(path.with_suffix(suffix))
    monkeypatch.setattr(keras, "__version__", version)
    if is_safe:
        assert read_model(path).layers
    else:
        with pytest.raises(ValueError, match=rf"Keras {version} runs even in safe mode; from Keras 3\.11\.\d on"):
            read_model(path)


@pytest.mark.parametrize(
    ("suffix", "contents", "said"),
    [
        (".keras", b"", "is not a .keras file: it is empty"),
        (".h5", b"", "is not a .h5 file: it is empty"),
        (".keras", b"no model", "is not a .keras file."),
        (".keras", pickle.dumps([1]), "is not a .keras file, but a pickle: unpickle it yourself if you trust it"),
        (".h5", pickle.dumps([1]), "is not a .h5 file, but a pickle"),
        (".h5", b"PK\x03\x04 and more", "is not a .h5 file, but a zip archive: rename it to .keras"),
        (".keras", b"\x89HDF\r\n\x1a\n and more", "is not a .keras file, but HDF5: rename it to .h5"),
        (".keras", b"PK\x03\x04 and more", "is damaged, perhaps cut off in a download (BadZipFile"),
        (".h5", b"\x89HDF\r\n\x1a\n and more", "is damaged, perhaps cut off in a download (OSError"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_words(tmp_path, suffix, contents, said):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"is not a|is damaged") as caught:
        read_model(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused_in_words(saved, suffix, share):
    path = saved(suffix)
    contents = path.read_bytes()
    path.write_bytes(contents[: int(len(contents) * share)])
    with pytest.raises(ValueError, match="is damaged, perhaps cut off in a download"):
        read_model(path)


@pytest.mark.parametrize("in_zip", [False, True])
def test_a_file_that_hdf5_would_read_for_ever_is_refused_in_words(saved, in_zip):
    content = bytearray(saved(".h5").read_bytes())
    start = content.index(b"GCOL")
    content[start + 64 : start + 4096] = bytes(4096 - 64)
    path = saved(".keras" if in_zip else ".h5")
    if in_zip:
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
            archive.writestr("model.weights.h5", content)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: a part of it has no end, and HDF5 would read it for ever"):
        read_model(path)


def test_a_folder_and_weights_without_a_model_are_refused_in_words(tmp_path):
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(ValueError, match=r"is a folder. Expected a .keras or .h5 file"):
        read_model(tmp_path / "model.keras")
    keras.Sequential([keras.Input((8, 8, 3)), conv(2)]).save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ValueError, match=r"holds weights only. Make the model, load them with model.load_weights"):
        read_model(tmp_path / "model.weights.h5")


MANY = 10**9


def bomb(path, part):
    """A .keras file of a few kilobytes with one part of a gigabyte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
        with archive.open(part, "w", force_zip64=True) as file:
            for _ in range(100):
                file.write(bytes(MANY // 100))


def declaring(path):
    """An HDF5 file that stores nothing of the gigabytes that it declares."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        file.create_dataset("model_weights/kernel", (10, MANY), "float32", compression="gzip", chunks=(1, 10**6))


@pytest.mark.parametrize("part", ["config.json2", "model.weights.h5", "model.weights.npz", "assets/words.txt"])
def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path, monkeypatch, part):
    bomb(tmp_path / "bomb.keras", part)
    assert (tmp_path / "bomb.keras").stat().st_size < 2e6
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras opened it"))
    began = time.perf_counter()
    with pytest.raises(ValueError, match=rf"part '{part}' takes .* in the file and 1 GB unpacked, as in a zip bomb"):
        read_model(tmp_path / "bomb.keras")
    assert time.perf_counter() - began < 1


def test_a_zip_bomb_of_many_parts_that_are_small_each_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras opened it"))
    with zipfile.ZipFile(tmp_path / "bombs.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"assets/{number}", bytes(50 * 10**6))
    with pytest.raises(
        ValueError, match=r"bombs.keras' is refused: it has 19\d kB, and 200 MB unpacked, as a zip bomb"
    ):
        read_model(tmp_path / "bombs.keras")


@pytest.mark.parametrize("address", ["{}", "../{}", "assets/../../{}", "..\\{}"])
def test_nothing_is_written_where_an_address_in_a_file_leads_to(saved, tmp_path, address):
    path, name = saved(".keras"), "written-by-an-address"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(address.format(str(tmp_path / name) if address == "{}" else name), b"x")
        archive.writestr("assets/words.txt", b"x")
    assert read_model(path).layers
    assert not [found for found in (*tmp_path.rglob("*"), *Path().glob("*")) if name in found.name]


def test_arrays_that_declare_more_than_they_store_are_refused_in_hdf5_and_within_keras_files(tmp_path, monkeypatch):
    monkeypatch.setattr(file_check, "memory_limit", lambda: 10**12)
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras opened it"))
    declaring(tmp_path / "bomb.h5")
    with pytest.raises(ValueError, match=r"part 'model_weights/kernel' takes 0 bytes in the file and 40 GB unpacked"):
        read_model(tmp_path / "bomb.h5")
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w") as archive:
        archive.write(tmp_path / "bomb.h5", "model.weights.h5")
    with pytest.raises(ValueError, match=r"part 'model.weights.h5/model_weights/kernel' takes 0 bytes .* 40 GB"):
        read_model(tmp_path / "bomb.keras")
    bomb(tmp_path / "inner.npz", "kernel.npy")
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w") as archive:
        archive.write(tmp_path / "inner.npz", "model.weights.npz")
    with pytest.raises(ValueError, match=r"part 'model.weights.npz/kernel.npy' takes .* 1 GB unpacked"):
        read_model(tmp_path / "bomb.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_of_more_weights_than_its_file_holds_is_refused_before_they_are_made(saved, suffix):
    """As a digit that was changed makes one, or somebody who wants the memory."""
    path = saved(suffix)

    def grow(layers):
        next(layer for layer in layers if layer["class_name"] == "Conv2D")["config"]["filters"] = 10**9

    if suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(parts["config.json"])
        grow(config["config"]["layers"])
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in (parts | {"config.json": json.dumps(config).encode()}).items():
                archive.writestr(name, part)
    else:
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            grow(config["config"]["layers"])
            file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match=r"is refused: its layers would have weights of \d+ GB, and it holds \d+"):
        read_model(path)


def test_what_would_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file_check, "memory_limit", lambda: 70 * 10**6)
    with zipfile.ZipFile(tmp_path / "large.keras", "w") as archive:
        archive.writestr("config.json", np.random.default_rng(0).bytes(10**8))
    with pytest.raises(ValueError, match=r"is refused: unpacked it takes 100 MB, and there are 70 MB of memory"):
        read_model(tmp_path / "large.keras")


def test_the_memory_of_a_container_counts(tmp_path, monkeypatch):
    for contents, expected in (("123456789\n", 123456789), ("max\n", file_check.psutil.virtual_memory().total)):
        (tmp_path / "memory.max").write_text(contents)
        monkeypatch.setattr(file_check, "CONTROL_GROUPS", (str(tmp_path / "memory.max"), str(tmp_path / "nowhere")))
        assert file_check.memory_limit() == expected


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_loading_a_file_leaves_names_and_generators_as_they_were(saved, suffix):
    path = saved(suffix)
    first, before = layers.Dense(1).name, random.getstate()
    read_model(path)
    assert random.getstate() == before
    number = int(first.removeprefix("dense").removeprefix("_") or 0)
    assert layers.Dense(1).name == f"dense_{number + 1}"
