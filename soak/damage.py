"""Files as disks, downloads and hostile people leave them."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

LENGTHS = (1, 2, 8, 64, 512, 4096)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The bytes of a file with some of them changed, lost, moved or doubled."""
    whole = bytearray(content)
    kind, place = int(rng.integers(6)), int(rng.integers(len(whole)))
    length = min(int(rng.choice(LENGTHS)), len(whole) - place)
    if kind == 0:
        whole[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        whole[place : place + length] = rng.bytes(length)
    elif kind == 2:
        whole[place : place + length] = bytes(length)
    elif kind == 3:
        del whole[place:]
    elif kind == 4:
        del whole[place : place + length]
    else:
        other = int(rng.integers(len(whole) - length + 1))
        whole[place : place + length] = whole[other : other + length]
    return bytes(whole)


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self._canary,)


def hostile_models(keras_file: Path, h5_file: Path, folder: Path, canary: Path) -> list[Path]:
    """Files that would run code, write elsewhere, read elsewhere or fill the memory."""
    made = {
        "pickle.keras": pickle.dumps(Trap(canary)),
        "pickle.h5": pickle.dumps(Trap(canary)),
        "pickle.pb": pickle.dumps(Trap(canary)),
        "nothing.keras": b"",
        "nothing.h5": b"",
        "zip.h5": keras_file.read_bytes(),
        "hdf5.keras": h5_file.read_bytes(),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    files = [folder / name for name in made]
    elsewhere = str(canary), "../../canary", "assets/../../../canary", "C:\\canary", "..\\canary"
    for number, address in enumerate(elsewhere):
        with_parts(keras_file, path := folder / f"leads-elsewhere-{number}.keras", {address: b"x", "assets/a": b"y"})
        files.append(path)
    bomb = io.BytesIO()
    np.savez_compressed(bomb, **{str(number): np.zeros(50_000_000, np.uint8) for number in range(4)})
    with_parts(keras_file, path := folder / "bomb.keras", {f"{n}.npz": bomb.getvalue() for n in range(40)})
    files.append(path)
    with_parts(keras_file, path := folder / "bombs.keras", {f"assets/{n}": bytes(60_000_000) for n in range(10)})
    files.append(path)
    for number, code in enumerate(lambdas(canary)):
        (path := folder / f"code-{number}.keras").write_bytes(keras_file.read_bytes())
        with zipfile.ZipFile(keras_file) as archive:
            config = json.loads(archive.read("config.json"))
        config["config"]["layers"].insert(1, code)
        with_parts(keras_file, path, {"config.json": json.dumps(config).encode()})
        files.append(path)
    for number, link in enumerate((h5py.ExternalLink(str(h5_file), "model_weights"), h5py.SoftLink("/nowhere"))):
        (path := folder / f"link-{number}.h5").write_bytes(h5_file.read_bytes())
        with h5py.File(path, "r+") as file:
            del file["model_weights"]
            file["model_weights"] = link
        files.append(path)
    return files


def lambdas(canary: Path) -> list[dict[str, Any]]:
    """Layers that run code when they are made from their configuration, as Keras writes them and as it was tricked."""
    code = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    function = {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function"}
    given = {"name": "code", "arguments": {"source": code}}
    plain = {"module": "keras.layers", "registered_name": None, "class_name": "Lambda"}
    return [
        {**plain, "config": {**given, "function": function}},
        {**plain, "config": {**given, "function": {"class_name": "__lambda__", "config": {"code": "4wA=\n"}}}},
        {"module": "pathlib", "class_name": "Path.touch", "config": str(canary), "registered_name": None},
        {"module": "os", "class_name": "system", "config": f"touch {canary}", "registered_name": None},
    ]


def with_parts(source: Path, path: Path, parts: dict[str, bytes]) -> None:
    """The same .keras archive with other parts, or more, packed."""
    with zipfile.ZipFile(source) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (whole | parts).items():
            archive.writestr(name, part)


def hostile_histories(h5_file: Path, npz_file: Path, folder: Path, canary: Path) -> list[Path]:
    """The same for saved histories."""
    made = {"pickle.h5": pickle.dumps(Trap(canary)), "nothing.h5": b"", "pickle.npz": pickle.dumps(Trap(canary))}
    for name, content in made.items():
        (folder / f"history-{name}").write_bytes(content)
    files = [folder / f"history-{name}" for name in made]
    with np.load(npz_file) as file:
        arrays = dict(file)
    kernel = next(name for name in arrays if "/kernels/" in name)
    np.savez(path := folder / "objects.npz", **arrays | {kernel: np.array([Trap(canary)], object)})
    files.append(path)
    np.savez_compressed(path := folder / "bomb.npz", **arrays | {kernel: np.zeros(100_000_000, np.float32)})
    files.append(path)
    with zipfile.ZipFile(npz_file) as archive, zipfile.ZipFile(path := folder / "elsewhere.npz", "w") as other:
        for name in archive.namelist():
            other.writestr(f"../../{name}" if name == f"{kernel}.npy" else name, archive.read(name))
    files.append(path)
    links = (h5py.ExternalLink(str(h5_file), "pictures"), h5py.SoftLink("/pictures/1"), h5py.SoftLink("/nowhere"))
    for number, link in enumerate(links):
        (path := folder / f"history-link-{number}.h5").write_bytes(h5_file.read_bytes())
        with h5py.File(path, "r+", libver="v110") as file:
            del file["pictures/0"]
            file["pictures/0"] = link
        files.append(path)
    return files
