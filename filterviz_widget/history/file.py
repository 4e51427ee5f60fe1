"""A history in a file: arrays in HDF5, and a text of JSON for everything else."""

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]  # it has no types
import numpy as np

from filterviz_widget.description.ranges import short
from filterviz_widget.history import npz
from filterviz_widget.history.archive import OPTIONS, Archive, written
from filterviz_widget.history.contents import Contents, Said, from_json, to_json
from filterviz_widget.history.record import Record
from filterviz_widget.history.store import Store
from filterviz_widget.store.atomic import whole_file
from filterviz_widget.store.hdf5 import file_is_endless
from filterviz_widget.store.paths import expanded

ABOUT = "about"
CHECKSUM = 4
"""Bytes that HDF5's `fletcher32` adds to each array."""


def write(path: str | Path, contents: Contents, records: Sequence[Record]) -> None:
    """Writes everything, or leaves what was at `path`.

    Raises:
        ValueError: If the file's name does not end in `.h5` or `.hdf5`.
        OSError: If it cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".h5", ".hdf5"):
        old = " What version 0.1.0 wrote as .npz is still read." if suffix == ".npz" else ""
        raise ValueError(f"The history is written as HDF5: expected a name ending in .h5, got {str(path)!r}.{old}")
    with whole_file(path) as part:
        with written(part):
            file = h5py.File(part, "w", **OPTIONS)
        try:
            archive = Archive(file, [layer.name for layer in contents.layout])
            stored = archive.write(records)
            text = json.dumps(to_json(contents, archive.weights, stored)).encode()
            kind = h5py.string_dtype("utf-8", len(text))
            with written(part):
                file.create_dataset(ABOUT, data=np.array([text], kind), dtype=kind, chunks=(1,), fletcher32=True)
        except BaseException:
            with contextlib.suppress(Exception):  # which would say less
                file.close()
            raise
        with written(part):
            file.close()  # writes what is left


def read(path: str | Path, store: Store) -> Contents:
    """Opens a file for a store: its arrays are read when they are asked for.

    Raises:
        ValueError: If it is no such file, is damaged or contradicts itself, or is of a newer version.
        OSError: If it cannot be read.
    """
    path = expanded(path)
    with path.open("rb") as opened:
        begin = opened.read(8)
    with _in_words(path):
        if begin.startswith(b"PK"):
            contents, records = npz.read(path)
            for record in records:
                store.append(record)
            return contents
        if begin != b"\x89HDF\r\n\x1a\n":
            raise ValueError("it is not a saved history: neither HDF5 nor, as version 0.1.0 wrote it, .npz")
        if file_is_endless(path):
            raise ValueError("a part of it has no end, and HDF5 would read it for ever")
        file = h5py.File(path, "r", rdcc_nbytes=0, locking=False)
        try:
            said = from_json(_about(file))
            size = _check_arrays(file, said, path.stat().st_size)
        except BaseException:
            file.close()
            raise
        contents = said.contents
        archive = Archive(file, [layer.name for layer in contents.layout], said.weights)
        archive.nbytes = size
        parts = {layer.name: len(layer.parts) for layer in contents.layout}
        store.adopt(
            archive,
            [archive.next(record.frozen(), numbers, parts, record.activations) for record, numbers in said.heads],
        )
        return contents


@contextlib.contextmanager
def _in_words(path: str | Path) -> Iterator[None]:
    """Whatever h5py, zipfile and NumPy raise where a file is damaged, as the error that is documented."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:  # the system's, and not of what is in the file
            raise
        words = str(error) if type(error) is ValueError else f"it is damaged ({type(error).__name__}: {error})"
        words = f"{words.rstrip('.')}. Expected a file that FilterHistory.save wrote."
        raise ValueError(f"{str(path)!r} cannot be read as a history: {words}") from error


def _about(file: Any) -> Any:
    """What the file says of itself, as JSON."""
    if ABOUT not in file:
        raise ValueError("it is not a saved history, but another HDF5 file")
    text = _plain_set(file, ABOUT)
    if text.shape != (1,) or text.dtype.kind != "S":
        raise ValueError(f"its text must be one, got {text.dtype} {text.shape}")
    _check_storage(text, ABOUT)
    return json.loads(text[0])


