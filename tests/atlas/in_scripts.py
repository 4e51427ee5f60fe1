"""A network of several shards, and what scripts do with it that tests start and end."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from filterviz_widget import Atlas
from tests.atlas.conftest import WAYS, photographs
from tests.networks import SIZE, with_weights


def network() -> keras.Model:
    """Of 3 shards."""
    layers = keras.layers
    return with_weights(
        keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                layers.Conv2D(34, 3, activation="elu", name="wide"),
                layers.Conv2D(5, 3, activation="elu", name="narrow"),
            ],
            name="wide_and_narrow",
        )
    )


def make(folder: Any, workers: int | None = 2, **more: Any) -> Atlas:
    given = {"images": photographs(), "wait": True, "progress": False, "workers": workers, **WAYS, **more}
    given["facets"] = 0
    return Atlas.make(network(), folder, **given)


def make_with_progress(folder: str) -> None:
    make(folder, progress=True)


def make_on_a_full_disk(folder: str) -> None:
    """As the system has it: files of the workers may not grow beyond some bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    make(folder)


def until(happens: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def shards(folder: Path) -> list[Path]:
    return sorted(folder.rglob("shard.json"))
