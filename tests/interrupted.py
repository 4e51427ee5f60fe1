"""Interrupts work at its n-th step, as Ctrl-C does where Python looks for signals next; and what is held after that."""

import _thread
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

STEPS_OF = ("filterviz_widget", "traitlets", "ipywidgets", "anywidget", "threading.py", "contextlib.py", "weakref.py")
"""Parts of the names of files whose lines are steps: this package, and what its promises lean on."""


def interrupted_at(
    step: int, work: Callable[[], Any], among: tuple[str, ...] = STEPS_OF, unit: str = "line"
) -> tuple[int, Any]:
    """Does the work; returns how many steps it took, and the KeyboardInterrupt, or None if it ended without one.

    Args:
        step: Which one, from 1.
        work: What is done.
        among: Parts of the names of files whose steps count.
        unit: What a step is: a "line", or an "opcode" of Python's.
    """
    taken, files = 0, dict[str, bool]()

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal taken
        name = frame.f_code.co_filename
        if name not in files:
            files[name] = any(part in name for part in among)
        if not files[name]:
            return None
        frame.f_trace_opcodes = unit == "opcode"
        if event == unit:
            taken += 1
            if taken == step:
                _thread.interrupt_main()
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        work()
        sys.settrace(before)
        return taken, None
    except KeyboardInterrupt as error:
        return taken, error
    finally:
        sys.settrace(before)


def held_locks() -> list[str]:
    """Locks of the package that another thread cannot have within a moment."""
    held: list[str] = []

    def take() -> None:
        for name, lock in _locks():
            for _ in range(40):  # a background thread may have it just now
                if lock.acquire(timeout=0.05):
                    lock.release()
                    break
            else:
                held.append(name)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return held


def _locks() -> Iterator[tuple[str, Any]]:
    """Every lock in an object or module of the package, by where it is."""
    from filterviz_widget.interrupts import WholeLock

    for owner in gc.get_objects():
        name = owner.get("__name__") if type(owner) is dict else type(owner).__module__
        if not isinstance(name, str) or not name.startswith("filterviz_widget"):
            continue
        inside = owner if type(owner) is dict else getattr(owner, "__dict__", {})
        for key, value in list(inside.items()):
            lock = value._lock if isinstance(value, (WholeLock, threading.Condition)) else value
            if hasattr(lock, "acquire") and hasattr(lock, "release"):
                yield f"{name if type(owner) is dict else type(owner).__qualname__}.{key}", lock
