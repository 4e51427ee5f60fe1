"""Writes docs/methods.md from where the methods and their axes are declared."""

from pathlib import Path

from filterviz_widget.description.method import AXES
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.description.ranges import RANGES

PAGE = Path(__file__).parents[1] / "docs" / "methods.md"


def page() -> str:
    """The page as Markdown: what each method is made of, and what each axis can be."""
    names = list(PRESETS)
    rows = [["step size (grey levels)", *(f"{PRESETS[name].step_size:g}" for name in names)]]
    rows.append(["iterations", *(str(PRESETS[name].iterations) for name in names)])
    for axis in AXES:
        values = [getattr(PRESETS[name].method, axis) for name in names]
        if any(value != getattr(PRESETS["classic"].method, axis) for value in values) or axis == "objective":
            words = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
            rows.append([f"`{axis}`", *words])
    lines = [
        "# Methods and their axes",
        "",
        "Made by `python scripts/write_methods.py` from `filterviz_widget/description/method.py`.",
        "",
        *(f"- `{name}`: {each.help}." for name, each in PRESETS.items()),
        "",
        "The same filters by each: at 160 x 160 of a VGG16 that was trained on photographs, at 96 x 96 of the flower",
        "model (`python -m scripts.draw_methods`):",
        "",
        "![Six filters of VGG16 by classic, robust and natural](methods-vgg16.webp)",
        "",
        "![Six filters of the flower model by classic, robust and natural](methods-flowers.webp)",
        "",
        _table(["", *(f"`{name}`" for name in names)], rows),
        "",
        "Every axis is an argument of `FilterExplorer`, `visualize_filter`, `visualize_layer` and `FilterHistory`, and",
        "most are in the explorer's drawer of options.",
        "",
        _table(
            ["axis", "what it is", "values", "in the drawer"],
            [[f"`{axis.name}`", axis.help, axis.values, axis.group or "-"] for axis in AXES.values()],
        ),
        "",
        "`direction`, weights of several filters such as `{3: 1.0, 7: -0.5}`, takes the place of the one filter.",
        "",
        _table(
            ["number", "values"],
            [[f"`{name}`", f"{each.low:,} to {each.high:,}{each.unit}"] for name, each in RANGES.items()],
        ),
        "",
    ]
    return "\n".join(lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
