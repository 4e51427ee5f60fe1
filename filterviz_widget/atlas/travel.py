"""Files for workers in other processes and on other machines: the model, and images that are no files."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from filterviz_widget.atlas.files import WORK
from filterviz_widget.atlas.identity import file_digest
from filterviz_widget.store.atomic import whole_file
from filterviz_widget.store.paths import full

if TYPE_CHECKING:
    from filterviz_widget.images import Format, PhotoSet


def model_file(given: Any, model: Any, folder: Path) -> tuple[Path | None, str]:
    """The file of a model, and the digest of what was written here; "" for a file of the user's.

    Args:
        given: What the user gave.
        model: The Keras model that was made of it.
        folder: The atlas.

    Returns:
        The user's own file where there is one; None in its place for a model that cannot be written.
    """
    if isinstance(given, str | Path):
        return full(given), ""
    import keras

    if not isinstance(given, keras.Model):
        return None, ""
    path = folder / WORK / "model.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole_file(path) as part:
            # Keras tells the kind of a file by its name.
            named = part.with_name(f"{part.name}.keras")
            try:
                keras.saving.save_model(model, named, include_optimizer=False)
                named.replace(part)
            finally:
                named.unlink(missing_ok=True)
    except OSError:
        raise
    except Exception:  # a model of one's own without a config
        return None, ""
    return path, file_digest(path)


def photo_files(given: Any, format: Format, path: Path) -> tuple[Path | tuple[Path, ...] | None, PhotoSet | None]:
    """The files of a set of images: the user's own, or one array of them all, written image by image to `path`.

    Returns:
        The files, and the set that was given; None for both where there are no images.

    Raises:
        As `PhotoSet`; ValueError also where none of the images can be read.
    """
    from filterviz_widget.images import PhotoSet

    if given is None:
        return None, None
    photos = given if isinstance(given, PhotoSet) else PhotoSet(given, format)
    if (files := photos.files) is not None:
        return files, photos
    if isinstance(given, np.ndarray) and given.dtype != object:
        with whole_file(path) as part, part.open("wb") as file:
            np.save(file, given, allow_pickle=False)
        return path, photos
    _write_all(photos, path)
    return path, photos


def clear(folder: Path) -> None:
    """Removes what was written for workers, and files that were never finished."""
    shutil.rmtree(folder / WORK, ignore_errors=True)
    for part in folder.rglob(".*.part"):
        with contextlib.suppress(OSError):
            part.unlink()


def _write_all(photos: PhotoSet, path: Path) -> None:
    """Writes images as the model takes them. A dataset is counted by reading it, so the header comes last."""
    count, shape = 0, (0,)
    with whole_file(path) as part:
        with part.open("wb") as file:
            file.write(_header((0,)))
            for batch in photos.batches(32):
                file.write(batch.pixels.astype("<f4", copy=False).tobytes())
                count, shape = count + len(batch.pixels), batch.pixels.shape[1:]
        if not count:
            reasons = "; ".join(f"{name}: {why}" for name, why in list(photos.skipped.values())[:3])
            raise ValueError(f"None of the images could be read. {reasons}")
        with part.open("r+b") as file:
            file.write(_header((count, *shape)))


def _header(shape: tuple[int, ...]) -> bytes:
    """Of NumPy's file format, version 1.0, always of 128 bytes."""
    text = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117) + b"\n"
