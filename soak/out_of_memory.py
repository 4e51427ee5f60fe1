"""Too little memory, as `ulimit -v` leaves: said with the layer and a size to try, and the next picture comes."""

import gc
import json
import os
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from soak.found import Found
from tests.limited import limited

TIMES = {"short": 5, "middle": 15, "long": 100}
"""Processes, each with another limit and something else that takes memory."""

LEAST, MOST = 150e6, 3e9
"""Bytes of addresses beyond what the process has already: each of two new threads takes 64 MB of them at once."""

SIZE, LARGE = 512, 2048
"""Sides of images: in most processes, and in those with a VGG16 of all layers."""

LAYER = "block1_conv2"
HOW: dict[str, Any] = {"input_range": (0, 1), "precision": "float32"}

Job = Callable[[Any, int], Callable[[], Any]]
"""Prepares what is to be done with a model at an image size; what is done then returns what was said."""


def run(found: Found, times: int, seed: int) -> None:
    """Each in a fork of this process, in which TensorFlow is imported and has not begun to compute."""
    import tensorflow  # noqa: F401

    import filterviz_widget.engine
    import filterviz_widget.session  # noqa: F401

    rng = np.random.default_rng(seed)
    died: list[str] = []
    wrong: list[str] = []
    refused = 0
    for number in range(times):
        name = list(JOBS)[number % len(JOBS)]
        is_large = times != TIMES["short"] and number % 5 == 0
        limit = int(np.exp(rng.uniform(np.log(LEAST), np.log(MOST))))
        what = f"{name} of {'a VGG16' if is_large else 'a small network'} with {limit / 1e6:.0f} MB"
        code, told = forked(lambda name=name, is_large=is_large, limit=limit: trial(JOBS[name], is_large, limit))
        if code or told is None:
            died.append(f"{what}: exit code {code}")
            continue
        refused += bool(told["said"])
        wrong += [f"{what}: {each}" for each in told["wrong"]]
    found.figure("refused or failed", refused)
    found.none("limits that were too wide to try anything", [] if refused else ["nothing was refused"])
    found.figure("processes", times)
    found.none("processes that died", died)
    found.none("words without the layer or what to try, and pictures that did not come afterwards", wrong)


def forked(work: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any] | None]:
    """Exit code, 0 or a signal's negative number, and what the work returned; None if it did not come to that."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        try:
            told = work()
        except BaseException:
            told = {"said": [], "wrong": [traceback.format_exc()[-1800:]]}
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, json.loads(text) if text else None


def trial(job: Job, is_large: bool, limit: int) -> dict[str, Any]:
    """Does it where there is so much memory left, and then draws a small picture."""
    import psutil

    from filterviz_widget import FilterExplorer

    model = vgg16() if is_large else network()
    explorer = FilterExplorer(model, layer="block1_conv1", image_size=48, iterations=2, panels=(), **HOW)
    explorer.wait(300)
    begin = job(model, LARGE if is_large else SIZE)
    gc.collect()
    wrong = []
    with limited("RLIMIT_AS", psutil.Process().memory_info().vms + limit):
        said = said_by(begin)
        wrong += [f"{each!r}" for each in said if "block" not in each or "Try" not in each]
        gc.collect()
        explorer.filter = 3
        try:
            picture = explorer.wait(300)
        except RuntimeError as error:
            wrong += [f"afterwards {error}"]
        else:
            wrong += [] if picture.description.filter == 3 else ["another picture came"]
    return {"said": said, "wrong": wrong}


def said_by(begin: Callable[[], Any]) -> list[str]:
    """What is said where there is too little memory; of another error all of it, which is wrong."""
    try:
        told = begin()
    except MemoryError as error:
        return [str(error)]
    except Exception:
        return [traceback.format_exc()]
    return [told] if told else []


def explored(model: Any, size: int) -> Callable[[], Any]:
    """A picture in the widget."""
    from filterviz_widget import FilterExplorer

    def begin() -> str:
        explorer = FilterExplorer(model, layer=LAYER, image_size=size, iterations=1, panels=(), **HOW)
        try:
            explorer.wait(600)
        except RuntimeError as error:
            return str(error)
        finally:
            explorer.close()
        return ""

    return begin


def drawn(model: Any, size: int) -> Callable[[], Any]:
    """Several pictures at once."""
    from filterviz_widget import visualize_layer

    def begin() -> None:
        made = visualize_layer(
            model, LAYER, [0, 1, 2], batch_size=3, image_size=size, iterations=1, progress=False, **HOW
        )
        list(made)

    return begin


def mapped(model: Any, size: int) -> Callable[[], Any]:
    """Feature maps of a photo."""
    from filterviz_widget import feature_maps

    photo = np.zeros((size, size, 3), np.float32)
    return lambda: feature_maps(model, LAYER, photo, image_size=size, input_range=(0, 1)) and None


def ranked(model: Any, size: int) -> Callable[[], Any]:
    """The strongest of some images."""
    from filterviz_widget import strongest_images

    photos = np.zeros((6, size, size, 3), np.uint8)
    how: dict[str, Any] = {"k": 2, "image_size": size, "input_range": (0, 1), "progress": False}
    return lambda: strongest_images(model, LAYER, photos, **how) and None


def recorded(model: Any, size: int) -> Callable[[], Any]:
    """Pictures of a training run that has begun, which goes on without."""
    import keras

    from filterviz_widget import FilterHistory

    x = inputs = keras.Input((None, None, 3))
    for name in ("block1_conv1", LAYER):
        x = model.get_layer(name)(x)
    small = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    small.compile("sgd", "mse")
    data = np.zeros((1, 16, 16, 3)), np.zeros((1, x.shape[-1]))
    small.fit(*data, verbose=0)

    def begin() -> str:
        history = FilterHistory(layers=[LAYER], filters=[0], image_size=size, iterations=1, **HOW)
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            small.fit(*data, callbacks=[history], verbose=0)
        return history.error

    return begin


JOBS: dict[str, Job] = {
    "a picture": explored,
    "feature maps": mapped,
    "the strongest images": ranked,
    "three pictures": drawn,
    "a history": recorded,
}


def vgg16() -> Any:
    """As large as people have."""
    import keras

    return keras.applications.VGG16(weights=None, include_top=False)


def network() -> Any:
    """Its first block, with fewer filters."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="block1_conv1"),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="block1_conv2"),
        ]
    )
