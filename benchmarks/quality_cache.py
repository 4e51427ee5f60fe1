"""Arrays that take long to make and never change, kept in the temporary directory from run to run."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

FOLDER = Path(tempfile.gettempdir()) / "filterviz-benchmarks"


def cached(name: str, made_from: Iterable[object], make: Callable[[], np.ndarray]) -> np.ndarray:
    """Reads an array, or makes and keeps it.

    Args:
        name: The file's name.
        made_from: All that the array depends on: paths of files, or anything whose `repr` says it.
        make: Makes the array.
    """
    digest = hashlib.sha256()
    for part in made_from:
        digest.update(part.read_bytes() if isinstance(part, Path) else repr(part).encode())
    path = FOLDER / f"{name}-{digest.hexdigest()[:16]}.npy"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, make())
        unfinished.replace(path)  # never half a file under the final name
    return np.load(path)
