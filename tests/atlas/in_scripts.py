"""A network of several shards, and what scripts do with it that tests start and end."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from filterviz_widget import Atlas
from filterviz_widget.atlas.site import write_page
from tests.atlas.conftest import WAYS, photographs
from tests.networks import SIZE, with_weights


def network() -> keras.Model:
    """Of 5 shards."""
    layers = keras.layers
    return with_weights(
        keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                layers.Conv2D(98, 3, activation="elu", name="wide"),
                layers.Conv2D(5, 3, activation="elu", name="narrow"),
            ],
            name="wide_and_narrow",
        )
    )


def doubled(images: Any) -> Any:
    return 2 * images


def make(folder: Any, workers: int | None = 2, model: Any = None, **more: Any) -> Atlas:
    given = {"images": photographs(), "wait": True, "progress": False, "workers": workers, **WAYS, **more}
    given |= {"facets": 0, "preprocess": doubled}
    return Atlas.make(model or network(), folder, **given)


def make_with_progress(folder: str) -> None:
    make(folder, progress=True)


def make_on_a_full_disk(folder: str) -> None:
    """As the system has it: files may not grow beyond some bytes. What is written first is there, or is small."""
    import resource

    model = Path(folder).with_name("model.keras")
    network().save(model)
    write_page(Path(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, 25_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    make(folder, model=model)


def until(happens: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def shards(folder: Path) -> list[Path]:
    return sorted(folder.rglob("shard.json"))
