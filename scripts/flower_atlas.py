"""Makes the atlas of the bundled flower model, the live figure of the documentation, in docs/_atlas/flower/.

It is kept there, beside the site that it is copied into: making it takes minutes, and building the site begins anew.
"""

from pathlib import Path

from filterviz_widget import Atlas
from filterviz_widget.demo import SPECIES, bundled_flowers, flower_model

FOLDER = Path(__file__).parents[1] / "docs" / "_atlas" / "flower"


def main() -> None:
    """Makes what is missing of it."""
    arguments = {"images": bundled_flowers()[0], "class_names": [species.name for species in SPECIES]}
    atlas = Atlas.make(flower_model(), FOLDER, wait=True, **arguments)
    print(f"{atlas}\n{atlas.folder / 'index.html'}")


if __name__ == "__main__":
    main()