def _check_arrays(file: Any, said: Said, file_size: int) -> int:
    """Compares the data sets with what is said of them, and reads none of their arrays.

    Returns:
        How many bytes they take.

    Raises:
        ValueError: If one is missing, too many, of another shape or dtype, or not whole.
    """
    rows = _rows(said)
    groups: dict[str, set[str]] = {"": {ABOUT}}
    for key in rows:
        *outer, name = key.split("/")
        for depth in range(len(outer)):
            groups.setdefault("/".join(outer[:depth]), set()).add(outer[depth])
        groups.setdefault("/".join(outer), set()).add(name)
    for name, expected in groups.items():
        group = file[name] if name else file
        if not isinstance(group, h5py.Group):
            raise ValueError(f"expected {name} to hold {sorted(expected)}, got {group}")
        # Not one after another, `for each in group`: there HDF5 (1.14.6) crashes in a damaged file.
        missing = sorted(each for each in expected if not isinstance(_link(group, each), h5py.HardLink))
        if missing or len(group) != len(expected):
            raise ValueError(
                f"expected {short(sorted(expected))} in {name or 'the file'} itself, got {len(group)} there"
            )
    total = 0
    for key, (count, shape, dtypes) in rows.items():
        data = _plain_set(file, key)
        wanted = tuple(got if side is None else side for side, got in zip(shape, data.shape[1:], strict=False))
        if data.dtype not in map(np.dtype, dtypes) or data.shape != (count, *wanted):
            shapes = (count, *("any" if side is None else side for side in shape))
            raise ValueError(f"expected {key} to be {' or '.join(dtypes)} {shapes}, got {data.dtype} {data.shape}")
        if key.startswith("pictures/") and (data.shape[-1] not in (1, 3) or 0 in data.shape):
            raise ValueError(f"expected pictures with 1 or 3 channels, got {data.shape}")
        total += _check_storage(data, key)
    if total > file_size:
        raise ValueError(f"its arrays would take {total:,} bytes, the file has {file_size:,}")
    return total


def _rows(said: Said) -> dict[str, tuple[int, tuple[int | None, ...], tuple[str, ...]]]:
    """Per data set: how many rows, of which shape (None for any size), of which dtypes."""
    rows: dict[str, tuple[int, tuple[int | None, ...], tuple[str, ...]]] = {}
    count, layout = len(said.heads), said.contents.layout
    used = Counter(number for head in said.heads for number in head.weights)
    for number, weight in enumerate(said.weights):
        rows[f"gradients/{number}"] = used[number], weight.shape, (weight.dtype,)
    for number, layer in enumerate(layout if count else ()):
        for part, kernel in enumerate(layer.parts):
            rows[f"kernels/{number}/{part}"] = count, kernel.shape, ("float32", "float64")
        if drawn := sum(layer.name in head.record.activations for head in said.heads):
            rows[f"pictures/{number}"] = drawn, (len(layer.filters), None, None, None), ("uint8",)
    return rows


def _plain_set(file: Any, key: str) -> Any:
    """A data set as this package writes it: in the file itself, with checksums, and nothing to be unpacked.

    Raises:
        ValueError: If it is something else.
    """
    data = file[key] if isinstance(_link(file, key), h5py.HardLink) else None
    if not isinstance(data, h5py.Dataset):
        raise ValueError(f"expected {key} to be an array")
    how = data.id.get_create_plist()
    filters = [how.get_filter(index)[0] for index in range(how.get_nfilters())]
    is_own = how.get_layout() == h5py.h5d.CHUNKED and how.get_external_count() == 0
    if not is_own or filters != [h5py.h5z.FILTER_FLETCHER32] or data.chunks[0] != 1:
        raise ValueError(f"{key} is not stored as a history's array: expected one chunk for each, with a checksum")
    return data


def _link(group: Any, name: str) -> Any:
    return group.get(name, getlink=True)


def _check_storage(data: Any, key: str) -> int:
    """How many bytes an array takes in the file.

    Raises:
        ValueError: If that is not what its shape needs: reading it would make up what is missing.
    """
    each = math.prod(data.shape[1:]) * data.dtype.itemsize
    expected = data.shape[0] * (each + CHECKSUM) if each else 0
    if data.chunks[1:] != tuple(side or 1 for side in data.shape[1:]) or data.id.get_storage_size() != expected:
        raise ValueError(f"{key} is not whole: its shape {data.shape} needs {expected:,} bytes")
    return int(expected)
