"""A made-up atlas, as docs/atlas-format.md has it: ten thousand filters in two seconds, to test its page with."""

import base64
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

STATIC = Path(__file__).parents[2] / "filterviz_widget" / "static"
PAGE, TILE, COLUMNS, SIZE, FACETS, PHOTOS = 32, 128, 8, 96, 4, 6
CLASSES = ["daisy", "dandelion", "iris", "lily", "orchid", "poppy", "rose", "sunflower", "tulip", "violet"]

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Layer:
    """One of the made-up network; its filters before `made` are finished, all for None."""

    name: str
    filters: int
    kind: str = "convolution"
    made: int | None = None
    examples: bool = True
    row: int = 0
    column: int = 0

    @property
    def finished(self) -> int:
        return self.filters if self.made is None else self.made


def branched(filters: int) -> list[Layer]:
    """A small network with two branches and a large layer, whose name has a slash of its own."""
    return [
        Layer("conv1", 40),
        Layer("branch_a", 33, row=1),
        Layer("branch_b", 64, row=1, column=1),
        Layer("block/conv3", filters, row=2),
        Layer("logits", 10, "units", row=3),
    ]


EDGES = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]


def generated(
    folder: Path,
    filters: int = 10_000,
    layers: Sequence[Layer] | None = None,
    key: str = "0" * 32,
    *,
    edges: Sequence[tuple[int, int]] = EDGES,
    seed: int = 0,
    title: str = "flowers_net",
    version: int = 1,
) -> Path:
    """Writes the atlas and its page; called again with more that is `made`, it adds that.

    Args:
        folder: Where it goes.
        filters: Of the large layer, if `layers` does not say otherwise.
        layers: The network; the first is made from the image.
        key: As in atlas.json.
        edges: Of the graph, by places in `layers`.
        seed: Of another one the filters are others.
        title: As in atlas.json.
        version: Of the format.

    Returns:
        The folder.
    """
    layers = branched(filters) if layers is None else layers
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in (("index.html", "atlas.html"), ("site.js", "site.js"), ("site.css", "site.css")):
        shutil.copyfile(STATIC / source, folder / name)
    (folder / "photos").mkdir(exist_ok=True)
    for number in range(PHOTOS):
        (folder / "photos" / f"{number}.webp").write_bytes(_encoded(_texture(1000 + number, 120, 160)))
    entries = []
    for place, layer in enumerate(layers):
        about = {
            "name": layer.name,
            "folder": f"layers/{place:02d}-{layer.name.replace('/', '-')}",
            "class_name": "Dense" if layer.kind == "units" else "Conv2D",
            "kind": layer.kind,
            "filters": layer.filters,
            "shape": [layer.filters] if layer.kind == "units" else [24, 24, layer.filters],
            "note": "before the softmax" if layer.kind == "units" else "",
        }
        _layer(folder, layers, place, about, seed)
        entries.append({**about, "made": layer.finished, "examples": layer.examples})
    nodes = [{"layer": place, "row": each.row, "column": each.column} for place, each in enumerate(layers)]
    rows, columns = (1 + max(getattr(each, name) for each in layers) for name in ("row", "column"))
    write(folder, "network.json", {"nodes": nodes, "edges": edges, "rows": rows, "columns": columns})
    about = {
        "format": version,
        "made_by": "filterviz-widget 0.1.0",
        "key": key,
        "title": title,
        "settings": {
            "method": "robust",
            "options": {"objective": "mean", "sign": 1},
            "step_size": 1.0,
            "iterations": 40,
            "seed": 0,
            "precision": "float32",
            "facets": FACETS,
            "image_size": [SIZE, SIZE],
            "input_range": [0, 1],
        },
        "reading": {},
        "data": {"kind": "image", "slices": 1},
        "images": {"count": 170, "name": "flowers"},
        "class_names": CLASSES if layers[-1].kind == "units" and layers[-1].filters == len(CLASSES) else [],
        "layers": entries,
        "filters": sum(layer.filters for layer in layers),
        "made": sum(layer.finished for layer in layers),
    }
    write(folder, "atlas.json", about)
    return folder


