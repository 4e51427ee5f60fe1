"""The same descriptions in two processes, with 1 and 2 threads, by other doors and after other work: the same bytes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from soak.found import Found

TIMES = {"short": 6, "middle": 12, "long": 200}
"""Descriptions."""

HANGS = 3600.0

Arrays = Mapping[str, Any]


class Setting(NamedTuple):
    """What a picture's last bits may depend on, on one machine."""

    threads: int
    onednn: int


SETTINGS = [Setting(2, 1), Setting(1, 0), Setting(1, 1), Setting(2, 0)]


def run(found: Found, times: int, seed: int) -> None:
    """Two processes beside one another for each setting: they may also find out together how to convolve."""
    settings = SETTINGS[:1] if times == TIMES["short"] else SETTINGS
    differing: list[str] = []
    made: dict[Setting, Arrays] = {}
    with tempfile.TemporaryDirectory() as folder:
        for setting in settings:
            one, other = pair(Path(folder), setting, times, seed)
            made[setting] = one
            differing += [f"{setting}: {name}" for name in one if not same(one[name], other[name])]
        found.figure("pictures", times * len(settings))
        found.none("arrays with other bytes in another process, by another door and after other work", differing)
        for setting in settings[1:]:
            compare(found, f"{setting} against {settings[0]}", made[settings[0]], made[setting])
        if times != TIMES["short"]:  # what the memory of the forms is for
            alone, other = pair(Path(folder), SETTINGS[0], times, seed, caches=("a", "b"))
            compare(found, "with a cache folder of its own for each process", alone, other)


def pair(folder: Path, setting: Setting, times: int, seed: int, caches: tuple[str, str] = ("", "")) -> list[Arrays]:
    """What two processes draw at once, the second in the opposite order, by other doors and after other work."""
    running = []
    for number, cache in enumerate(caches):
        path = folder / f"{number}.npz"
        where = str(folder / f"{setting}{cache}")
        environment = {"TF_ENABLE_ONEDNN_OPTS": str(setting.onednn), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {"XDG_CACHE_HOME": where, "WIN_PD_OVERRIDE_LOCAL_APPDATA": where}
        asked = {"times": times, "seed": seed, "threads": setting.threads, "is_later": bool(number), "path": str(path)}
        command = [sys.executable, "-m", "soak.drawing", json.dumps(asked)]
        running.append((path, subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE)))
    made: list[Arrays] = []
    for path, process in running:
        _, said = process.communicate(timeout=HANGS)
        if process.returncode:
            raise RuntimeError(said.decode("utf-8", "replace")[-2000:])
        with np.load(path) as file:
            made.append(dict(file))
        path.unlink()
    return made


def same(one: Any, other: Any) -> bool:
    """Whether two arrays agree in every byte."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def compare(found: Found, name: str, one: Arrays, other: Arrays) -> None:
    """Notes how far pictures differ that are not promised to be the same."""
    raw = [key for key in one if key.endswith("raw")]
    images = [key for key in one if key.endswith("image")]
    found.figure(f"{name}: share of pictures with other bytes", sum(not same(one[k], other[k]) for k in raw) / len(raw))
    far = sorted(int(np.abs(one[key].astype(int) - other[key]).max()) for key in images)
    found.figure(f"{name}: grey levels that a pixel differs by, median of the pictures' largest", far[len(far) // 2])
    found.figure(f"{name}: the same, most of all", far[-1])
