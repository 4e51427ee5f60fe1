"""The files that version 0.1.0 wrote: a ZIP archive of plain NumPy arrays, with a text of JSON among them."""

import contextlib
import json
import math
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from filterviz_widget.description.presets import preset
from filterviz_widget.description.ranges import short
from filterviz_widget.history.archive import Weight
from filterviz_widget.history.contents import VERSION, Contents, Head, Said, check_format, from_json
from filterviz_widget.history.record import Array, Record
from filterviz_widget.model.kernels import canonical_shape

NEW_SETTINGS: dict[str, Any] = {
    "precision": "float32",
    "input": None,
    "preprocess": "",
    "other_inputs": {},
    "channels": None,
}
"""What could not be chosen then, and how it was."""

FLOATS = ("float32", "float64")


def read(path: str | Path) -> tuple[Contents, Iterator[Record]]:
    """Reads a file; the records one after another, so that not all need to fit into memory.

    Raises:
        ValueError: If it is something else, or contradicts itself.
        Exception: Whatever `zipfile` raises for a file that is damaged, also while the records are read.
    """
    arrays = _Arrays(path)
    try:
        about = json.loads(arrays.read("about", ("uint8",)).tobytes()) if "about" in arrays.names else None
        check_format(about)
        said = from_json(_as_now(about, arrays))
    except BaseException:
        arrays.close()
        raise
    return said.contents, _records(said, arrays)


def _as_now(about: Any, arrays: "_Arrays") -> dict[str, Any]:
    """What the file says, as the present version would say it."""
    weights: dict[Weight, int] = {}
    drawn_at = {entry[0]: place for place, entry in enumerate(about["layout"])}
    records = []
    for number, head in enumerate(about["records"]):
        numbers = []
        if len(head["weights"]) != head["gradients"]:
            raise ValueError(f"There are {head['gradients']} gradients of {len(head['weights'])} weights.")
        for place, name in enumerate(head["weights"]):
            shape, dtype = arrays.header(f"{number}/gradients/{place}")
            numbers.append(weights.setdefault(Weight(name, shape, dtype), len(weights)))
        small = {
            kind: {name: arrays.read(f"{number}/{kind}/{drawn_at[name]}", (dtype,)).tolist() for name in head["drawn"]}
            for kind, dtype in (("activations", "float32"), ("dead", "bool"))
        }
        norms = arrays.read(f"{number}/norms", ("float64",)).tolist()
        rest = {"epoch": head["epoch"], "logs": head["logs"], "notes": {}, "problems": {}}
        records.append({**rest, **small, "weights": numbers, "norms": norms})
    settings = about["settings"] | NEW_SETTINGS
    return {
        "format": about["format"],
        "version": VERSION,
        "model": about["model"],
        "probe_size": about["probe_size"],
        "settings": settings | {"axes": preset(settings["method"]).method.options()},
        "layout": [_layer(*entry) for entry in about["layout"]],
        "weights": [weight._asdict() | {"shape": list(weight.shape)} for weight in weights],
        "records": records,
    }


def _layer(name: Any, filters: Any, parts: Any, sees_colours: Any = False) -> dict[str, Any]:
    kernels = [
        {"name": part, "kind": kind, "weight": weight, "shape": list(canonical_shape(shape, kind))}
        for part, kind, weight, shape in parts
    ]
    return {"name": name, "filters": filters, "parts": kernels, "sees_colours": sees_colours}


def _records(said: Said, arrays: "_Arrays") -> Iterator[Record]:
    expected = {"about"}
    with contextlib.closing(arrays):
        for number, head in enumerate(said.heads):
            record = _record(said, number, head, arrays)
            expected |= {f"{number}/norms", *(f"{number}/gradients/{place}" for place in range(len(record.gradients)))}
            for place, layer in enumerate(said.contents.layout):
                expected |= {f"{number}/kernels/{place}/{part}" for part in range(len(layer.parts))}
                if layer.name in record.pictures:
                    expected |= {f"{number}/{kind}/{place}" for kind in ("pictures", "activations", "dead")}
            yield record
    if more := arrays.names - expected:
        raise ValueError(f"There are arrays that belong to no record: {short(sorted(more))}.")


def _record(said: Said, number: int, head: Head, arrays: "_Arrays") -> Record:
    layout = said.contents.layout
    pictures = {}
    for place, layer in enumerate(layout):
        if layer.name in head.record.activations:
            picture = arrays.read(f"{number}/pictures/{place}", ("uint8",))
            if picture.ndim != 4 or len(picture) != len(layer.filters) or picture.shape[3] not in (1, 3):
                raise ValueError(f"The pictures of {layer.name!r} have shape {picture.shape}.")
            pictures[layer.name] = picture
    return replace(
        head.record,
        gradients=tuple(
            arrays.read(f"{number}/gradients/{place}", FLOATS, said.weights[weight].shape)
            for place, weight in enumerate(head.weights)
        ),
        kernels={
            layer.name: tuple(
                arrays.read(f"{number}/kernels/{place}/{index}", FLOATS, part.shape)
                for index, part in enumerate(layer.parts)
            )
            for place, layer in enumerate(layout)
        },
        pictures=pictures,
    )


class _Arrays:
    """The arrays of a file by name. None is taken on trust to be as large as it says."""

    def __init__(self, path: str | Path) -> None:
        self._file = zipfile.ZipFile(path)
        entries = self._file.infolist()
        self.names = {entry.filename.removesuffix(".npy") for entry in entries}
        if len(self.names) != len(entries):
            raise ValueError("It has several arrays of one name.")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("Its arrays are compressed, which those of a history are not.")
        if sum(entry.file_size for entry in entries) > Path(path).stat().st_size:
            raise ValueError("Its arrays would take more bytes than the file has.")

    def header(self, name: str) -> tuple[tuple[int, ...], str]:
        """Shape and dtype."""
        with self._file.open(f"{name}.npy") as entry:
            shape, _, dtype = _header(entry)
        return shape, dtype.name

    def read(self, name: str, dtypes: tuple[str, ...], shape: tuple[int, ...] | None = None) -> Array:
        """An array that must be of one of these dtypes, and of a shape where one is given."""
        with self._file.open(f"{name}.npy") as entry:
            found, in_columns, dtype = _header(entry)
            data = entry.read()
        if dtype.name not in dtypes or (shape is not None and found != shape):
            wanted = " or ".join(dtypes) + (f" {shape}" if shape is not None else "")
            raise ValueError(f"Expected {name} to be {wanted}, got {dtype} {found}.")
        if len(data) != math.prod(found) * dtype.itemsize:
            raise ValueError(f"{name} is not whole: its shape is {found}, and there are {len(data)} bytes.")
        return np.frombuffer(data, dtype).reshape(found, order="F" if in_columns else "C").astype(dtype.name)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _header(entry: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    file: BinaryIO = entry
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("An array is of another version of NumPy's format.")
    return np.lib.format.read_array_header_1_0(file)
