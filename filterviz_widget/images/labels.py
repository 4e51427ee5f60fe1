"""The right classes of images, as a person has them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.description.ranges import short


def checked_labels(given: Any, count: int | None) -> npt.NDArray[np.int64]:
    """Labels as whole numbers.

    Raises:
        ValueError: For anything else, or where there are not as many as images.
    """
    try:
        labels = np.asarray(given)
        is_whole = labels.ndim == 1 and (labels.dtype.kind in "iu" or bool(np.all(labels == np.rint(labels))))
    except (ValueError, TypeError):
        is_whole = False
    if not is_whole or labels.dtype.kind not in "iuf":
        raise ValueError(f"labels must be a whole number for each image, got {short(given)}.")
    if count is not None and len(labels) < count:
        raise ValueError(f"labels must be one for each of {count} images, got {len(labels)}.")
    return labels.astype(np.int64)
