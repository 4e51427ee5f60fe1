"""What there is to say of a history, and of a record: in a few lines, what is missing, what its arrays are like."""

from typing import Any

from filterviz_widget.history.pictures import FAILED
from filterviz_widget.history.record import Record
from filterviz_widget.history.recorded import Recorded
from filterviz_widget.history.store import Store

MOST_NAMES = 6
"""Of layers that are written out."""


def summary(recorded: Recorded, model: str, probe_size: int, store: Store, problem: str) -> str:
    """A history in a few lines, with the first line of what went wrong."""
    lines = problem.splitlines()
    error = f"  error      {lines[0]}{' ...' * (len(lines) > 1)}" if lines else ""
    if not len(store):
        return "FilterHistory: nothing recorded yet" + (f"\n{error}" if error else "")
    first, last = store[0], store[len(store) - 1]
    held, moved = store.bytes_in_memory, store.bytes_on_disk
    layers = recorded.layers
    names = [*layers[:MOST_NAMES], *([f"{len(layers)} in all"] if len(layers) > MOST_NAMES else [])]
    probe = f"of {len(last.weights)} weights on {probe_size} examples" if last.weights else "none"
    where = f", {moved / 1e6:.1f} MB in a file" if moved else ""
    return "\n".join(
        [
            f"FilterHistory of {model!r}: {recorded.count} records, epochs {first.epoch} to {last.epoch}",
            f"  layers     {', '.join(names) or 'none'}",
            f"  gradients  {probe}",
            f"  time       {last.logs.get('record_seconds', 0):.2f} s for the last record",
            f"  arrays     {held / 1e6:.1f} MB in memory{where}",
            *([error] if error else []),
        ]
    )


def shapes(record: Record) -> dict[Any, Any]:
    """Shapes and dtypes that are the same in all records of a history."""
    kernels = {(name, part): one for name, parts in record.kernels.items() for part, one in enumerate(parts)}
    arrays = kernels | {(name, "pictures"): one for name, one in record.pictures.items()}
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def missing(record: Record) -> dict[str, str]:
    """What is missing of a record, and why, in words. That a model cannot be drawn at all was said when it was read."""
    missing = {what: problem for what, problem in record.problems.items() if what != "pictures"}
    for layer, notes in record.notes.items():
        if failed := [note for note in notes if note.startswith(FAILED)]:
            missing[f"pictures of {layer}"] = f"{len(failed)} of {len(notes)} pictures of {layer!r} {failed[0]}"
    return missing
