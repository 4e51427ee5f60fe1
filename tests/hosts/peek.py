"""A look into the process in which a notebook runs, for hosts that have no other way in: a socket of this user's."""

import ast
import contextlib
import gc
import threading
import weakref
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

GATE = threading.Semaphore(0)
"""What a training waits for after each epoch."""

_shown: dict[str, Callable[[], Any]] = {}


def show(**objects: Any) -> None:
    """Makes objects known by name, held by nobody here."""
    _shown.update({name: weakref.ref(each) for name, each in objects.items()})


def serve(path: Path) -> None:
    """Answers expressions until the process ends; the newest who serves at a path is heard."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = Listener(str(path), "AF_UNIX")

    def work() -> None:
        while True:
            with listener.accept() as way:
                try:
                    names = {name: each() for name, each in _shown.items()}
                    way.send(repr(eval(way.recv(), globals(), names)))
                except Exception as error:
                    way.send(error)

    threading.Thread(target=work, daemon=True).start()


def ask(path: Path, expression: str) -> Any:
    """The value of an expression, a literal, in the process that serves there."""
    with Client(str(path), "AF_UNIX") as way:
        way.send(expression)
        answer = way.recv()
    if isinstance(answer, Exception):
        raise answer
    return ast.literal_eval(answer)


def threads() -> int:
    """Threads of widgets that are at work."""
    return sum(each.name.startswith("filterviz-") for each in threading.enumerate())


def explorers() -> int:
    """Explorers that are alive and open."""
    from filterviz_widget import FilterExplorer

    gc.collect()
    # Not the proxies that ipywidgets holds here, which call themselves explorers, too.
    found = [each for each in gc.get_objects() if type(each) not in weakref.ProxyTypes]
    found = [each for each in found if isinstance(each, FilterExplorer)]
    return sum(each._session is not None for each in found)


def is_as_without_a_widget(explorer: Any) -> bool:
    """Whether the picture is that of a model of its own, drawn by a script, pixel by pixel."""
    from filterviz_widget import visualize_filter
    from filterviz_widget.demo import flower_model

    picture = explorer.wait(60)
    same = visualize_filter(flower_model(), picture.description.layer, picture.description.filter)
    return bool((same.image == picture.image).all())
