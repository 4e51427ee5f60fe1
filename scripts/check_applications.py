"""Tries every architecture of keras.applications, and those of keras-hub, and writes docs/applications.md.

Each has random weights; those of keras.applications have their native image size, those of keras-hub are small. The
first, middle and last convolutional layer make three iterations each; and of some layers of keras.applications the
receptive fields are compared with where the image has a gradient. Each architecture has a process of its own, one at a
time, which is ended where it takes too much memory.

    python -m scripts.check_applications [--only pictures|fields] [ARCHITECTURE ...]
"""

import argparse
import inspect
import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.hub_architectures import SHAPE, hub_architectures

TABLE = Path(__file__).parents[1] / "docs" / "applications.md"
ITERATIONS = 3
MEMORY_GIB = 16.0
"""More than the largest needs, and less than what a notebook's machine has."""

PARTS = {"pictures": 6, "fields": 1}
"""What is tried, and how many cells of a row it fills, from the left."""

ROW = re.compile(r"\| (\w+) \|(.*)\|$")


def main() -> None:
    """Reads the command line; tries all architectures, or those named, and keeps what else the table says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architectures", nargs="*", metavar="ARCHITECTURE")
    parser.add_argument("--only", choices=PARTS, help="leave the other columns as they are")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_this_process:
        run = check_pictures if arguments.only == "pictures" else check_fields
        print(json.dumps(run(arguments.architectures[0])))
        return
    rows = dict(_rows()) if arguments.architectures or arguments.only else {}
    applications, hub = architectures(), list(hub_architectures())
    names = [*applications, *hub]
    for name in arguments.architectures or names:
        cells = rows.setdefault(name, [""] * sum(PARTS.values()))
        if arguments.only != "fields":
            cells[: PARTS["pictures"]] = _pictures(*_in_a_process(name, "pictures"))
        if arguments.only != "pictures" and name in applications:
            cells[PARTS["pictures"] :] = [_fields(*_in_a_process(name, "fields"))]
        print(_line(name, cells), flush=True)
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(
            _page(*({known: rows[known] for known in some if known in rows} for some in (applications, hub)))
        )


def architectures() -> list[str]:
    """The names of all functions in keras.applications that make a model."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return sorted(
        name
        for name, function in vars(keras.applications).items()
        if inspect.isfunction(function) and "weights" in inspect.signature(function).parameters
    )


