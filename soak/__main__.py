"""Runs the rows of the soak, all or those named, each in a process of its own, and writes JSON."""

import argparse
import json
import subprocess
import sys
from typing import Any

from benchmarks.written import write
from soak.rows import LENGTHS, ROWS

HANGS = {"short": 280.0, "middle": 1200.0, "long": 4 * 3600.0}
"""Seconds after which a row is taken never to end."""


def main() -> int:
    """Returns 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all, if none is named")
    parser.add_argument("--length", choices=LENGTHS, default="middle")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random; another one finds other faults")
    asked = parser.parse_args()
    unknown = set(asked.rows) - set(ROWS)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    broken = 0
    for name in asked.rows or ROWS:
        print(f"\n## {name}: {ROWS[name]}", flush=True)
        state = one(name, asked.length, asked.seed)
        broken += sum(not each["kept"] for each in state["promises"].values())
        tell(state)
        write("soak", {name: state}, into=True)
    print(f"\n{broken or 'No'} promises broken.")
    return 1 if broken else 0


def one(name: str, length: str, seed: int = 0) -> dict[str, Any]:
    """Runs a row in a process of its own; one that does not end in good order has broken a promise."""
    command = [sys.executable, "-m", "soak.one", name, "--length", length, "--seed", str(seed)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=HANGS[length])
    except subprocess.TimeoutExpired as error:
        code, end = -9, f"no end after {error.timeout:.0f} s"
    else:
        if made.returncode == 0:
            return json.loads(made.stdout.splitlines()[-1])
        code, end = made.returncode, f"exit code {made.returncode}: {made.stderr[-2000:]}"
    promise = {"found": code, "at most": 0, "kept": False, "time": False}
    about = {"what": ROWS[name], "times": 0, "length": length, "seed": seed}
    return {**about, "figures": {}, "promises": {"exit code": promise}, "broken": [end]}


def tell(state: dict[str, Any]) -> None:
    """Prints what a row found."""
    for name, value in state["figures"].items():
        print(f"    {name}: {value}")
    for name, promise in state["promises"].items():
        print(f"{'  ' if promise['kept'] else '!!'}  {name}: {promise['found']} (at most {promise['at most']})")
    for example in state["broken"]:
        print(f"    {example}")


if __name__ == "__main__":
    sys.exit(main())
