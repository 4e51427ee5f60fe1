"""What HDF5 itself would read for ever: found before a file is opened."""

import mmap
from pathlib import Path

HEAP = b"GCOL\1\0\0\0"
"""How a global heap begins: there texts of any length are stored."""

HEADER = 16
"""Bytes of a heap's header, and of an object's in it."""


def file_is_endless(path: Path) -> bool:
    """Whether HDF5 would not come to an end with this file; see `is_endless`."""
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:  # which cannot be mapped
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return is_endless(data)


def is_endless(data: bytes | mmap.mmap) -> bool:
    """Whether a heap is in it that HDF5 would read for ever.

    The last object of a heap, of number 0, says how many bytes are free. Where it says none HDF5 stays at it (seen with
    1.14.6): https://docs.hdfgroup.org/archive/support/HDF5/doc/H5.format.html#GlobalHeap
    """
    if len(data) < HEADER:
        return False
    lengths = data[14] if data[8] < 2 else data[10]  # bytes of a length, by the version of the superblock
    steps, start = len(data) // 8, data.find(HEAP)
    while start >= 0:
        end = min(len(data), start + int.from_bytes(data[start + 8 : start + 8 + lengths], "little"))
        place = start + HEADER
        while place + HEADER <= end:
            size = int.from_bytes(data[place + 8 : place + 8 + lengths], "little")
            step = HEADER + -(-size // 8) * 8 if any(data[place : place + 2]) else size
            steps -= 1
            if not step or steps < 0:  # or heaps in heaps, which nobody writes
                return True
            place += step
        start = data.find(HEAP, start + len(HEAP))
    return False
