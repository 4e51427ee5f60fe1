"""Which engine draws for an explorer, and what it completes of a description."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.engine import Engine


def settled(precision: str) -> Callable[[Engine, Description], Description]:
    """Returns what completes a description for an engine."""
    return lambda engine, wanted: replace(engine.settled(wanted, precision), reading=engine.reading)


def same_engine(engine: Engine, model: Any, reading: Mapping[str, Any]) -> Callable[[], Engine]:
    """Returns the engine, or another one where the model's layers have changed since."""
    if isinstance(model, str | Path):
        return lambda: engine
    from filterviz_widget.engine import engine_of

    alive = weakref.ref(model)

    def same() -> Engine:
        nonlocal engine
        if (known := alive()) is not None:
            engine = engine_of(known, **reading)
        return engine

    return same
