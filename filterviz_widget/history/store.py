"""Records in bounded memory: the oldest arrays go to a temporary file, and are read as before."""

from collections.abc import Iterable

from filterviz_widget.history.archive import CLOSED, Archive
from filterviz_widget.history.record import Record
from filterviz_widget.interrupts import WholeLock


class Store:
    """A list of records that keeps at most `max_bytes` of arrays in memory. Safe for several threads.

    Args:
        max_bytes: Bytes of gradients, kernels and pictures to hold in memory. What goes beyond is moved to one file
            in the system's folder for temporary files, which is removed by `close()`, when nobody holds the store or
            one of its records any more, or at exit.

    Attributes:
        bytes_in_memory: Of those arrays.
    """

    def __init__(self, max_bytes: float) -> None:
        self._max_bytes = max_bytes
        self._records: list[Record] = []
        self._sizes: list[int] = []
        """Bytes of those in memory, which are the last ones."""
        self._archive: Archive | None = None
        self._lock = WholeLock()
        self._is_closed = False
        self.bytes_in_memory = 0

    def append(self, record: Record) -> Record:
        """Adds a record, and makes room for it.

        Returns:
            The record as it is held: nobody can write its arrays.

        Raises:
            RuntimeError: If the store is closed.
            OSError: If there is no room on the disk. All records can be read nevertheless.
        """
        record = record.frozen()
        with self._lock:
            if self._is_closed:
                raise RuntimeError(CLOSED)
            self._records.append(record)
            self._sizes.append(record.nbytes)
            self.bytes_in_memory += self._sizes[-1]
            if self.bytes_in_memory > self._max_bytes:
                self._make_room()
        return record

    def adopt(self, archive: Archive, records: Iterable[Record]) -> None:
        """Takes over the records of a file, which is closed with the store."""
        with self._lock:
            self._archive, self._records = archive, list(records)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Record:
        return self._records[index]

    @property
    def bytes_on_disk(self) -> int:
        """Of the arrays that were moved to a file, or are in the file that was opened."""
        return self._archive.nbytes if self._archive else 0

    def close(self) -> None:
        """Forgets everything and removes the temporary file."""
        with self._lock:
            self._is_closed = True
            self._records, self._sizes, self.bytes_in_memory = [], [], 0
            archive, self._archive = self._archive, None
            if archive is not None:
                archive.close()

    def _make_room(self) -> None:
        count, freed = 0, 0
        while self.bytes_in_memory - freed > self._max_bytes:
            freed += self._sizes[count]
            count += 1
        if self._archive is None:
            self._archive = Archive.temporary()
        first = len(self._records) - len(self._sizes)
        self._records[first : first + count] = self._archive.extend(self._records[first : first + count])
        del self._sizes[:count]
        self.bytes_in_memory -= freed
