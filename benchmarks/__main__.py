"""Runs the benchmarks, all or those named (`python -m benchmarks ascent latency`), and writes JSON."""

import importlib
import json
import os
import platform
import sys
from pathlib import Path

RESULTS = Path(__file__).with_name("results")
ALL = ("ascent", "latency", "history", "quality")


def main() -> None:
    """Runs those that are named, or all."""
    RESULTS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or ALL:
        print(f"\n## {name}", flush=True)
        results = importlib.import_module(f"benchmarks.{name}").main()
        machine = {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine()}
        path = RESULTS / f"{name}.json"
        path.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n", "utf-8")
        print(f"-> {path.relative_to(RESULTS.parents[1])}")


if __name__ == "__main__":
    main()
