"""The filters of an atlas as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterviz_widget.atlas.files import EXAMPLES, PAGE, SHARD, read_json, shard_folder

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    *("layer", "filter", "activation", "inhibited", "selectivity", "median", "strongest", "value"),
    *("is_dead", "error", "note", "previous", "next"),
)


def table(folder: Path, layers: list[dict[str, Any]]) -> pandas.DataFrame:
    """See `Atlas.to_dataframe`; `layers` are those of atlas.json.

    Raises:
        ImportError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe() needs pandas: install filterviz-widget[dataframe].") from None
    rows = []
    for layer in layers:
        examples = read_json(folder, f"{layer['folder']}/{EXAMPLES}")
        for first in range(0, layer["filters"], PAGE):
            found = read_json(folder, f"{shard_folder(layer['folder'], first)}/{SHARD}")
            for entry in found["filters"] if found else ():
                rows.append(_row(layer["name"], entry, examples["filters"][entry["filter"]] if examples else None))
    return pandas.DataFrame(rows, columns=COLUMNS)


def _row(layer: str, entry: dict[str, Any], example: dict[str, Any] | None) -> tuple[Any, ...]:
    best = example["strongest"][0] if example and example["strongest"] else {}
    near = [f"{side[0]['layer']}/{side[0]['filter']}" if side else "" for side in (entry["previous"], entry["next"])]
    return (
        layer,
        entry["filter"],
        None if entry["error"] else entry["activations"][-1],
        entry["inhibits"]["activation"],
        example["selectivity"] if example else None,
        example["quantiles"][3] if example else None,
        best.get("name"),
        best.get("value"),
        *(entry[name] for name in ("is_dead", "error", "note")),
        *near,
    )
