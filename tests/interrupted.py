"""Interrupts work at its n-th step, as Ctrl-C does: in the main thread, where Python looks for signals next."""

import _thread
import sys
from collections.abc import Callable
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