def write(folder: Path, name: str, content: Any) -> None:
    """Writes a file and its twin."""
    text = json.dumps(content, ensure_ascii=False)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    (folder / f"{name}.js").write_text(f"filterviz_atlas({json.dumps(name)}, {text});\n", "utf-8")


def activation(filter: int) -> float:
    """Of the optimum of a filter: no two of a layer are the same."""
    return round((filter * 7919 % 10_007) / 1000, 3)


def _layer(folder: Path, layers: Sequence[Layer], place: int, about: dict[str, Any], seed: int) -> None:
    layer, size = layers[place], min(layers[place].filters, 64)
    shards = [first for first in range(0, layer.filters, PAGE) if min(first + PAGE, layer.filters) <= layer.finished]
    made = np.zeros(layer.filters, bool)
    for first in shards:
        made[first : first + PAGE] = True
        _shard(folder, layers, place, about["folder"], first)
    profiles = np.random.default_rng(place).standard_normal((layer.filters, size))
    if seed:  # filters that are trained further are a little less like they were
        away = np.linspace(0, 1.5, layer.filters)[:, None]
        profiles = profiles + away * np.random.default_rng(100 + seed).standard_normal(profiles.shape)
    profiles = np.rint(127 * profiles / np.linalg.norm(profiles, axis=1, keepdims=True)).astype(np.int8) * made[:, None]
    failed = [3] if layer.filters > 3 and made[3] else []
    numbers = [activation(filter) if made[filter] and filter not in failed else None for filter in range(layer.filters)]
    starts = [max(0, 4 * position - 6) for position in range(24)]
    spans = [[start, min(SIZE, 4 * position + 10)] for position, start in enumerate(starts)]
    middles = [sum(span) / 2 for span in spans]
    field = {
        "rows": spans,
        "columns": spans,
        "centres": [middles, middles],
        "image": [SIZE, SIZE],
        "whole": layer.kind == "units",
        "words": "Every position sees the whole image."
        if layer.kind == "units"
        else "16 x 16 pixels; the next position lies 4 pixels on.",
    }
    content = {
        **about,
        "made": layer.finished,
        "examples": layer.examples,
        "page": PAGE,
        "tile": TILE,
        "columns": COLUMNS,
        "shards": shards,
        "failed": failed,
        "activations": numbers,
        "selectivity": [round(filter * 31 % 100 / 100, 2) for filter in range(layer.filters)] if layer.examples else [],
        "profile_size": size,
        "profiles": base64.b64encode(profiles.tobytes()).decode("ascii"),
        "field": field,
    }
    write(folder, f"{about['folder']}/layer.json", content)
    strongest = [
        {"photo": f"photos/{number}.webp", "name": f"{CLASSES[number]}.jpg", "value": 3 - number / 4,
         "box": [0.1 * number, 0.2, 0.3, 0.4]}
        for number in range(PHOTOS)
    ]  # fmt: skip
    each = {"quantiles": [0, 0, 0.1, 0.25, 0.6, 1.5, 3], "strongest": strongest}
    found = {"images": 170, "words": "The strongest of 170 images.", "filters": [each] * layer.filters}
    if layer.examples:
        write(folder, f"{about['folder']}/examples.json", found)


