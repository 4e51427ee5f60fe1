"""Python's and NumPy's global random generators, kept as they were while a user's code is traced."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def kept(has_own_code: bool = True) -> Iterator[None]:
    """Puts the generators back to where they stood, however much was drawn from them within.

    Draws that another thread makes meanwhile are put back too, so where nothing can draw nothing is done.

    Args:
        has_own_code: Whether what is called within may draw: `ModelView.has_own_code`. Keras' own layers do not.
    """
    if not has_own_code:
        yield
        return
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the global one is the point
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
