"""What a file says of a history, its large arrays apart: to JSON, and back with every word checked."""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import numpy as np

from filterviz_widget.description.ranges import short
from filterviz_widget.history.archive import Arrays, Weight
from filterviz_widget.history.layout import Part, RecordedLayer
from filterviz_widget.history.record import Record
from filterviz_widget.history.settings import Settings
from filterviz_widget.model.kernels import Kind, canonical_shape

FORMAT = "filterviz_widget.history"
VERSION = 2
PARTS = ((), ("kernel",), ("depthwise", "pointwise"))


class Contents(NamedTuple):
    """How and what was recorded.

    Attributes:
        settings: How.
        layout: The recorded layers.
        model: The model's name.
        probe_size: How many examples the gradients are of; 0 without a probe.
    """

    settings: Settings
    layout: tuple[RecordedLayer, ...]
    model: str
    probe_size: int


class Head(NamedTuple):
    """A record without its large arrays, and the numbers of the weights that it has gradients of."""

    record: Record
    weights: tuple[int, ...]


class Said(NamedTuple):
    """All that a file says."""

    contents: Contents
    weights: tuple[Weight, ...]
    heads: tuple[Head, ...]


def to_json(contents: Contents, weights: Sequence[Weight], stored: Sequence[Record]) -> dict[str, Any]:
    """Plain data for `from_json`.

    Args:
        contents: How and what was recorded.
        weights: What there are gradients of.
        stored: The records as `Archive.write` returned them.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": contents.model,
        "probe_size": contents.probe_size,
        "settings": contents.settings.to_json(),
        "layout": [{**layer._asdict(), "parts": [part._asdict() for part in layer.parts]} for layer in contents.layout],
        "weights": [weight._asdict() for weight in weights],
        "records": [_head_to_json(record) for record in stored],
    }


def from_json(about: Any) -> Said:
    """What `to_json` wrote.

    Raises:
        ValueError: If it is something else, or contradicts itself, with what was found and what was expected.
    """
    check_format(about)
    data = _fields(about, "the file", "format version model probe_size settings layout weights records")
    layout = tuple(_layer(one) for one in _list(data["layout"], "layout"))
    _distinct([layer.name for layer in layout], "names of layers")
    model, probe_size = _text(data["model"], "model"), _whole(data["probe_size"], "probe_size")
    contents = Contents(Settings.from_json(data["settings"]), layout, model, probe_size)
    for layer in layout:
        if not set(layer.filters) <= set(contents.settings.filters):
            raise ValueError(f"The layer {layer.name!r} must have filters among the settings', got {layer.filters}.")
    weights = tuple(_weight(one) for one in _list(data["weights"], "weights"))
    _distinct(weights, "weights")
    _check_gradients(layout, weights)
    heads: list[Head] = []
    for one in _list(data["records"], "records"):
        heads.append(_head(one, contents, weights, heads[-1].record.epoch if heads else -1))
    if unused := set(range(len(weights))) - {number for head in heads for number in head.weights}:
        raise ValueError(f"No record has gradients of the weights {short(sorted(unused))}.")
    return Said(contents, weights, tuple(heads))


def check_format(about: Any) -> int:
    """The version of a history.

    Raises:
        ValueError: If it is none, or of a newer version.
    """
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError("it is not a saved history, but something else")
    version = _whole(about.get("version"), "version")
    if version > VERSION:
        raise ValueError(f"it is of version {version}; this package reads up to {VERSION}")
    return version


def _head_to_json(record: Record) -> dict[str, Any]:
    assert isinstance(record.gradients, Arrays)
    return {
        "epoch": record.epoch,
        "logs": dict(record.logs),
        "weights": record.gradients.numbers,
        "norms": record.norms.tolist(),
        "activations": {name: one.tolist() for name, one in record.activations.items()},
        "dead": {name: one.tolist() for name, one in record.dead.items()},
        "notes": dict(record.notes),
        "problems": dict(record.problems),
    }


def _head(data: Any, contents: Contents, weights: Sequence[Weight], before: int) -> Head:
    data = _fields(data, "a record", "epoch logs weights norms activations dead notes problems")
    epoch = _whole(data["epoch"], "epoch")
    if epoch <= before:
        raise ValueError(f"Epochs must rise: {epoch} comes after {before}.")
    where = f"of epoch {epoch}"
    numbers = tuple(_whole(one, f"the weights {where}") for one in _list(data["weights"], f"the weights {where}"))
    if any(number >= len(weights) for number in numbers):
        raise ValueError(f"There are {len(weights)} weights; {where} there is the number {max(numbers)}.")
    names = tuple(weights[number].name for number in numbers)
    _distinct(names, f"weights {where}")
    if names and not contents.probe_size:
        raise ValueError(f"There are gradients {where}, but no probe.")
    norms = _numbers(data["norms"], f"the norms {where}")
    if len(norms) != len(names) or any(norm < 0 for norm in norms):
        raise ValueError(f"There must be a norm from 0 for each of {len(names)} weights {where}, got {short(norms)}.")
    logs = _dict(data["logs"], f"the logs {where}")
    activations = _dict(data["activations"], f"the activations {where}")
    drawn = {layer.name: len(layer.filters) for layer in contents.layout if layer.filters and layer.name in activations}
    activations = _per_filter(activations, drawn, f"the activations {where}")
    dead = _per_filter(data["dead"], drawn, f"dead {where}")
    notes = _dict(data["notes"], f"the notes {where}")
    notes = _per_filter(notes, drawn, f"the notes {where}") if notes else notes
    record = Record(
        epoch=epoch,
        logs=dict(zip(logs, _numbers(list(logs.values()), f"the logs {where}"), strict=True)),
        weights=names,
        norms=np.array(norms, np.float64),
        gradients=(),
        kernels={},
        pictures={},
        activations={name: np.array(_numbers(each, name), np.float32) for name, each in activations.items()},
        dead={name: np.array([_bool(one, f"dead {where}") for one in each], bool) for name, each in dead.items()},
        notes={name: tuple(_text(one, f"the notes {where}") for one in each) for name, each in notes.items()},
        problems={
            name: _text(one, f"the problem {name!r}") for name, one in _dict(data["problems"], "problems").items()
        },
    )
    return Head(record, numbers)


def _layer(data: Any) -> RecordedLayer:
    data = _fields(data, "a layer", "name filters parts sees_colours")
    name = _text(data["name"], "a layer's name")
    what = f"the filters of {name!r}"
    filters = tuple(_whole(one, what) for one in _list(data["filters"], what))
    _distinct(filters, f"filters of {name!r}")
    parts = tuple(_part(one, name) for one in _list(data["parts"], f"the kernels of {name!r}"))
    if tuple(part.name for part in parts) not in PARTS:
        raise ValueError(f"The kernels of {name!r} must be one of {PARTS}, got {short([part.name for part in parts])}.")
    sees_colours = _bool(data["sees_colours"], f"sees_colours of {name!r}")
    if sees_colours and not (parts and parts[-1].shape[2] == 3):
        raise ValueError(f"The layer {name!r} cannot see colours: its kernel has not three inputs.")
    return RecordedLayer(name, filters, parts, sees_colours)


def _part(data: Any, layer: str) -> Part:
    data = _fields(data, f"a kernel of {layer!r}", "name kind weight shape")
    if data["kind"] not in get_args(Kind):
        raise ValueError(f"The kind of a kernel must be one of {', '.join(get_args(Kind))}, got {short(data['kind'])}.")
    shape = _shape(data["shape"], f"the kernel of {layer!r}")
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"The kernel of {layer!r} must have four sizes from 1, got {short(shape)}.")
    return Part(_text(data["name"], "a kernel's name"), data["kind"], _text(data["weight"], "a weight's name"), shape)


def _weight(data: Any) -> Weight:
    data = _fields(data, "a weight", "name shape dtype")
    name = _text(data["name"], "a weight's name")
    if data["dtype"] not in ("float32", "float64"):
        raise ValueError(f"The gradients of {name!r} must be float32 or float64, got {short(data['dtype'])}.")
    return Weight(name, _shape(data["shape"], f"the weight {name!r}"), data["dtype"])


def _check_gradients(layout: Sequence[RecordedLayer], weights: Sequence[Weight]) -> None:
    """A kernel's gradient lies over the kernel."""
    parts = {part.weight: part for layer in layout for part in layer.parts}
    for weight in weights:
        if (part := parts.get(weight.name)) is None:
            continue
        try:
            fits = canonical_shape(weight.shape, part.kind) == part.shape
        except ValueError:  # too many sizes, or too few
            fits = False
        if not fits:
            raise ValueError(f"A gradient of {weight.name!r} has shape {weight.shape}, its kernel {part.shape}.")


