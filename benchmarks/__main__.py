"""Runs the benchmarks, all or those named (`python -m benchmarks ascent latency`), and writes JSON."""

import importlib
import sys

from benchmarks.written import write

ALL = ("ascent", "atlas", "latency", "history", "octaves", "opening", "panels", "photographs", "quality")


def main() -> None:
    """Runs those that are named, or all."""
    for name in sys.argv[1:] or ALL:
        print(f"\n## {name}", flush=True)
        write(name, importlib.import_module(f"benchmarks.{name}").main())


if __name__ == "__main__":
    main()