def _shard(folder: Path, layers: Sequence[Layer], place: int, home: str, first: int) -> None:
    layer = layers[place]
    shard = f"{home}/{first:05d}"
    if (folder / shard / "shard.json").exists():
        return
    (folder / shard).mkdir(parents=True, exist_ok=True)
    optima, files = _pictures(place)
    entries = []
    for filter in range(first, min(first + PAGE, layer.filters)):
        is_failed = filter == 3
        if not is_failed:
            (folder / shard / f"{filter}.webp").write_bytes(optima[filter - first])
        last = activation(filter)
        others = [(layers[at].name, layers[at].filters) for at in (place - 1, place + 1) if 0 <= at < len(layers)]
        near = [
            [{"layer": name, "filter": (filter + step) % count, "weight": 0.5 - step / 4} for step in range(4)]
            for name, count in others
        ]
        entries.append(
            {
                "filter": filter,
                "optimum": None if is_failed else f"{shard}/{filter}.webp",
                "activations": [round(last * (1 - 0.9**step), 4) for step in range(41)],
                "note": "",
                "error": "The activation is not finite from step 3 on." if is_failed else "",
                "is_dead": False,
                "inhibits": {"activation": -last, "note": ""},
                "facets": [last, last / 2, last / 3, last / 4],
                "kernel": None
                if layer.kind == "units"
                else {"limit": 0.25, "words": "3 x 3 weights, 3 input channels"},
                "previous": near[0] if place else [],
                "next": near[-1] if place < len(layers) - 1 else [],
                "code": "import filterviz_widget as fv\n\n"
                f'picture = fv.visualize_filter(model, "{layer.name}", {filter}, method="robust", iterations=40)\n',
            }
        )
    for name, data in files.items():
        if name != "kernels.webp" or layer.kind != "units":
            (folder / shard / name).write_bytes(data)
    square = {"tile": [SIZE, SIZE], "columns": COLUMNS}
    sprites = {
        "inhibits": square,
        "facets": {**square, "columns": FACETS},
        "kernels": None if layer.kind == "units" else {"tile": [9, 27], "columns": COLUMNS},
    }
    write(folder, f"{shard}/shard.json", {"layer": layer.name, "first": first, "sprites": sprites, "filters": entries})


@cache
def _pictures(place: int) -> tuple[list[bytes], dict[str, bytes]]:
    """The optima of a shard of a layer, and its sprites."""
    drawn = [_texture(100 * place + number, SIZE, SIZE) for number in range(PAGE)]
    small = [np.asarray(Image.fromarray(each).resize((TILE, TILE), Image.Resampling.NEAREST)) for each in drawn]
    against = [255 - each for each in drawn]
    several = [np.roll(each, 16 * turn, 1) for each in drawn for turn in range(FACETS)]
    kernels = [_texture(9000 + 100 * place + number, 9, 27) for number in range(PAGE)]
    files = {
        "sheet.jpg": _encoded_jpeg(_tiled(small, COLUMNS)),
        "inhibits.jpg": _encoded_jpeg(_tiled(against, COLUMNS)),
        "facets.jpg": _encoded_jpeg(_tiled(several, FACETS)),
        "kernels.webp": _encoded(_tiled(kernels, COLUMNS)),
    }
    return [_encoded(each) for each in drawn], files


def _tiled(tiles: Sequence[Pixels], columns: int) -> Pixels:
    rows = [np.concatenate(tiles[at : at + columns], 1) for at in range(0, len(tiles), columns)]
    return np.concatenate(rows)


@cache
def _texture(seed: int, height: int, width: int) -> Pixels:
    """Coloured waves of one direction and length, as filters have them."""
    random = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    angle, length = random.uniform(0, np.pi), random.uniform(0.04, 0.2)
    along = down * np.sin(angle) + across * np.cos(angle)
    beside = -down * np.cos(angle) + across * np.sin(angle)
    spread = random.choice([0.02, 0.05, 0.15])
    pass_band = np.exp(-(((np.abs(along) - length) / 0.03) ** 2) - (beside / spread) ** 2)
    noise = np.fft.fft2(random.standard_normal((2, height, width)))
    waves = np.fft.ifft2(noise * pass_band).real
    colours = random.standard_normal((2, 3))
    image = np.einsum("cyx,ck->yxk", waves / (waves.std() + 1e-9), colours)
    return np.asarray(np.clip(128 + 52 * image, 0, 255), np.uint8)


def _encoded_jpeg(image: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def _encoded(image: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=80, method=0)
    return buffer.getvalue()
