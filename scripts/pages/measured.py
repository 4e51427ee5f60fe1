"""Tables of what was measured, read from benchmarks/results when the site is built."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
OURS = "this project, float32"
CONTENDERS = {
    "step tf.function": "`tf.function` per step",
    "Keras example": "keras.io example",
    "DeepDream tutorial": "DeepDream tutorial",
    "tf-keras-vis": "tf-keras-vis",
}
METHODS = ("classic", "robust", "natural", "tf-keras-vis", "Lucid's recipe")


def results(name: str) -> Any:
    """The figures of one benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["results"]


def machine(name: str = "ascent") -> str:
    """On what one was measured, in words."""
    found = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["machine"]
    return f"{found['cores']} cores ({', '.join(found['features'])}), TensorFlow {found['tensorflow']}, no GPU"


def ascent() -> str:
    """Milliseconds for an iteration, and the others' as multiples."""
    rows = []
    for case, figures in results("ascent").items():
        own = figures[OURS]["iteration ms"]
        limit = figures["limit"]["iteration ms"] / own
        others = [f"{figures[name]['iteration ms'] / own:.1f}" for name in CONTENDERS]
        together = f"{figures['this project, 8 together']['iteration ms'] / own:.2f}"
        rows.append([_case(case), f"**{own:.3g} ms**", *others, together, f"{limit:.2f}"])
    heads = ["network, layer", "one iteration", *CONTENDERS.values(), "8 at once", "limit"]
    return table(heads, rows)


def second_filter() -> str:
    """Seconds until the picture of another filter of the layer is there, and the others' as multiples."""
    rows = []
    for case, figures in results("ascent").items():
        own = figures[OURS]["second filter s"]
        others = [f"{figures[name]['second filter s'] / own:.1f}" for name in CONTENDERS]
        rows.append([_case(case), f"**{own:.2g} s**", *others])
    return table(["network, layer", "another filter", *CONTENDERS.values()], rows)


def latency() -> str:
    """From a slider's event to what is painted."""
    rows = []
    for what, figures in results("latency").items():
        cells = [figures[each] for each in ("first frame ms", "whole picture ms")]
        rows.append([what, *(f"{cell['median']:.0f} ms ({cell['95 %']:.0f})" for cell in cells), cells[0]["moves"]])
    return table(["what is moved", "first frame", "whole picture", "moves"], rows)


def panels() -> str:
    """What the panels cost."""
    found = results("panels")
    moved = found["map of a moved filter, ms"]
    rows = [
        ["feature map of a moved filter", f"{moved['median']:.0f} ms ({moved['95 %']:.0f})"],
        ["first frame, with all panels open, later by", f"{found['first frame later by, ms']:.0f} ms"],
        ["sheet of 512 filters: first row", f"{found['sheet of 512 filters, first row, ms']:.0f} ms"],
        ["the same sheet again", f"{found['the same again, ms']:.0f} ms"],
    ]
    return table(["what", "time"], rows)


def history() -> str:
    """What recording a training run costs."""
    rows = [
        [name, f"{each['epoch s']:.2f} s", f"{each['record s']:.2f} s", f"{each['first record s']:.2f} s"]
        for name, each in results("history").items()
        if "epoch s" in each
    ]
    return table(["network", "an epoch", "its record", "the first record"], rows)


def quality() -> str:
    """How good the pictures are, on both networks."""
    parts = []
    for network, found in results("quality").items():
        if not isinstance(found, dict) or "all layers" not in found:
            continue
        rows = [
            [
                f"`{name}`" if name in METHODS[:3] else name,
                f"{each['R']:.2f}",
                f"{each['R above 1']:.0%}",
                f"{each['held under shift']:.0%}",
                f"{each['held under rotation']:.0%}",
                f"{each['rank 1']:.0%}",
                f"{each['seconds']:.2g} s",
            ]
            for name in METHODS
            if (each := found["all layers"].get(name))
        ]
        heads = ["method", "R", "above 1", "held under shift", "under rotation", "rank 1", "a picture"]
        parts.append(f"**{network}**\n\n{table(heads, rows)}")
    return "\n\n".join(parts)


def opening() -> str:
    """Whether closed filters are told from dead ones."""
    rows = [
        [name, each["filters"], each["opened"], each["right"], len(each["wrong"])]
        for name, each in results("opening").items()
    ]
    return table(["network, method", "filters tried", "opened", "right", "wrong"], rows)


def atlas() -> str:
    """How quickly an atlas is made."""
    rows = [[name, f"{each:g}"] for name, each in results("atlas")["ascents per second"].items()]
    return table(["by", "ascents per second"], rows)


def soak() -> str:
    """What was promised of an hour in a lesson, and what was found."""
    rows = []
    for each in results("soak").values():
        first = f"**{each['what']}**<br><small>{each['times']:,} times</small>"
        for name, promise in each["promises"].items():
            found = f"{promise['found']:,g}" + ("" if promise["kept"] else " **!**")
            rows.append([first, name, found, f"{promise['at most']:,g}"])
            first = ""
    return table(["what was done", "", "found", "promised"], rows)


def spread(contender: str) -> str:
    """By how much a contender's iteration takes longer, over all networks: "2.1 to 26 times"."""
    shares = [each[contender]["iteration ms"] / each[OURS]["iteration ms"] for each in results("ascent").values()]
    return f"{min(shares):.2g} to {max(shares):.2g} times"


def table(heads: list[str], rows: list[list[Any]]) -> str:
    """A table in Markdown: the first column to the left, figures to the right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _case(case: str) -> str:
    network, layer = case.split("/", 1)
    short = layer if len(layer) < 22 else f"…{layer[-18:]}"
    return f"{network} <br><small>`{short}`</small>"


TABLES = {
    each.__name__: each
    for each in (ascent, second_filter, latency, panels, history, quality, opening, atlas, soak, machine)
}
"""What a page may ask for: `<!-- made: ascent -->`."""
