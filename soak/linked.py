"""Two linked explorers, moved from two threads: no deadlock, no error, and both end alike."""

import threading

import numpy as np

from soak.found import Found

TIMES = {"short": 500, "middle": 5_000, "long": 10_000}
"""Moves of each. A move of the pair computes 0.7 ms, and waits for the pictures that are drawn and told meanwhile."""

HANGS = 120.0
"""Seconds without an end after which it is taken for a deadlock."""


def run(found: Found, times: int, seed: int) -> None:
    """Moves both sliders from two threads as quickly as they go."""
    import traitlets

    from filterviz_widget import FilterExplorer
    from tests.networks import small_network

    model = small_network()
    explorers = [FilterExplorer(model, layer="second", iterations=1) for _ in range(2)]
    link = traitlets.link((explorers[0], "filter"), (explorers[1], "filter"))
    raised: list[str] = []

    def move(explorer: FilterExplorer, seed: int) -> None:
        try:
            for filter in np.random.default_rng(seed).integers(0, 8, times).tolist():
                explorer.filter = filter
        except Exception as error:
            raised.append(repr(error))

    moving = [threading.Thread(target=move, args=(each, seed + n), daemon=True) for n, each in enumerate(explorers)]
    for thread in moving:
        thread.start()
    for thread in moving:
        thread.join(HANGS)
    found.none("deadlocks", [thread.name for thread in moving if thread.is_alive()])
    found.none("errors", raised)
    if any(thread.is_alive() for thread in moving):
        return
    shown = [each.wait(60).description.filter for each in explorers]
    found.none("ends that differ", [f"{shown}"] if len({*shown, *(each.filter for each in explorers)}) > 1 else [])
    link.unlink()
    for each in explorers:
        each.close()
