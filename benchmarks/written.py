"""Results as JSON, with the machine that gave them."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


def write(name: str, results: dict[str, Any], *, into: bool = False) -> None:
    """Writes `results/<name>.json`.

    Args:
        name: Of the benchmark.
        results: What it measured, by case.
        into: Whether other cases of the file stay as they are.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text("utf-8"))["results"] if into and path.exists() else {}
    machine = {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "features": _features(),
        "tensorflow": version("tensorflow"),
    }
    path.write_text(json.dumps({"machine": machine, "results": before | results}, indent=1) + "\n", "utf-8")
    print(f"-> {path.relative_to(RESULTS.parents[1])}")


def _features() -> list[str]:
    """What of the processor matters to the speed of convolutions, where it can be known."""
    try:
        known = Path("/proc/cpuinfo").read_text("utf-8").split()
    except OSError:
        return []
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in known]