def _per_filter(data: Any, drawn: dict[str, int], what: str) -> dict[str, list[Any]]:
    """Lists by layer, as long as the layer has filters."""
    data = _dict(data, what)
    if data.keys() != drawn.keys():
        raise ValueError(f"Expected {what} for the layers {list(drawn)}, got {short(list(data))}.")
    for name, count in drawn.items():
        if len(_list(data[name], f"{what}, {name!r}")) != count:
            raise ValueError(f"Expected {what} for {count} filters of {name!r}, got {len(data[name])}.")
    return data


def _fields(data: Any, what: str, names: str) -> dict[str, Any]:
    data, expected = _dict(data, what), names.split()
    if data.keys() != set(expected):
        raise ValueError(f"Expected of {what} {', '.join(expected)}; got {short(sorted(data))}.")
    return data


def _dict(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"Expected names and values for {what}, got {short(value)}.")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"Expected a list for {what}, got {short(value)}.")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"Expected a text for {what}, got {short(value)}.")
    value.encode()  # half a character, which JSON can hold, cannot be shown
    return value


def _bool(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"Expected true or false for {what}, got {short(value)}.")
    return value


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"Expected a whole number from 0 for {what}, got {short(value)}.")
    return value


def _number(value: Any, what: str) -> float:
    """Training may end with NaN or infinity, so these are numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, int) and abs(value) > 2**53):
        raise ValueError(f"Expected a number for {what}, got {short(value)}.")
    return float(value)


def _numbers(values: Any, what: str) -> list[float]:
    return [_number(value, what) for value in _list(values, what)]


def _shape(value: Any, what: str) -> tuple[int, ...]:
    return tuple(_whole(side, f"the shape of {what}") for side in _list(value, f"the shape of {what}"))


def _distinct(values: Sequence[Any], what: str) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"The {what} must differ from one another, got {short(list(values))}.")
