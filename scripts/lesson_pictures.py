"""Does the tasks of docs/lesson.md on the flower model, and keeps what comes out: docs/pictures/lesson.json, *.webp.

The page takes its pictures and figures from there, so that it says what really comes out. About a minute on two cores.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from filterviz_widget import ablate, feature_maps, receptive_field, strongest_images, visualize_filter
from filterviz_widget.demo import ACCURACY, SPECIES, bundled_flowers, flower_model

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SIDE = 192
NAMES = [species.name for species in SPECIES]
CHAIN = [("conv1", 3), ("conv2", 12), ("conv3", 12), ("conv4", 21), ("conv5", 92), ("logits", NAMES.index("daisy"))]
DAISY, DAFFODIL = ("conv5", 92), ("conv5", 47)


class Kept:
    """What the tasks gave: rows of pictures with words below each, and figures by name."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.figures: dict[str, str] = {}

    def picture(self, row: str, image: npt.NDArray[Any], words: str) -> None:
        """Adds a picture, uint8 or of [0, 1], to a row."""
        row_of = self.rows.setdefault(row, [])
        name = f"lesson-{row}-{len(row_of) + 1}.webp"
        pixels = image if image.dtype == np.uint8 else np.round(image * 255).astype(np.uint8)
        side = (SIDE, SIDE)
        Image.fromarray(pixels).resize(side, Image.Resampling.LANCZOS).save(FOLDER / name, quality=86, method=6)
        row_of.append({"file": name, "words": words})

    def write(self) -> None:
        """Writes the file that the page reads."""
        kept = {"rows": self.rows, "figures": self.figures}
        (FOLDER / "lesson.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def forming(model: Any, kept: Kept) -> None:
    """Task 1: how many iterations, and how long a step, it takes."""
    for iterations in (1, 3, 6, 20, 100):
        made = visualize_filter(model, "conv4", 21, iterations=iterations)
        s = "s" * (iterations > 1)
        kept.picture("forming", made.image, f"{iterations} iteration{s}: {made.activations[-1]:.2f}")
        kept.figures["start"] = f"{made.activations[0]:.2f}"
    for step in (0.01, 0.1, 1, 10, 50):
        made = visualize_filter(model, "conv4", 21, step_size=step)
        kept.picture("steps", made.image, f"step size {step:g}: {made.activations[-1]:.2f}")


def layers(model: Any, kept: Kept) -> None:
    """Task 2: from edge to flower."""
    for layer, filter in CHAIN:
        size = receptive_field(model, layer).size[0]
        unit = f"{NAMES[filter]}" if layer == "logits" else f"filter {filter}"
        made = visualize_filter(model, layer, filter)
        kept.picture("layers", made.image, f"{layer}, {unit}: sees {size} x {size} pixels")


def seeds(model: Any, kept: Kept) -> None:
    """Task 3: whether another start gives another picture."""
    made = [visualize_filter(model, "conv4", 21, seed=seed) for seed in range(4)]
    for seed, each in enumerate(made):
        kept.picture("seeds", each.image, f"seed {seed}: {each.activations[-1]:.2f}")
    likeness = [np.corrcoef(made[0].raw.ravel(), each.raw.ravel())[0, 1] for each in made[1:]]
    kept.figures["likeness"] = f"{min(likeness):.2f} to {max(likeness):.2f}"


def guess(model: Any, kept: Kept, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """Task 4: what the optimum makes one guess, and what the strongest images say."""
    layer, filter = DAISY
    for method in ("classic", "robust", "natural"):
        made = visualize_filter(model, layer, filter, method=method)
        kept.picture("guess", made.image, f"{method}: {made.activations[-1]:.1f}")
    found = strongest_images(model, layer, images, k=9, progress=False)
    for index, value in list(zip(found.indices[filter], found.values[filter], strict=True))[:5]:
        kept.picture("strongest", images[index], f"{NAMES[labels[index]]}: {value:.1f}")
    named = [NAMES[labels[index]] for index in found.indices[filter]]
    kept.figures["daisies"] = f"{named.count('daisy')} of {len(named)}"
    kept.figures["best image"] = f"{found.values[filter][0]:.1f}"
    photo = images[found.indices[filter][0]]
    maps = feature_maps(model, "conv4", photo)
    kept.picture("map", photo, "the photo")
    for strongest in maps.strongest()[:3]:
        kept.picture("map", np.asarray(maps.overlay(int(strongest))), f"map of conv4, filter {strongest}")


def opposite(model: Any, kept: Kept) -> None:
    """Task 5: what lowers it most."""
    for layer, filter in (("conv4", 21), ("logits", NAMES.index("sunflower"))):
        for sign in (1, -1):
            made = visualize_filter(model, layer, filter, sign=sign)
            unit = NAMES[filter] if layer == "logits" else f"filter {filter}"
            how = "excites" if sign > 0 else "inhibits"
            kept.picture("opposite", made.image, f"{layer}, {unit}: {how}, {made.activations[-1]:.1f}")


def without(model: Any, kept: Kept, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """Task 6: what the model loses with a filter."""
    for name, (layer, filter) in {"daisy": DAISY, "daffodil": DAFFODIL}.items():
        changes = ablate(model, layer, filter, images, labels, class_names=NAMES).by_class()
        lost = min(changes, key=lambda each: each[3] - each[2])
        own = next(each for each in changes if each[0] == name)
        kept.figures[f"{name} without {filter}"] = f"{own[2]:.3f} to {own[3]:.3f}"
        kept.figures[f"most lost without {filter}"] = f"{lost[0]}, {lost[2]:.3f} to {lost[3]:.3f}"
    kept.picture("daffodil", visualize_filter(model, *DAFFODIL).image, "conv5, filter 47")
    found = strongest_images(model, "conv5", images, k=9, progress=False)
    alike = [f for f, best in enumerate(found.indices) if [NAMES[labels[i]] for i in best].count("daisy") >= 7]
    kept.figures["daisy filters"] = ", ".join(map(str, alike))
    for index in found.indices[DAFFODIL[1]][:4]:
        kept.picture("daffodil", images[index], NAMES[labels[index]])


def main() -> None:
    """Does all tasks."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("lesson-*.webp"):
        old.unlink()
    model, kept = flower_model(), Kept()
    images, labels = bundled_flowers()
    kept.figures["accuracy"] = f"{ACCURACY:.0%}"
    kept.figures["images"] = str(len(images))
    forming(model, kept)
    layers(model, kept)
    seeds(model, kept)
    guess(model, kept, images, labels)
    opposite(model, kept)
    without(model, kept, images, labels)
    kept.write()
    print(json.dumps(kept.figures, indent=1))


if __name__ == "__main__":
    main()
