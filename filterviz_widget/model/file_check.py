"""Looks at a model's file before Keras opens it: what it is, and whether it fits into memory unpacked."""

import contextlib
import json
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]  # it has no types
import keras
import psutil

from filterviz_widget.description.ranges import readable
from filterviz_widget.model.keras_private import weights_unmade
from filterviz_widget.store.hdf5 import file_is_endless, is_endless

SAFE_KERAS = (3, 11, 0)
"""From which Keras on safe mode runs no code of .keras files: CVE-2025-1550 (3.9.0) and CVE-2025-8747 (3.11.0)."""

SAFE_HDF5 = (3, 11, 3)
"""From which Keras on it is honoured for HDF5 files: CVE-2025-9905."""

FLOOR = 64 * 2**20
"""Bytes unpacked below which nothing is suspicious."""

LARGEST_RATIO = 100
"""How many times larger a part may be unpacked: Keras packs nothing, and float weights hardly become smaller."""

MOST_WEIGHTS = 8
"""How many times more its weights may take than the file unpacked: they may be stored as half-precision numbers."""

WIDTH = 4
"""Bytes of a weight, mostly."""

ZIP, HDF5, PICKLE = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x80"
CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def check_file(path: Path) -> int:
    """Refuses a file that is no model's, or that would not fit into memory.

    Args:
        path: Of a .keras, .h5 or .hdf5 file that exists.

    Returns:
        How many bytes it takes unpacked.

    Raises:
        ValueError: In words.
    """
    is_zip = path.suffix == ".keras"
    needed = SAFE_KERAS if is_zip else SAFE_HDF5
    if _version(keras.__version__) < needed:
        wanted = ".".join(map(str, needed))
        raise ValueError(
            f"A {path.suffix} file may contain code that Keras {keras.__version__} runs even in safe mode; from Keras "
            f"{wanted} on it does not. If you trust {str(path)!r}, load it yourself with keras.saving.load_model(path) "
            "and pass the model."
        )
    with path.open("rb") as file:
        start = file.read(len(HDF5))
    if not start.startswith(ZIP if is_zip else HDF5):
        raise ValueError(f"{str(path)!r} is not a {path.suffix} file{_what(start, is_zip)}.")
    with _in_words(path):
        sizes = list(_in_zip(path) if is_zip else _in_hdf5(path))
    total, limit = sum(size for _, size, _ in sizes), memory_limit()
    if total > max(limit, FLOOR):
        raise ValueError(
            f"{str(path)!r} is refused: unpacked it takes {readable(total)}, and there are {readable(limit)} of memory."
        )
    for name, size, packed in sizes:
        if size > FLOOR and size > LARGEST_RATIO * packed:
            raise ValueError(
                f"{str(path)!r} is refused: its part {name!r} takes {readable(packed)} in the file and "
                f"{readable(size)} unpacked, as in a zip bomb."
            )
    if total > max(FLOOR, LARGEST_RATIO * path.stat().st_size):
        raise ValueError(
            f"{str(path)!r} is refused: it has {readable(path.stat().st_size)}, and {readable(total)} unpacked, as a "
            "zip bomb of many parts."
        )
    with _in_words(path):
        endless = any(map(is_endless, _parts_of_hdf5(path))) if is_zip else file_is_endless(path)
    if endless:
        raise ValueError(f"{str(path)!r} is damaged: a part of it has no end, and HDF5 would read it for ever.")
    return total


def check_weights(path: Path, stored: int) -> None:
    """Refuses a model of many more weights than its file holds: Keras makes all of them before it looks for them.

    What Keras cannot make of the file is for Keras to say.

    Args:
        path: Of a file that was checked.
        stored: Bytes that it takes unpacked.

    Raises:
        ValueError: In words.
    """
    made: list[Any] = []
    with contextlib.suppress(Exception), weights_unmade(made):
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                config = json.loads(archive.read("config.json"))
            keras.saving.deserialize_keras_object(config | {"compile_config": None}, safe_mode=True)
        else:  # where it is in words of another time
            keras.saving.load_model(path, compile=False, safe_mode=True)
    wanted = sum(math.prod(each.shape) * WIDTH for each in made)
    if wanted > max(FLOOR, MOST_WEIGHTS * stored):
        raise ValueError(
            f"{str(path)!r} is refused: its layers would have weights of {readable(wanted)}, and it holds "
            f"{readable(stored)}. Expected a file that holds the weights of its model."
        )


def memory_limit() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's."""
    limit = psutil.virtual_memory().total
    for file in map(Path, CONTROL_GROUPS):
        try:
            limit = min(limit, int(file.read_text("ascii")))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return limit


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Of a damaged file, zipfile, zlib and h5py raise what they come upon."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{str(path)!r} is damaged, perhaps cut off in a download ({type(error).__name__}: {error})."
        ) from error


def _in_zip(path: Path) -> Iterator[tuple[str, int, int]]:
    """The parts of a .keras file: name, bytes unpacked, bytes in the file."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            yield info.filename, info.file_size, info.compress_size
        # What is packed within the parts, which can be told once these are known to be small.
        for info in archive.infolist():
            is_small = info.file_size <= max(FLOOR, LARGEST_RATIO * info.compress_size)
            if is_small and info.filename.endswith((".h5", ".npz")):
                with archive.open(info) as part:
                    inner = _parts_of_npz(part) if info.filename.endswith(".npz") else _datasets(part)
                    yield from ((f"{info.filename}/{name}", size, packed) for name, size, packed in inner)


def _parts_of_hdf5(path: Path) -> Iterator[bytes]:
    """The parts of a .keras file that HDF5 reads, one by one."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".h5"):
                yield archive.read(info)


def _parts_of_npz(file: Any) -> Iterator[tuple[str, int, int]]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            yield info.filename, info.file_size, info.compress_size


def _in_hdf5(path: Path) -> Iterator[tuple[str, int, int]]:
    with path.open("rb") as file:
        yield from _datasets(file)


def _datasets(file: Any) -> Iterator[tuple[str, int, int]]:
    """The arrays of an HDF5 file, which may declare more than they store."""
    found: list[tuple[str, int, int]] = []

    def add(name: str, thing: Any) -> None:
        if isinstance(thing, h5py.Dataset) and thing.size is not None:
            found.append((name, int(thing.size) * thing.dtype.itemsize, int(thing.id.get_storage_size())))
        for said in thing.attrs:  # which are read whole
            about = thing.attrs.get_id(said)
            if about.shape is not None:
                found.append((f"{name}@{said}", math.prod(about.shape) * about.dtype.itemsize, 0))

    with h5py.File(file, "r") as archive:
        add("", archive)
        archive.visititems(add)
    yield from found


def _what(start: bytes, is_zip: bool) -> str:
    if start.startswith(PICKLE):
        return ", but a pickle: unpickle it yourself if you trust it, and pass the model"
    if is_zip and start == HDF5:
        return ", but HDF5: rename it to .h5"
    if not is_zip and start.startswith(ZIP):
        return ", but a zip archive: rename it to .keras"
    return ": it is empty" if not start else ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
