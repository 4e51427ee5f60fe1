"""Storms of moves from four threads, over all layers and methods: the last picture is right, and nothing piles up."""

import threading
import time
from random import Random
from typing import TYPE_CHECKING, Any

from soak.found import Found
from soak.measure import cached, memory, percentile, settle

if TYPE_CHECKING:
    from filterviz_widget import FilterExplorer

TIMES = {"short": 4, "middle": 80, "long": 1_000}
"""Storms."""

MOVES, THREADS = 30, 4

WARM = 50
"""Storms after which memory is flat: until then loops are compiled for layers and methods that were not shown yet."""

PAUSE = 0.02
"""Seconds between two moves of a thread, at most."""

METHODS, ITERATIONS = ("classic", "robust", "natural"), (1, 20, 300)

SETTINGS = ("layer", "method", "filter", "seed", "iterations", "step_size", "options")


def run(found: Found, times: int, seed: int) -> None:
    """Compares the last picture of each storm with that of an explorer of an equal model, moved there alone."""
    import numpy as np

    from filterviz_widget import FilterExplorer
    from tests.networks import SIZE, small_network

    settle()
    images = np.random.default_rng(seed).random((12, SIZE, SIZE, 3), np.float32)
    stormy, calm = (FilterExplorer(small_network(), images=images, photo=images[0]) for _ in range(2))
    wrong: list[str] = []
    raised: list[str] = []
    cold = _cold(calm)
    after_storms, alone, grown, in_caches = [], list[float](), [], []
    _wait(stormy)
    for number in range(times):
        raised += _storm(stormy, Random(f"{seed} {number}"))
        after_storms.append(_wait(stormy))
        with calm._at_once():
            for name in SETTINGS:
                setattr(calm, name, getattr(stormy, name))
        alone.append(_wait(calm))
        wrong += [f"storm {number}: {words}" for words in _wrong(stormy, calm)]
        in_caches.append(cached(stormy) + cached(calm))
        grown.append(memory() - in_caches[-1])
    found.none("last pictures that are wrong", wrong)
    found.none("moves that raised", raised)
    found.figure("last move to last picture, median in seconds", percentile(after_storms, 0.5))
    found.figure("the same picture without a storm, median in seconds", percentile(alone, 0.5))
    found.figure("one cold compilation and one run, slowest in seconds", cold)
    found.at_most("last move to last picture, slowest in seconds", max(after_storms), cold, time=True)
    settled = min(WARM, len(grown) // 2)
    found.figure("megabytes in caches, each with a bound", in_caches[-1])
    more = max(grown[settled:]) - max(grown[:settled])
    found.at_most(f"megabytes beside those caches, more than after {settled} storms", more, 30.0)
    for explorer in (stormy, calm):
        explorer.close()


def _cold(explorer: "FilterExplorer") -> float:
    """The slowest picture that a storm may end with, drawn alone by an explorer that has compiled nothing yet."""
    took = [_wait(explorer)]
    for method in METHODS:
        for entry in explorer.layers:
            with explorer._at_once():
                explorer.layer, explorer.method = entry["name"], method
                explorer.iterations = max(ITERATIONS)
            took.append(_wait(explorer))
    return max(took)


def _storm(explorer: "FilterExplorer", random: Random) -> list[str]:
    """Moves settings from several threads, half of them as Python does, half as a page does; returns what raised."""
    raised: list[str] = []

    def move(moves: list[dict[str, Any]], as_page: bool) -> None:
        for settings in moves:
            try:
                if as_page:
                    explorer.set_state(settings)
                else:
                    for name, value in settings.items():
                        setattr(explorer, name, value)
            except Exception as error:
                raised.append(f"{settings}: {error!r}")
            time.sleep(pauses.random() * PAUSE)

    pauses = Random(random.random())
    layers = [entry["name"] for entry in explorer.layers]
    moves = [_move(random, layers) for _ in range(MOVES)]
    threads = [
        threading.Thread(target=move, args=(moves[number::THREADS], number % 2 == 1)) for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def _move(random: Random, layers: list[str]) -> dict[str, Any]:
    """A setting that is allowed whatever the others are."""
    moves: list[dict[str, Any]] = [
        {"layer": random.choice(layers)},
        {"method": random.choice(METHODS)},
        {"filter": random.randrange(3)},
        {"seed": random.randrange(100)},
        {"iterations": random.choice(ITERATIONS)},
        {"step_size": random.choice([0.5, 1.0, 4.0])},
        {"options": {"sign": random.choice([1, -1])}},
        {"panels": random.sample(["kernel", "strongest", "map", "inhibits", "without", "neighbours", "sheet"], 3)},
    ]
    return random.choice(moves)


def _wait(explorer: "FilterExplorer") -> float:
    """Seconds until the picture is final."""
    began = time.perf_counter()
    explorer.wait(120)
    return time.perf_counter() - began


def _wrong(stormy: "FilterExplorer", calm: "FilterExplorer") -> list[str]:
    from filterviz_widget.picture import data_url
    from filterviz_widget.widgets.explorer_state import shown_settings

    picture, right = stormy.picture, calm.picture
    assert picture is not None
    assert right is not None
    checks = {
        "another description": picture.description == stormy._settle(stormy._now(), stormy._wanted()),
        "other pixels than alone": picture.raw.tobytes() == right.raw.tobytes(),
        "another image than alone": stormy.image == calm.image == data_url(picture.image),
        "other settings at the image": stormy.shown == shown_settings(picture.description),
        "another curve than alone": stormy.activations == calm.activations,
        "a status that is not done": stormy.status == "done",
    }
    return [words for words, is_right in checks.items() if not is_right]
