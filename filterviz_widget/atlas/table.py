"""The filters of an atlas as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterviz_widget.atlas.files import PAGE, SHARD, missing, shard_folder, understood
from filterviz_widget.atlas.parts import examples, shard

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
    for about in layers:
        name, made, gone = about["name"], 0, ""
        strongest = examples(folder, about)
        for first in range(0, about["filters"], PAGE):
            if (found := shard(folder, name, about["folder"], first)) is None:
                gone = gone or f"{shard_folder(about['folder'], first)}/{SHARD}"
                continue
            for entry in found["filters"]:
                made += 1
                with understood(folder / about["folder"]):
                    rows.append(_row(name, entry, strongest[entry["filter"]] if strongest else None))
        if made < about["made"]:  # which is written after the shards
            raise missing(folder / (gone or about["folder"]))
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
