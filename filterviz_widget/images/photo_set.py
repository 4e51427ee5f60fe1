"""Many images of the user's own, read batch by batch: never all at once, and none that cannot be read ends a pass."""

import hashlib
import itertools
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cachetools
import numpy as np
import numpy.typing as npt

from filterviz_widget.description.ranges import short
from filterviz_widget.images.folder import files_in
from filterviz_widget.images.labels import checked_labels
from filterviz_widget.images.photo import Format, Photo, Pixels, is_batch, read_photo
from filterviz_widget.store.paths import expanded, full

INFINITE = -1
"""What `tf.data.Dataset.cardinality` says of a dataset without an end."""

KEYS = ("image", "images", "pixel_values", "x", "inputs")
"""Under which datasets of dictionaries have their images."""


ENDLESS = "images is a dataset without an end; give one that ends, such as images.take(1000)."

UNREADABLE = (ValueError, TypeError, OSError, MemoryError)
"""What reading an image may raise."""

MOST_SHOWN = 32e6
"""Bytes of images that are kept to be shown again."""

MOST_HASHED = 64_000_000
"""Bytes of arrays up to which a set is known again by what it holds."""

_numbers = itertools.count(1)


class Batch(NamedTuple):
    """Some images.

    Attributes:
        numbers: Their places in the set, int64 `(count,)`; those of images that could not be read are left out.
        pixels: float32 `(count, height, width, channels)`, as the model takes them.
    """

    numbers: npt.NDArray[np.int64]
    pixels: Pixels


