"""Explorers that are opened and closed, dropped as when a cell runs again, or left by their page: nothing stays."""

from collections.abc import Callable
from typing import Any

from soak.found import Found
from soak.measure import memory, settle
from tests.widgets.collect import alive

TIMES = {"short": 20, "middle": 100, "long": 100}
"""Explorers, for each way and each network."""

FIRST = 6
"""Explorers after which it is as after one: so many pictures are asked for in turn, which the engine keeps, and of the
explorers that a page has left four are kept for when it comes again."""

LARGE = 100
"""Times from which on larger networks are looked at, too."""

MOST_MEMORY = 5.0
"""Megabytes by which the same may differ: pages of the allocator that are in use in part."""


def run(found: Found, times: int, seed: int) -> None:
    """Compares what is alive with what it was after the first explorers, and the memory with what it was half-way.

    Until then it grows by the pages that the allocator needs, once, for what lives for a moment only.
    """
    networks = _networks() if times >= LARGE else {"small": _networks()["small"]}
    settle()
    for network, make in networks.items():
        model, layers = make()
        for way in (_closed, _dropped, _left):
            _open(model, layers, way, FIRST)
            before = alive()
            _open(model, layers, way, times)
            held = memory()
            _open(model, layers, way, times)
            grown, after = memory() - held, alive()
            name = f"{network} network, {way.__name__[1:]}"
            found.none(f"alive: {name}", [f"{before} before, {after} after"] * (before != after))
            found.at_most(f"megabytes more: {name}", grown, MOST_MEMORY)


def _open(model: Any, layers: tuple[str, str], way: Callable[[Any], None], times: int) -> None:
    for number in range(times):
        way(_used(model, layers[number % 2], number))


def _used(model: Any, layer: str, number: int) -> Any:
    from filterviz_widget import FilterExplorer

    explorer = FilterExplorer(model, layer=layer, filter=number % FIRST, iterations=2)
    explorer.wait(120)
    assert explorer._session is not None
    explorer._session._ahead.close(60)  # what it compiles ahead would come at some time, or not
    assert explorer._wishes is not None
    explorer._wishes.wait(120)
    return explorer


def _closed(explorer: Any) -> None:
    explorer.close()


def _dropped(explorer: Any) -> None:
    """As where a cell is run again, and its variable is another explorer's."""


def _left(explorer: Any) -> None:
    """A page has shown it, and is gone."""
    for kind in ("hello", "bye"):
        explorer._handle_custom_msg({"type": kind}, [])


def _networks() -> dict[str, Callable[[], tuple[Any, tuple[str, str]]]]:
    """Networks with random or bundled weights, and two layers of each."""

    def mobile_net() -> Any:
        import keras

        return keras.applications.MobileNetV2(weights=None)

    from filterviz_widget.demo import flower_model
    from tests.networks import small_network

    return {
        "small": lambda: (small_network(), ("first", "second")),
        "flower": lambda: (flower_model(), ("conv1", "conv2")),
        "MobileNetV2": lambda: (mobile_net(), ("Conv1", "block_1_expand")),
    }
