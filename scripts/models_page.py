"""Writes docs/models.md from the table of models that the tests draw: what works, how, and why not."""

from pathlib import Path
from typing import Any

from tests.zoo import ROWS, WAYS, Row
from tests.zoo.table import EXPECTED, FAMILIES

PAGE = Path(__file__).parents[1] / "docs" / "models.md"


def page() -> str:
    """The page as Markdown: a table for each family."""
    drawn = sum(row.error is None for row in ROWS)
    lines = [
        "# What can be looked at",
        "",
        "Made by `python -m scripts.models_page` from the models in `tests/zoo`, a few lines each, which",
        f"`tests/test_models_table.py` tries: {drawn} are drawn, with the activation of another forward pass, and",
        f"{len(ROWS) - drawn} are refused, with the words below. The architectures of `keras.applications` are in",
        "[applications.md](applications.md).",
        "",
        "`(model, layer, filter, ...)` are the arguments of `visualize_filter`, and `FilterExplorer` takes the same.",
        "",
    ]
    found = dict.fromkeys(row.family for row in ROWS)
    others = [family for family in found if family not in (*FAMILIES, *EXPECTED)]
    for family in (*FAMILIES, *others, *EXPECTED):
        if family not in found:
            continue
        rows = [row for row in ROWS if row.family == family]
        lines += [f"## {family}", ""]
        if family in EXPECTED:
            lines += [f"{EXPECTED[family]}.", ""]
        lines += ["| what | works | how, or why not |", "|---|---|---|"]
        lines += [f"| {row.what} | {'no' if row.error else 'yes'} | {_how(row)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _how(row: Row) -> str:
    if row.error:
        return "; ".join(part.removesuffix(".") for part in row.says)
    arguments = "".join(f", {name}={_value(value)}" for name, value in row.options.items())
    notes = [f'`(model, "{row.layer}", {row.filter}{arguments})`', WAYS[row.way]]
    if row.note:
        notes.append(row.note)
    if row.range != (0.0, 1.0):
        notes.append(f"pixels from {row.range[0]:g} to {row.range[1]:g}")
    return ", ".join(notes)


def _value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