def check_pictures(name: str) -> dict[str, Any]:
    """Makes the pictures of one architecture; raises what goes wrong.

    Returns:
        What the table says of it: image size, input range, number of layers, seconds, memory, where the image stays.
    """
    import keras
    import numpy as np

    from filterviz_widget.ascent import Ascent, Numbers, one_hot
    from filterviz_widget.description.method import CLASSIC
    from filterviz_widget.model import read_model

    hub = hub_architectures() if name not in architectures() else {}
    model = hub[name]() if hub else getattr(keras.applications, name)(weights=None)
    began = time.perf_counter()
    view = read_model(model)
    # Of a transformer only the patches are a convolution; its tokens are what one looks at.
    layers = [info for info in view.layers if info.recommended or (hub and info.kind != "units")]
    seconds: dict[str, float] = {}
    still: list[str] = []
    convolutions = sum(info.recommended for info in layers)
    for info in (layers[0], layers[len(layers) // 2], layers[-1]):
        features = view.cut(info.name)
        ascent = Ascent(features, view.image_shape, view.input_range)
        start = ascent.start([0])
        for filter_ in (info.filters // 2, None):
            if filter_ is None:  # that one was dead
                output = features(start.parameters)
                filter_ = int(np.argmax(np.mean(output, axis=tuple(range(output.shape.rank - 1)))))
            weights = one_hot([filter_], info.filters)
            chunk = ascent.advance(start, weights, Numbers.of(CLASSIC, 1.0), ITERATIONS)
            images, rms = chunk.images.numpy(), chunk.gradient_rms.numpy()
            seconds.setdefault(info.name, time.perf_counter() - began)
            if not (np.isfinite(images).all() and np.isfinite(rms).all()):
                raise FloatingPointError(f"not finite in {info.name}")
            low, high = view.input_range
            moved = np.sqrt(np.mean((images - start.parameters) ** 2)) / (high - low) * 255
            if moved >= 1:  # grey level; each iteration moves the image by one
                break
        else:
            still.append(f"{info.name} (gradient {rms.max():.0e}, moved {moved:.2f})")
        began = time.perf_counter()
    return {
        "size": view.image_shape[:2],
        "range": view.input_range,
        "source": view.input_range_source,
        "layers": convolutions,
        "others": len(layers) - convolutions,
        "seconds": list(seconds.values()),
        "still": still,
        "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def check_fields(name: str) -> dict[str, Any]:
    """Compares the receptive fields of one architecture with its gradients; what the table says of it."""
    from scripts.compare_fields import compare_architecture

    return compare_architecture(name)._asdict()


def _in_a_process(name: str, part: str) -> tuple[dict[str, Any] | None, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.check_applications", "--in-this-process", "--only", part, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    while True:
        try:
            output, errors = process.communicate(timeout=0.5)
            break
        except subprocess.TimeoutExpired:
            status = Path(f"/proc/{process.pid}/status")
            resident = re.search(r"VmRSS:\s+(\d+)", status.read_text() if status.exists() else "")
            if resident and int(resident[1]) > MEMORY_GIB * 2**20:
                process.kill()
                process.communicate()
                return None, f"takes more than {MEMORY_GIB:.0f} GiB"
    if process.returncode:
        return None, errors.strip().splitlines()[-1] if errors.strip() else f"ended with {process.returncode}"
    return json.loads(output.splitlines()[-1]), ""


def _pictures(found: dict[str, Any] | None, why_not: str) -> list[str]:
    if found is None:
        return [f"no: {why_not.replace('|', '/')}", *[""] * (PARTS["pictures"] - 1)]
    height, width = found["size"]
    low, high = found["range"]
    read = "" if found["source"].startswith("read") else " (assumed)"
    works = f"no: hardly moves in {', '.join(found['still'])}" if found["still"] else "yes"
    seconds = " / ".join(f"{value:.1f}" for value in found["seconds"])
    return [
        works,
        f"{height} x {width}",
        f"{low:g} to {high:g}{read}",
        f"{found['layers']} + {found['others']}" if found["others"] else str(found["layers"]),
        seconds,
        f"{found['gib']:.1f}",
    ]


def _fields(found: dict[str, Any] | None, why_not: str) -> str:
    if found is None:
        return f"no: {why_not.replace('|', '/')}"
    if found["differ"]:
        return f"no: {'; '.join(found['differ'])}"
    return f"yes: {found['part']} / {found['whole']}"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def _rows() -> list[tuple[str, list[str]]]:
    lines = TABLE.read_text().splitlines() if TABLE.exists() else []
    found = [(match[1], [cell.strip() for cell in match[2].split("|")]) for line in lines if (match := ROW.match(line))]
    return [(name, cells) for name, cells in found if len(cells) == sum(PARTS.values())]


def _page(rows: dict[str, list[str]], hub: dict[str, list[str]]) -> str:
    import keras
    import tensorflow as tf

    from scripts.compare_fields import ROUNDS

    small = sum(cells[0].startswith("yes") for cells in hub.values())
    works, agree = (sum(cells[column].startswith("yes") for cells in rows.values()) for column in (0, -1))
    return f"""# The architectures of keras.applications

{works} of {len(rows)} work, and in {agree} the receptive fields are those that the gradient shows. Random weights,
native image size; every architecture in a process of its own.

- **layers**: the convolutional ones.
- **works**: the first, middle and last convolutional layer, {ITERATIONS} iterations each, batch of one. Seconds are
  those from the model to the picture, reading and compiling included, for the three layers. A row says yes where the
  image has moved by a grey level (RMS) or more, for the middle filter or, where a ReLU shuts that one on the start
  image, for the most active one. GiB are the most memory that the process took.
- **fields**: of layers from the first to the last, the box of pixels that a position sees as `receptive_field` works
  it out from the graph, and the box in which the image has a gradient from that position over up to {ROUNDS} random
  images; in two corners of the map and between, or in one corner where every position sees the whole image. A row
  says yes where all are equal, with the number of layers compared whose positions see a part of the image, and of
  those that see the whole.

Made by `python -m scripts.check_applications` with TensorFlow {tf.__version__} and Keras {keras.__version__} on
{multiprocessing.cpu_count()} CPU cores without a GPU.

| architecture | works | image | input range | layers | seconds: first / middle / last | GiB | fields: part / whole |
|---|---|---|---|---|---|---|---|
{chr(10).join(_line(name, cells) for name, cells in rows.items())}

## keras-hub

{small} of {len(hub)} work: each small, {SHAPE[0]} x {SHAPE[1]} pixels, no weights of a preset. **layers** are the
convolutional ones, and the other feature maps, tokens among them; tried are the first, the middle and the last of all.

| architecture | works | image | input range | layers | seconds: first / middle / last | GiB | fields: part / whole |
|---|---|---|---|---|---|---|---|
{chr(10).join(_line(name, cells) for name, cells in hub.items())}
"""


if __name__ == "__main__":
    main()
