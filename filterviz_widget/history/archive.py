"""Arrays of records in an HDF5 file: the one format for what does not fit into memory, for saving and for opening."""

import contextlib
import errno
import os
import re
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, overload

import h5py  # type: ignore[import-untyped]  # it has no types
import numpy as np

from filterviz_widget.history.record import Array, Record, read_only
from filterviz_widget.interrupts import WholeLock, check, finalizer

OPTIONS = {"libver": "v110", "rdcc_nbytes": 0, "locking": False}
"""From this version of the format on, whatever in HDF5 is not an array has a checksum; each array is given one
(`fletcher32`). Nothing is cached, as nothing is read twice, and no lock is asked for: nobody writes to a file that
others see."""

BLOCK = 64e6
"""Bytes of arrays that are written at a time."""

CLOSED = "This history is closed: its records are gone. Save it before, with save(path)."


@contextlib.contextmanager
def written(name: str | Path) -> Iterator[None]:
    """Says what HDF5 cannot write as an OSError with the file's name: it has an exception for each way to fail."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        number = getattr(error, "errno", None) or int((*re.findall(r"errno = (\d+)", str(error)), errno.EIO)[0])
        raise OSError(number, f"It could not be written ({os.strerror(number)})", str(name)) from error


class Weight(NamedTuple):
    """What the gradients of one weight look like: its name, its shape, and the dtype's name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Archive:
    """A file of arrays: one data set per weight, kernel and layer, with a row for each record that has such an array.

    | name | shape | dtype |
    |---|---|---|
    | gradients/<weight> | (rows, *weight) | float32 or float64 |
    | kernels/<layer>/<part> | (rows, height, width, inputs, filters) | float32 or float64 |
    | pictures/<layer> | (rows, filters, height, width, channels) | uint8 |

    Weights and layers are numbers. Safe for several threads.

    Args:
        file: An open file. It is closed with the archive: by `close()`, when nobody holds the archive or a record in it
            any more, or at exit.
        layers: Names of the layers by number, as far as they are known.
        weights: What gradients there are of by number, likewise.
        folder: To be removed with it.

    Attributes:
        nbytes: Of all arrays that were written.
    """

    def __init__(
        self, file: Any, layers: Iterable[str] = (), weights: Iterable[Weight] = (), folder: Path | None = None
    ) -> None:
        self._file, self._name = file, file.filename
        self._layers = {name: number for number, name in enumerate(layers)}
        self._weights = {weight: number for number, weight in enumerate(weights)}
        self._rows: Counter[str] = Counter()
        self._sets: dict[str, Any] = {}
        self._lock = WholeLock()
        self._finalizer = weakref.finalize(self, _discard, file, folder, os.getpid())
        self.nbytes = 0

    @classmethod
    def temporary(cls) -> "Archive":
        """A new one in the system's folder for temporary files.

        Raises:
            OSError: If there is no room.
        """
        folder = Path(tempfile.mkdtemp(prefix="filter-history-"))
        try:
            return cls(h5py.File(folder / "records.h5", "w", **OPTIONS), folder=folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @property
    def weights(self) -> list[Weight]:
        """What there are gradients of, by number."""
        return list(self._weights)

    def weight(self, name: str, gradient: Array) -> int:
        """The number of a weight, which it is given here if it has none yet."""
        return self._weights.setdefault(Weight(name, gradient.shape, gradient.dtype.name), len(self._weights))

    def extend(self, records: Iterable[Record]) -> list[Record]:
        """Writes the arrays of records.

        Returns:
            The records, which read them when they are asked for.

        Raises:
            OSError: If that fails; what was written before stays readable.
        """
        with self._lock:
            rows, moved = self._rows.copy(), []
            block: dict[str, list[Array]] = {}
            for record in records:
                named = zip(record.weights, record.gradients, strict=True)
                weights = [self.weight(name, gradient) for name, gradient in named]
                for name in record.kernels:
                    self._layers.setdefault(name, len(self._layers))
                parts = {name: len(kernels) for name, kernels in record.kernels.items()}
                stored = self._stored(record, weights, parts, list(record.pictures), rows)
                for key, array in zip(_keys(stored), record.large_arrays(), strict=True):
                    block.setdefault(key, []).append(array)
                moved.append(stored)
            for key, arrays in block.items():
                whole = np.stack(arrays)
                with written(self._name):
                    data, first = self._set(key, arrays[0]), self._rows[key]
                    data.resize(first + len(arrays), axis=0)
                    data[first:] = whole
            self._rows = rows
            self.nbytes += sum(array.nbytes for arrays in block.values() for array in arrays)
        return moved

    def write(self, records: Iterable[Record]) -> list[Record]:
        """As `extend`, for many records: holds few of them at a time."""
        block: list[Record] = []
        written: list[Record] = []
        held = 0
        for record in records:
            check()
            block.append(record.in_memory())
            held += block[-1].nbytes
            if held > BLOCK:
                written += self.extend(block)
                block, held = [], 0
        return written + self.extend(block)

    def next(self, head: Record, weights: Sequence[int], parts: Mapping[str, int], drawn: Iterable[str]) -> Record:
        """The next record, in the order in which they were written, of a file that was opened.

        Args:
            head: All but its large arrays.
            weights: What it has gradients of, by number.
            parts: How many kernels each layer has.
            drawn: The layers that have pictures.
        """
        return self._stored(head, weights, parts, drawn, self._rows)

    def read(self, key: str, row: int) -> Array:
        """One array.

        Raises:
            RuntimeError: If the archive is closed.
            OSError: If the file is damaged there.
        """
        with self._lock:
            if not self._finalizer.alive:
                raise RuntimeError(CLOSED)
            try:
                return read_only(np.asarray(self._set(key)[row]))
            except (OSError, RuntimeError, KeyError) as error:  # HDF5 has one for each way to fail
                raise OSError(f"The history in {self._name!r} is damaged at {key}[{row}]: {error}") from error

    def close(self) -> None:
        """Closes the file, and removes one that was temporary."""
        with self._lock:
            self._sets.clear()
            self._finalizer()

    def _stored(
        self, head: Record, weights: Sequence[int], parts: Mapping[str, int], drawn: Iterable[str], rows: Counter[str]
    ) -> Record:
        """The record with its arrays in the next rows of the file."""

        def arrays(group: str, numbers: Iterable[int]) -> Arrays:
            numbers = tuple(numbers)
            taken = []
            for number in numbers:
                taken.append(rows[f"{group}/{number}"])
                rows[f"{group}/{number}"] += 1
            return Arrays(self, group, numbers, tuple(taken))

        drawn = list(drawn)
        return replace(
            head,
            gradients=arrays("gradients", weights),
            kernels={name: arrays(f"kernels/{self._layers[name]}", range(count)) for name, count in parts.items()},
            pictures=Named(drawn, arrays("pictures", [self._layers[name] for name in drawn])),
        )

    def _set(self, key: str, like: Array | None = None) -> Any:
        if key not in self._sets:
            if like is not None and key not in self._file:
                self._sets[key] = _new_set(self._file, key, like)
            else:
                self._sets[key] = self._file[key]
        return self._sets[key]


class Arrays(Sequence[Array]):
    """Arrays in a file, each read when it is asked for.

    Attributes:
        numbers: Of their data sets within the group.
    """

    def __init__(self, archive: Archive, group: str, numbers: tuple[int, ...], rows: tuple[int, ...]) -> None:
        self._archive, self._group, self.numbers, self._rows = archive, group, numbers, rows

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Array: ...

    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...

    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._archive.read(f"{self._group}/{self.numbers[index]}", self._rows[index])

    @property
    def keys(self) -> list[str]:
        """The data sets that they are in."""
        return [f"{self._group}/{number}" for number in self.numbers]


class Named(Mapping[str, Array]):
    """Arrays in a file by the name of their layer, each read when it is asked for."""

    def __init__(self, names: Sequence[str], arrays: Arrays) -> None:
        self._places, self.arrays = {name: place for place, name in enumerate(names)}, arrays

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Array:
        return self.arrays[self._places[name]]


def _new_set(file: Any, key: str, like: Array) -> Any:
    """An empty data set for arrays of one shape and dtype, each with its checksum."""
    return file.create_dataset(
        key,
        shape=(0, *like.shape),
        maxshape=(None, *(side or None for side in like.shape)),
        chunks=(1, *(side or 1 for side in like.shape)),
        dtype=like.dtype.newbyteorder("<"),
        fletcher32=True,
    )


def _keys(stored: Any) -> list[str]:
    """The data sets of a record's arrays, in the order of `Record.large_arrays`."""
    kernels = [key for parts in stored.kernels.values() for key in parts.keys]
    return [*stored.gradients.keys, *kernels, *stored.pictures.arrays.keys]


@finalizer
def _discard(file: Any, folder: Path | None, process: int) -> None:
    if os.getpid() != process:  # the end of a fork: the file is its parent's
        return
    with contextlib.suppress(Exception):  # of a full disk, say, and there is nobody to tell
        file.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)  # Windows removes no file that somebody still reads
