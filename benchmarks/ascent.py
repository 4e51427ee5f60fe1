"""The compiled loop beside other ways to ascend: each contender in a fresh process, each figure a ratio in one run."""

import json
import subprocess
import sys
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.networks import CASES
from benchmarks.written import write

LONGEST = 600
"""Seconds that a contender may take for a case."""

FIRST = next(iter(CONTENDERS))
COLUMNS = (
    "first picture s",
    "iteration ms",
    "second filter s",
    "second layer, first frame s",
    "second layer s",
    "activation",
    "peak memory MB",
)


def measure(cases: list[str], contenders: list[str]) -> dict[str, dict[str, Any]]:
    """Runs every contender on every case; one that fails is reported with its last line."""
    results: dict[str, dict[str, Any]] = {}
    for case in cases:
        results[case] = {}
        for contender in contenders:
            command = [sys.executable, "-m", "benchmarks.one", contender, case]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
            except subprocess.TimeoutExpired:
                results[case][contender] = {"failed": f"took more than {LONGEST} s"}
                continue
            if done.returncode:
                results[case][contender] = {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
            else:
                results[case][contender] = json.loads(done.stdout.splitlines()[-1])
        print(table(case, results[case]), flush=True)
    return results


def table(case: str, measured: dict[str, Any]) -> str:
    """Writes one case as Markdown: this project's figures, and the others' as multiples of them."""
    own = measured[FIRST]
    lines = [f"\n### {case}\n", "| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for contender, figures in measured.items():
        if reason := figures.get("failed") or figures.get("same as"):
            why = "failed" if "failed" in figures else "the same as"
            lines.append(f"| {contender} | {why}: {reason} |" + " |" * (len(COLUMNS) - 1))
            continue
        cells = []
        for column in COLUMNS:
            if column not in figures:
                cells.append("")
                continue
            ratio = "" if contender == FIRST or "failed" in own else f" ({figures[column] / own[column]:.2f} x)"
            cells.append(f"{figures[column]:.3g}{ratio}")
        lines.append(f"| {contender} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(cases: list[str] | None = None) -> dict[str, Any]:
    """Measures all cases, or those whose names begin like one of `cases`; "limit" is the convolutions alone."""
    chosen = [name for name in CASES if not cases or name.startswith(tuple(cases))]
    return measure(chosen, [*CONTENDERS, "limit"])


if __name__ == "__main__":  # some cases anew: python -m benchmarks.ascent VGG16/block5
    write("ascent", main(sys.argv[1:]), into=True)
