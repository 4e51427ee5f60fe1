"""A history in a file: plain NumPy arrays and a JSON text in one .npz, without pickle."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from filterviz_widget.history.layout import Part, RecordedLayer
from filterviz_widget.history.record import Array, Record
from filterviz_widget.history.settings import Settings
from filterviz_widget.store.atomic import written_whole

FORMAT = "filterviz_widget.history"
VERSION = 1


class Contents(NamedTuple):
    """What a file holds besides the records: how and what was recorded."""

    settings: Settings
    layout: tuple[RecordedLayer, ...]
    model: str
    probe_size: int


def write(path: str | Path, contents: Contents, records: list[Record]) -> None:
    """Writes everything, or leaves what was at `path`.

    Raises:
        ValueError: If the file's name does not end in `.npz`.
        OSError: If it cannot be written.
    """
    if Path(path).suffix.lower() != ".npz":
        raise ValueError(f"The history is written as NumPy's .npz: expected a name ending in it, got {str(path)!r}.")
    arrays: dict[str, Array] = {}
    heads = []
    for number, record in enumerate(records):
        heads.append({"epoch": record.epoch, "logs": record.logs, "weights": record.weights,
                      "gradients": len(record.gradients), "drawn": list(record.pictures)})  # fmt: skip
        arrays |= {f"{number}/{name}": array for name, array in _named(record, contents.layout).items()}
    about = {
        "format": FORMAT,
        "version": VERSION,
        "settings": asdict(contents.settings),
        "layout": contents.layout,
        "model": contents.model,
        "probe_size": contents.probe_size,
        "records": heads,
    }
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with written_whole(path) as file:
        np.savez(file, about=text, **arrays)  # type: ignore[arg-type]  # its stubs know a keyword more


def read(path: str | Path) -> tuple[Contents, Iterator[Record]]:
    """Reads a file; the records one after another, so that not all need to fit into memory.

    Raises:
        ValueError: If it is no such file, or of a newer version.
        OSError: If it cannot be read.
    """
    with Path(path).open("rb") as file:  # np.load would say of a wrong file that it is a pickle
        if file.read(2) != b"PK":
            raise ValueError(f"{str(path)!r} is not a saved history: it is no .npz file.")
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes()) if "about" in arrays else {}
    if about.get("format") != FORMAT:
        raise ValueError(f"{str(path)!r} is not a saved history, but another .npz file.")
    if about["version"] > VERSION:
        raise ValueError(f"{str(path)!r} is of version {about['version']}; this package reads up to {VERSION}.")
    layout = tuple(
        RecordedLayer(name, tuple(filters), tuple(Part(*map(_tuples, part)) for part in parts), *rest)
        for name, filters, parts, *rest in about["layout"]
    )
    settings = Settings(**{name: _tuples(value) for name, value in about["settings"].items()})
    return Contents(settings, layout, about["model"], about["probe_size"]), _records(path, about["records"], layout)


def _records(path: str | Path, heads: list[dict[str, Any]], layout: tuple[RecordedLayer, ...]) -> Iterator[Record]:
    with np.load(path, allow_pickle=False) as arrays:
        for number, head in enumerate(heads):
            yield _record(arrays, number, head, layout)


def _named(record: Record, layout: tuple[RecordedLayer, ...]) -> dict[str, Array]:
    # Layers by number: a name may hold a slash, or what a file system does not like.
    named: dict[str, Array] = {"norms": record.norms}
    named |= {f"gradients/{index}": gradient for index, gradient in enumerate(record.gradients)}
    for index, layer in enumerate(layout):
        named |= {f"kernels/{index}/{part}": kernel for part, kernel in enumerate(record.kernels[layer.name])}
        if layer.name in record.pictures:
            named[f"pictures/{index}"] = record.pictures[layer.name]
            named[f"activations/{index}"] = record.activations[layer.name]
            named[f"dead/{index}"] = record.dead[layer.name]
    return named


def _record(
    arrays: Mapping[str, Array], number: int, head: dict[str, Any], layout: tuple[RecordedLayer, ...]
) -> Record:
    def array(name: str) -> Array:
        return arrays[f"{number}/{name}"]

    drawn = {layer.name: index for index, layer in enumerate(layout) if layer.name in head["drawn"]}
    return Record(
        epoch=head["epoch"],
        logs=head["logs"],
        weights=tuple(head["weights"]),
        norms=array("norms"),
        gradients=tuple(array(f"gradients/{index}") for index in range(head["gradients"])),
        kernels={
            layer.name: tuple(array(f"kernels/{index}/{part}") for part in range(len(layer.parts)))
            for index, layer in enumerate(layout)
        },
        pictures={name: array(f"pictures/{index}") for name, index in drawn.items()},
        activations={name: array(f"activations/{index}") for name, index in drawn.items()},
        dead={name: array(f"dead/{index}") for name, index in drawn.items()},
    )


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