class PhotoSet:
    """Images as a person has them.

    Args:
        given: An array `(count, height, width, channels)`, of signals `(count, length, channels)`, of volumes `(count,
            slices, height, width, channels)`, a folder (with its subfolders, by name), a sequence of
            paths, PIL images or arrays, a `tf.data.Dataset` or `keras.utils.PyDataset` of images or of
            `(images, labels)`, batched or not. A dataset must give the same images in the same order each time.
        format: What the model takes.
        labels: The right class of each image, whole numbers from 0; None where they are not known.

    Attributes:
        key: The same for the same images: of files by their names, sizes and times, of few arrays by what they hold;
            of all else another one for each set.
        skipped: Images that could not be read so far: by number, what they are called and why.
        notes: What was noticed about the images, such as that their range is not the model's.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If there is no image in it.
        TypeError: For another kind of thing.

    Example:

    >>> photos = PhotoSet("photos/", Format(224, 224, 3, (0, 255)))
    >>> for batch in photos.batches(32):
    ...     measure(batch.pixels)
    >>> photos.photo(17).shown  # the whole image again
    """

    def __init__(self, given: Any, format: Format, labels: Any = None) -> None:
        self.format = format
        self.skipped: dict[int, tuple[str, str]] = {}
        self.notes: dict[str, int] = {}
        self._items: Sequence[Any] | None = None
        self._dataset: Any = None
        self._sums: dict[int, int] = {}
        self._lock = threading.Lock()
        self._shown: cachetools.LRUCache[int, npt.NDArray[np.uint8]] = cachetools.LRUCache(
            MOST_SHOWN, getsizeof=lambda image: image.nbytes
        )
        if isinstance(given, str | Path):
            self._items = files_in(expanded(given))
        elif isinstance(given, tuple) and len(given) == 2 and all(getattr(each, "ndim", 0) for each in given):
            raise TypeError("images is a pair: pass its first as images and its second as labels.")
        elif hasattr(given, "element_spec") or _is_pydataset(given):
            if hasattr(given, "cardinality") and int(given.cardinality()) == INFINITE:
                raise ValueError(ENDLESS)
            if not hasattr(given, "cardinality") and getattr(given, "num_batches", 1) is None:
                raise ValueError(ENDLESS)
            self._dataset = given
        elif (isinstance(given, Sequence) and not isinstance(given, bytes)) or (
            hasattr(given, "__array__") and hasattr(given, "ndim")
        ):
            if format.data.is_flat and getattr(given, "ndim", 4) not in (3, 4):
                raise ValueError(f"Images must be an array (count, height, width, channels), got shape {given.shape}.")
            is_one = getattr(given, "ndim", 4) == 3 and given.shape[-1] in (3, 4, format.channels)
            if format.data.is_flat and is_one:
                raise ValueError(f"One image, of shape {given.shape}, was given as a set: give a list of it, [image].")
            self._items = given
        else:
            raise TypeError(
                "images must be an array, a folder, a sequence of paths, PIL images or arrays, a tf.data.Dataset or a "
                f"keras.utils.PyDataset; got {short(given)}."
            )
        if self._items is not None and len(self._items) == 0:
            raise ValueError(f"There are no images in {short(given)}.")
        self.labels = None if labels is None else checked_labels(labels, self.count)
        self.key = self._key()

    @property
    def count(self) -> int | None:
        """How many images there are; None for a dataset, whose images are counted by reading it."""
        return None if self._items is None else len(self._items)

    @property
    def files(self) -> tuple[Path, ...] | None:
        """Where the images lie, by their full paths; None where not all of them are files."""
        if not isinstance(self._items, list | tuple) or not all(isinstance(item, str | Path) for item in self._items):
            return None
        return tuple(full(item) for item in self._items)

    def batches(self, size: int | Callable[[], int]) -> Iterator[Batch]:
        """Reads the images in their order, `size` at a time; the last batch may be smaller, and none is empty.

        Args:
            size: 1 or more; or what says it before each batch.
        """
        most = size if callable(size) else lambda: size
        numbers: list[int] = []
        pixels: list[Pixels] = []
        for number, item in enumerate(self._each()):
            photo = self._read(number, item)
            if photo is None:
                continue
            numbers.append(number)
            pixels.append(photo.pixels)
            if len(numbers) >= most():
                yield Batch(np.array(numbers), np.stack(pixels))
                numbers, pixels = [], []
        if numbers:
            yield Batch(np.array(numbers), np.stack(pixels))

    def photo(self, number: int) -> Photo:
        """Reads one image again.

        Raises:
            IndexError: If there is none of that number.
            ValueError: If it cannot be read, or a dataset gives another image there now.
        """
        if self._items is not None:
            return read_photo(self._items[number], self.format)
        for place, item in enumerate(self._each()):
            if place == number:
                photo = read_photo(item, self.format)
                self._check_order(number, photo)
                return photo
        raise IndexError(f"There is no image {number}.")

    def shown(self, numbers: Sequence[int]) -> dict[int, npt.NDArray[np.uint8]]:
        """Some images for a person, uint8 `(height, width, 1 or 3)`, by number; of a dataset they are read in one go.

        The last ones are kept. What cannot be read any more is left out.

        Raises:
            ValueError: If a dataset gives another image there now.
        """
        with self._lock:
            found = {number: self._shown[number] for number in numbers if number in self._shown}
            missing = {*numbers} - {*found}
            for number, item in self._some(missing):
                try:
                    photo = read_photo(item, self.format)
                except UNREADABLE:
                    continue
                self._check_order(number, photo)
                self._shown[number] = found[number] = photo.shown
        return found

    def first(self, count: int) -> "PhotoSet":
        """The set of the first images; itself where there are no more."""
        if self._items is None:
            raise ValueError("A dataset cannot be cut: give dataset.take(count).")
        if len(self._items) <= count:
            return self
        labels = None if self.labels is None else self.labels[:count]
        return PhotoSet(self._items[:count], self.format, labels)

    def name(self, number: int) -> str:
        """What an image is called: its file's name, or its number."""
        item = None if self._items is None or not isinstance(self._items, list | tuple) else self._items[number]
        return Path(item).name if isinstance(item, str | Path) else f"image {number}"

    def _key(self) -> str:
        digest = hashlib.sha256(repr(self.format).encode())
        digest.update(b"" if self.labels is None else b"labels" + self.labels.tobytes())
        if isinstance(self._items, np.ndarray) and self._items.nbytes <= MOST_HASHED:
            digest.update(repr((self._items.shape, self._items.dtype)).encode() + self._items.tobytes())
        elif isinstance(self._items, list | tuple) and all(isinstance(item, str | Path) for item in self._items):
            digest.update(repr([(str(item), _state(expanded(item))) for item in self._items]).encode())
        else:
            return f"set-{next(_numbers)}"
        return digest.hexdigest()[:32]

    def _check_order(self, number: int, photo: Photo) -> None:
        if number in self._sums and self._sums[number] != _sum(photo):
            raise ValueError(
                "The dataset gives its images in another order each time, as shuffled ones do: give one that does not, "
                "such as image_dataset_from_directory(..., shuffle=False)."
            )

    def _some(self, numbers: set[int]) -> Iterator[tuple[int, Any]]:
        if self._items is not None:
            yield from ((number, self._items[number]) for number in sorted(numbers))
        elif numbers:
            last = max(numbers)
            for number, item in zip(range(last + 1), self._each(), strict=False):
                if number in numbers:
                    yield number, item

    def _read(self, number: int, item: Any) -> Photo | None:
        try:
            photo = read_photo(item, self.format)
        except UNREADABLE as error:
            self.skipped[number] = (self.name(number), str(error))
            return None
        if self._dataset is not None:
            self._sums[number] = _sum(photo)
        if photo.note:
            low, high = self.format.input_range
            note = f"Values are not spread over what the model takes, {low:g} to {high:g}."
            self.notes[note] = self.notes.get(note, 0) + 1
        return photo

    def _each(self) -> Iterator[Any]:
        if self._items is not None:
            yield from self._items
            return
        for element in self._elements():
            array = np.asarray(_images_of(element))
            if is_batch(array, self.format):
                yield from array
            else:
                yield array

    def _elements(self) -> Iterator[Any]:
        if hasattr(self._dataset, "element_spec"):
            yield from self._dataset
        else:
            for place in range(len(self._dataset)):
                yield self._dataset[place]


def _state(path: Path) -> tuple[int, int]:
    """Size and time of a file; nothing of one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


def _sum(photo: Photo) -> int:
    return zlib.crc32(photo.pixels.tobytes())


def _images_of(element: Any) -> Any:
    """The images of what a dataset gives: itself, the first of a tuple, or what a dictionary has under a usual key."""
    while isinstance(element, tuple | list | dict):
        if not isinstance(element, dict):
            element = element[0]
        elif known := [key for key in KEYS if key in element]:
            element = element[known[0]]
        else:
            names = ", ".join(map(repr, element))
            raise ValueError(f"The dataset gives dictionaries with {names}; images are looked for under {KEYS}.")
    return element


def _is_pydataset(given: Any) -> bool:
    keras = sys.modules.get("keras")  # where somebody has one, it is there
    return keras is not None and isinstance(given, keras.utils.PyDataset)
