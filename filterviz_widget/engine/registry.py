"""The engine of a model: found again through a weak reference to the model, so that every door uses the same one."""

import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from filterviz_widget.description.reading import held, named
from filterviz_widget.engine.engine import READING, Engine
from filterviz_widget.interrupts import WholeLock, finalizer
from filterviz_widget.model import read_model
from filterviz_widget.model.fingerprint import fingerprint
from filterviz_widget.model.load import load

KEPT = 2
"""Engines that are kept although nobody uses them at the moment: the next call is about the same model, most likely."""


class _Known(NamedTuple):
    """An engine, and the model that it was made for; neither is held."""

    model: "weakref.ref[Any]"
    engine: "weakref.ref[Engine]"


_known: dict[tuple[Any, ...], _Known] = {}
_recent: deque[Engine] = deque(maxlen=KEPT)
_lock = WholeLock()


def engine_of(model: Any, **reading: Any) -> Engine:
    """Finds or makes the engine of a model and a reading.

    It lives as long as somebody uses it; the last two live on until their model goes. A model whose layers have changed
    since is read anew.

    Args:
        model: A Keras model, or the path of one, which is loaded anew each time.
        **reading: As for `read_model`.

    Raises:
        TypeError, ValueError, RuntimeError, FileNotFoundError: As `read_model` does.
    """
    loaded = load(model, reading.get("input_shape"))
    try:
        asked = tuple(_hashable(name, value) for name, value in (READING | reading).items())
        hash(asked)
    except (TypeError, ValueError):  # nothing that could be read; read_model says it in words
        asked = (object(),)
    key = (id(loaded), asked, fingerprint(loaded))
    with _lock:
        known = _known.get(key)
        if known is not None and known.model() is loaded and (engine := known.engine()) is not None:
            _keep(engine)
            return engine
        view = read_model(loaded, **reading)
        engine = Engine(view, reading.get("input"), reading.get("preprocess"), reading.get("other_inputs"))
        gone = weakref.ref(loaded, lambda _: _forget(key))
        _known[key] = _Known(gone, weakref.ref(engine))
        _keep(engine, loaded)
        return engine


def engine_for(model: Any, reading: Mapping[str, Any]) -> Engine:
    """The engine for arguments that somebody gave by name.

    Raises:
        TypeError: For an argument that does not say how a model is read; and all that `engine_of` raises.
    """
    if unknown := reading.keys() - READING.keys():
        raise TypeError(f"There is no option {unknown.pop()!r}; known are {', '.join(READING)}.")
    return engine_of(model, **reading)


def _keep(engine: Engine, model: Any = None) -> None:
    if engine in _recent:
        _recent.remove(engine)
    _recent.append(engine)


@finalizer
def _forget(key: tuple[Any, ...]) -> None:
    known = _known.pop(key, None)
    engine = known.engine() if known else None
    if engine is not None and engine in _recent:
        _recent.remove(engine)


def _hashable(name: str, value: Any) -> Any:
    if name == "preprocess":
        return named(value)
    if name == "other_inputs":
        return held(value)
    if name == "input_shape":
        return repr(value)
    if isinstance(value, list):
        return tuple(value)
    return value
