"""Python's and NumPy's global random generators, kept as they were."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def untouched_generators() -> Iterator[None]:
    """Restores Python's and NumPy's global generators, from which a layer's own code may draw while it is traced."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the global one is the point
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
