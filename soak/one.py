"""One row in this process, for `python -m soak` and the tests: prints one line of JSON. `python -m soak.one ROW`"""

import argparse
import importlib
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported

from soak.found import Found
from soak.rows import LENGTHS, ROWS


def main() -> None:
    """Runs one row."""
    parser = argparse.ArgumentParser(prog="python -m soak.one", description=__doc__)
    parser.add_argument("row", choices=ROWS)
    parser.add_argument("--length", choices=LENGTHS, default="short")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    module = importlib.import_module(f"soak.{asked.row}")
    times, found, began = module.TIMES[asked.length], Found(), time.monotonic()
    module.run(found, times, asked.seed)
    state = {"what": ROWS[asked.row], "times": times, "seconds": round(time.monotonic() - began, 1), **found.state}
    print(json.dumps({"length": asked.length, "seed": asked.seed, **state}))


if __name__ == "__main__":
    main()
