"""Records in bounded memory: the oldest arrays go to a temporary file, and are read as before."""

import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from filterviz_widget.history.record import Array, Record

ALIGNMENT = 64
"""Bytes: every array in the file begins where any number type may."""


class _Place(NamedTuple):
    """Where an array is in the file."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class _Moved(NamedTuple):
    """A record whose large arrays are in the file."""

    stub: Record
    places: list[_Place]


class Store:
    """A list of records that keeps at most `max_bytes` of arrays in memory. Safe for several threads.

    Args:
        max_bytes: Bytes of gradients, kernels and pictures to hold in memory. What goes beyond is moved to one file
            in the system's folder for temporary files, which is removed by `close()`, or when the store is
            forgotten.
    """

    def __init__(self, max_bytes: float) -> None:
        self._max_bytes = max_bytes
        self._records: list[Record | _Moved] = []
        self._first_in_memory = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._view: npt.NDArray[np.uint8] | None = None
        self._lock = threading.RLock()
        self.bytes_in_memory = 0
        self.bytes_on_disk = 0

    def append(self, record: Record) -> None:
        """Adds a record, and makes room for it."""
        record = record.mapped(_read_only)
        with self._lock:
            self._records.append(record)
            self.bytes_in_memory += record.nbytes
            while self.bytes_in_memory > self._max_bytes:
                self._move_oldest()

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Record:
        with self._lock:
            entry = self._records[index]
            if isinstance(entry, Record):
                return entry
            return entry.stub.with_large([self._read(place) for place in entry.places])

    def close(self) -> None:
        """Forgets everything and removes the file."""
        with self._lock:
            self._records, self._view = [], None
            self.bytes_in_memory = self.bytes_on_disk = self._first_in_memory = 0
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    def _move_oldest(self) -> None:
        record = self._records[self._first_in_memory]
        assert isinstance(record, Record)
        arrays = record.large_arrays()
        places = self._write(arrays)
        self._records[self._first_in_memory] = _Moved(record.mapped(lambda _: np.empty(0)), places)
        self._first_in_memory += 1
        self.bytes_in_memory -= record.nbytes

    @property
    def _path(self) -> Path:
        if self._folder is None:
            # Windows does not remove a file that somebody still reads.
            self._folder = tempfile.TemporaryDirectory(prefix="filter-history-", ignore_cleanup_errors=True)
        return Path(self._folder.name) / "arrays"

    def _write(self, arrays: list[Array]) -> list[_Place]:
        places, end = [], self.bytes_on_disk
        with self._path.open("r+b" if end else "wb") as file:
            for array in arrays:
                offset = -(-end // ALIGNMENT) * ALIGNMENT
                file.seek(offset)
                file.write(np.ascontiguousarray(array).data)
                places.append(_Place(offset, array.shape, array.dtype))
                end = offset + array.nbytes
        self.bytes_on_disk, self._view = end, None
        return places

    def _read(self, place: _Place) -> Array:
        size = int(np.prod(place.shape)) * place.dtype.itemsize
        if size == 0:
            return _read_only(np.empty(place.shape, place.dtype))
        if self._view is None:
            self._view = np.memmap(self._path, np.uint8, "r")
        return self._view[place.offset : place.offset + size].view(place.dtype).reshape(place.shape)


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
