"""From a model and what is asked for to a job: which layers, at which size, under which key."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from filterviz_widget._version import __version__
from filterviz_widget.atlas.files import FORMAT, WORK, layer_folder
from filterviz_widget.atlas.folder import difference
from filterviz_widget.atlas.identity import architecture, behaviour, images_digest, key, weights_digest
from filterviz_widget.atlas.job import Job, LayerPlan, Settings, description
from filterviz_widget.atlas.travel import model_file, photo_files
from filterviz_widget.description.ranges import Range, fitting, short
from filterviz_widget.store.paths import full

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine
    from filterviz_widget.images import PhotoSet
    from filterviz_widget.model import LayerInfo, ModelView

SIZE = 128
"""Side of the image, in pixels, where nothing else is asked for."""

MOST_FACETS = 8


class Plan(NamedTuple):
    """What is to be made.

    Attributes:
        job: What workers are told.
        engine: Of the user's own model, in this process.
        model: That model.
        about: What atlas.json says, but for what is finished.
        travels: Whether workers in other processes can read the model, as far as is known.
        note: What the user should know.
    """

    job: Job
    engine: Engine
    model: Any
    about: dict[str, Any]
    travels: bool
    note: str


def plan(
    model: Any,
    folder: Path,
    *,
    images: Any = None,
    layers: Sequence[str] | str | None = None,
    class_names: Sequence[str] | None = None,
    method: str = "robust",
    step_size: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    precision: str = "float32",
    facets: int = 3,
    found: dict[str, Any] | None = None,
    ready: Callable[[], None] = lambda: None,
    **options: Any,
) -> Plan:
    """Reads the model and settles everything that the files depend on. Files for workers are written.

    Args and errors are those of `Atlas.make`, but for `found`, what atlas.json says in the folder, where there is one:
    if it is of another atlas, nothing is written; and for `ready`, which is called before something is.
    """
    import tensorflow as tf

    from filterviz_widget.engine import READING
    from filterviz_widget.model.load import load

    if precision == "auto":
        raise ValueError('precision must be the same on every machine: "float32", "bfloat16" or "float16"; got "auto".')
    facets = fitting("facets", facets, Range(0, MOST_FACETS, whole=True))
    reading = {name: options.pop(name) for name in READING if name in options}
    settings = Settings(method, tuple(sorted(options.items())), step_size, iterations, seed, precision, facets)
    loaded = load(model, reading.get("input_shape"))
    engine, size_note, reading = _sized(loaded, layers, reading)
    view = engine.view
    infos = [view.layer(name) for name in _chosen(view, layers)]
    planned = tuple(
        LayerPlan(
            each.name, layer_folder(place, each.name), each.class_name, each.kind, each.filters, each.shape, each.note
        )
        for place, each in enumerate(infos)
    )
    first = description(engine, settings, planned[0].name, 0)
    read = engine.reading.to_json()
    if callable(reading.get("preprocess")):
        noise = np.random.default_rng(0).uniform(*view.input_range, (1, *view.image_shape)).astype(np.float32)
        read["preprocess"] = behaviour(lambda images: reading["preprocess"](tf.constant(images)), noise)
    weights = weights_digest(loaded)
    about: dict[str, Any] = {
        "format": FORMAT,
        "made_by": f"filterviz-widget {__version__}",
        "weights": weights,
        "settings": {
            "method": settings.method,
            "options": first.method.options(),
            "step_size": first.step_size,
            "iterations": first.iterations,
            "seed": first.seed,
            "precision": first.precision,
            "facets": settings.facets,
            "image_size": list(first.image_size),
            "input_range": list(first.input_range),
        },
        "reading": read,
        "data": view.data._asdict(),
        "layers": [{**each._asdict(), "shape": list(each.shape)} for each in planned],
        "filters": sum(each.filters for each in planned),
    }
    kept = found["class_names"] if found and class_names is None else []
    labels = {"title": loaded.name, "class_names": _class_names(class_names, infos) or kept}
    with tempfile.TemporaryDirectory() as other:
        files, photos = photo_files(images, engine.answers.format, Path(other) / "photos.npy")
        images_in = None if files is None else {"digest": images_digest(files)}
        about["images"] = images_in
        about["key"] = key({**about, "architecture": architecture(loaded)})
        if found is not None and found["key"] != about["key"]:
            raise ValueError(difference(folder, found, about))
        ready()
        if isinstance(files, Path):
            (folder / WORK).mkdir(parents=True, exist_ok=True)
            files = Path(shutil.move(files, folder / WORK / files.name))
    if images_in is not None and files is not None:
        images_in |= _about_images(images, files, photos)
    file, written = model_file(model, loaded, folder)
    job = Job(folder, about["key"], weights, file or folder, written, reading, settings, planned, files)
    return Plan(job, engine, loaded, {**labels, **about}, file is not None, size_note)


def _sized(
    loaded: Any, layers: Sequence[str] | str | None, reading: Mapping[str, Any]
) -> tuple[Engine, str, dict[str, Any]]:
    """The engine at the size that is asked for; or at `SIZE`, where the model is larger and every layer allows it."""
    from filterviz_widget.engine import engine_of

    asked = dict(reading)
    if asked.get("image_size") is not None:
        return engine_of(loaded, **asked), "", asked
    asked.pop("image_size", None)
    own = engine_of(loaded, **asked)
    height, width = own.view.image_shape[:2]
    if not own.view.data.is_flat or max(height, width) <= SIZE:
        return own, "", asked
    smaller = {**asked, "image_size": SIZE}
    engine = engine_of(loaded, **smaller)
    chosen = [engine.view.layer(name) for name in _chosen(engine.view, layers)]
    # What the last convolution takes those before it take, too.
    for name in {chosen[-1].name, *(info.name for info in chosen if info.kind == "units")}:
        try:
            engine.answers.forward(name)
        except ValueError:
            return own, f"{name} needs an image of {height} x {width} pixels; so all optima have that size.", asked
    return engine, "", smaller


def _chosen(view: ModelView, layers: Sequence[str] | str | None) -> list[str]:
    """The layers that were asked for, in the model's order; all convolutions and units where nothing was."""
    if layers is None:
        names = [info.name for info in view.layers if info.recommended or info.kind == "units"]
        return names or [info.name for info in view.layers]
    wanted = [layers] if isinstance(layers, str) else list(layers)
    if not wanted:
        raise ValueError("layers must be names of layers, or None for all convolutions and units; got none.")
    for name in wanted:
        view.layer(name)
    return [info.name for info in view.layers if info.name in wanted]


def _about_images(given: Any, files: Path | tuple[Path, ...], photos: PhotoSet | None) -> dict[str, Any]:
    """How many, and what a person calls them. A dataset is counted by what was written of it."""
    count = None if photos is None else photos.count
    if count is None:
        count = len(files) if isinstance(files, tuple) else len(np.load(files, mmap_mode="r"))
    return {"count": count, "name": full(given).name if isinstance(given, str | Path) else "images"}


def _class_names(names: Sequence[str] | None, infos: Sequence[LayerInfo]) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str):
        raise TypeError(f"class_names must be a list of names, got the text {short(names)}.")
    units = [info.filters for info in infos if info.kind == "units"]
    if not units or len(names) != units[-1]:
        expected = (
            f"{units[-1]} names, one for each unit of the last layer"
            if units
            else "left out: no chosen layer has units"
        )
        raise ValueError(f"class_names must be {expected}; got {len(names)}: {short(list(names))}.")
    return [str(name) for name in names]
