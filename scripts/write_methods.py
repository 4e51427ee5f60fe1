"""Writes docs/methods.md from where the methods and their axes are declared."""

from pathlib import Path

from filterviz_widget.description.method import AXES
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.description.ranges import RANGES

PAGE = Path(__file__).parents[1] / "docs" / "methods.md"

MORE = """\
## Beside one optimum

- **Facets**: several optima of one filter that ascend together, with a penalty on likeness, `diversity`. A filter that
  answers to more than one thing shows it: `visualize_facets(model, layer, filter)`, `explorer.facets()`.
- **What inhibits it**: the same with `sign=-1`.
- **Accentuation**: the ascent starts at a photo and is held near to it in the layer's features, by `nearness`. What
  changes is what in this photo excites the filter: `accentuate(model, layer, filter, photo)`.
- **A closed filter** is opened by gradients that pass closed ReLUs, whatever the method; the caption says for how many
  iterations.
""".splitlines()

PAPERS = (
    "Erhan, Bengio, Courville and Vincent 2009, *Visualizing higher-layer features of a deep network*: activation "
    "maximisation. University of Montreal, technical report 1341.",
    "Simonyan, Vedaldi and Zisserman 2013, [arXiv 1312.6034](https://arxiv.org/abs/1312.6034): the same for classes of "
    "convolutional networks.",
    "Mordvintsev, Olah and Tyka 2015, *Inceptionism*: the normalised gradient, and octaves.",
    "Olah, Mordvintsev and Schubert 2017, *Feature Visualization*, "
    "[Distill](https://distill.pub/2017/feature-visualization): Fourier coefficients, decorrelated colour, random "
    "transformations, diversity, redirected ReLU gradients. `robust`.",
    "Mordvintsev, Pezzotti, Schubert and Olah 2018, *Differentiable Image Parameterizations*, "
    "[Distill](https://distill.pub/2018/differentiable-parameterizations).",
    "Nguyen, Yosinski and Clune 2016, *Multifaceted Feature Visualization*, "
    "[arXiv 1602.03616](https://arxiv.org/abs/1602.03616): a filter has several facets.",
    "Fel et al. 2023, *Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization*, "
    "[arXiv 2306.06805](https://arxiv.org/abs/2306.06805). `natural`.",
    "Hamblin et al. 2024, *Feature Accentuation*, [arXiv 2402.10039](https://arxiv.org/abs/2402.10039). `accentuate`.",
    "Borowski et al. 2021, *Exemplary Natural Images Explain CNN Activations Better than State-of-the-Art Feature "
    "Visualization*, [arXiv 2010.12606](https://arxiv.org/abs/2010.12606): why the strongest images stand beside it.",
    "Kingma and Ba 2014, *Adam*, [arXiv 1412.6980](https://arxiv.org/abs/1412.6980).",
)


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
        *(f"- `{name}`: {each.help}." for name, each in PRESETS.items()),
        "",
        "The same filters by each: at 160 x 160 of a VGG16 that was trained on photographs, at 96 x 96 of the flower",
        "model (`python -m scripts.draw_methods`):",
        "",
        "![Six filters of VGG16 by classic, robust and natural](methods-vgg16.webp)",
        "",
        "![Six filters of the flower model by classic, robust and natural](methods-flowers.webp)",
        "",
        _table(["number or axis", *(f"`{name}`" for name in names)], rows),
        "",
        "How much each reaches, how much of it holds when the picture is moved, and how long it takes, is",
        "[measured](performance.md#how-good-the-pictures-are).",
        "",
        "## Axes",
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
        *MORE,
        "## Papers",
        "",
        *(f"- {paper}" for paper in PAPERS),
        "",
        "This page is made by `python scripts/write_methods.py` from `filterviz_widget/description/method.py`.",
        "",
    ]
    return "\n".join(lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
