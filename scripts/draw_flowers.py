"""Draws the flowers that come with the package: python -m scripts.draw_flowers"""

from pathlib import Path

import numpy as np
from PIL import Image

from filterviz_widget.demo import SPECIES, flowers
from filterviz_widget.demo.bundled import EACH, FILE, SIDE

SEED = 3
"""Neither that of the flowers that the network was trained on, nor of those that its accuracy was measured on."""

QUALITY = 88


def main() -> None:
    """Writes one image: a row for each species, in the order of `SPECIES`."""
    images, labels = flowers(len(SPECIES) * EACH, SIDE, SEED)
    rows = [np.concatenate(list(images[labels == species]), axis=1) for species in range(len(SPECIES))]
    sheet = Image.fromarray(np.uint8(np.rint(np.concatenate(rows) * 255)))
    sheet.save(Path(__file__).parents[1] / "filterviz_widget" / "demo" / FILE, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
