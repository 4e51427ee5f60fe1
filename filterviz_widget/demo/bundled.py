"""Some flowers that come with the package, to look at with `flower_model`: they need not be drawn."""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget.demo.species import SPECIES

FILE = "flowers.webp"
SIDE = 96
EACH = 10
"""Of each species."""


@cache
def bundled_flowers() -> tuple[npt.NDArray[np.uint8], tuple[int, ...]]:
    """The flowers of `flowers.webp`, drawn by `scripts/draw_flowers.py`: none that the network was trained on.

    Returns:
        uint8 `(170, 96, 96, 3)`, which cannot be written, and the place of each one's species in `SPECIES`.

    Example:

    >>> images, labels = bundled_flowers()
    >>> images.shape, SPECIES[labels[0]].name
    ((170, 96, 96, 3), 'daffodil')
    """
    with files("filterviz_widget.demo").joinpath(FILE).open("rb") as file, Image.open(file) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    rows = pixels.reshape(len(SPECIES), SIDE, EACH, SIDE, 3).swapaxes(1, 2)
    images = rows.reshape(-1, SIDE, SIDE, 3)
    images.flags.writeable = False
    return images, tuple(species for species in range(len(SPECIES)) for _ in range(EACH))
