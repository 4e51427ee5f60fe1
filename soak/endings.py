"""The end of a process, or of a cell, while an explorer compiles or runs: soon, and in good order."""

import functools
import queue
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from soak.found import Found
from soak.measure import percentile

TIMES = {"short": 1, "middle": 2, "long": 50}
"""Tries of each ending, in turn while something is compiled and while it runs."""

HANGS = 120.0
"""Seconds after which a process or a cell is taken never to end."""

LONGEST = 2.0
"""Seconds that an interruption may take."""

MORE = 1.0
"""Seconds that an ending may take beyond what it takes where nothing is at work: of that, TensorFlow has its part."""

IDLE = 3
"""Endings where nothing is at work, at most, whose median it is measured by; a single try is measured by nothing."""

SLEEPS = "\nimport time\ntime.sleep(60)"
"""At the end of a cell that is interrupted, so that it is not done before."""

SETUP = """
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from filterviz_widget import FilterExplorer, visualize_filter
from tests.networks import small_network
model = small_network()
"""

WORK = {
    "compiling": "explorer = FilterExplorer(model, layer='second')\ntime.sleep({seconds})\n",
    "running": (
        "explorer = FilterExplorer(model, layer='second', iterations=10_000)\n"
        "while explorer.iteration < 5:\n    time.sleep(0.01)\ntime.sleep({seconds})\n"
    ),
}
"""Until the moment of the end; compiling the small network takes about a second."""

EXITS = [("", 0), ("sys.exit(3)", 3), ("raise ValueError", 1)]
"""How a script ends, and with which code."""

CELLS = {
    "compiling": "model = small_network()\nvisualize_filter(model, 'second', 1, method='robust')",
    "running": "visualize_filter(model, 'second', 1, iterations=10_000)",
}
"""What is interrupted."""


def run(found: Found, times: int, seed: int) -> None:
    """Ends scripts, then a kernel's cells and kernels."""
    rng, hung, wrong = np.random.default_rng(seed), list[str](), list[str]()
    took: dict[str, list[float]] = {}
    kernel = _Kernel()
    for number in range(times):
        for place, name in enumerate(("exit", "interrupt", "restart", "shutdown")):
            doing = list(WORK)[(number + place) % 2]
            moment = SETUP + WORK[doing].format(seconds=rng.uniform(0, 0.5))
            end, code = EXITS[number % len(EXITS)]
            endings: dict[str, Callable[[], float]] = {
                "exit": functools.partial(_script, moment, end, code, wrong),
                "interrupt": functools.partial(kernel.interrupt, CELLS[doing], rng.uniform(0, 0.5), wrong),
                "restart": functools.partial(kernel.ended, moment, wrong, restart=True),
                "shutdown": functools.partial(kernel.ended, moment, wrong, restart=False),
            }
            try:
                seconds = endings[name]()
            except (TimeoutError, queue.Empty, subprocess.TimeoutExpired) as error:
                hung.append(f"{name} while {doing}: {error!r}"[-300:])
                kernel.kill()
            else:
                took.setdefault(f"{name} while {doing}", []).append(seconds)
    idle = {
        "exit": lambda: _script(SETUP, "", 0, wrong),
        "restart": lambda: kernel.ended(SETUP, wrong, restart=True),
        "shutdown": lambda: kernel.ended(SETUP, wrong, restart=False),
    }
    tries = min(IDLE, times - 1)
    alone = {name: percentile([end() for _ in range(tries)], 0.5) for name, end in idle.items() if tries}
    kernel.kill()
    found.figure("with nothing at work, s", {name: round(seconds, 2) for name, seconds in alone.items()})
    found.figure("median, s", {name: round(percentile(each, 0.5), 2) for name, each in took.items()})
    found.figure("worst, s", {name: round(max(each), 2) for name, each in took.items()})
    found.none("endings that never came", hung)
    found.none("ends by a signal, wrong exit codes, cells that fail afterwards", wrong)
    for name, each in took.items():
        kind = name.split()[0]
        if kind in alone:
            found.at_most(f"{name}, worst beyond nothing at work, s", max(each) - alone[kind], MORE, time=True)
        elif kind not in idle:
            found.at_most(f"{name}, worst, s", max(each), LONGEST, time=True)


def _script(work: str, end: str, code: int, wrong: list[str]) -> float:
    """Seconds from the end that a script wants to the end of its process."""
    program = f"{work}\nprint(time.time(), flush=True)\n{end}"
    made = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, errors="replace", timeout=HANGS
    )
    ended = time.time()
    if made.returncode != code:
        wrong.append(f"exit code {made.returncode} in place of {code}: {made.stderr[-300:]}")
        return 0.0
    return ended - float(made.stdout)


class _Kernel:
    """A kernel of IPython's, as JupyterLab starts it."""

    def __init__(self) -> None:
        self._manager: Any = None
        self._client: Any = None

    def _open(self) -> None:
        from jupyter_client.manager import KernelManager

        if self._client is None:
            # One that was shut down has let go of its sockets.
            if self._manager is None or not self._manager.has_kernel:
                self._manager = KernelManager(kernel_name="python3")
                self._manager.shutdown_wait_time = HANGS  # nobody is killed, so that who hangs is found
            self._manager.start_kernel(cwd=str(Path.cwd()))
            self._connect()

    def _connect(self) -> None:
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(HANGS)
        self._done(SETUP)

    def _done(self, cell: str) -> str:
        """Runs a cell; the name of what it raised."""
        return str(
            self._client.execute_interactive(cell, timeout=HANGS, output_hook=lambda _: None)["content"].get(
                "ename", ""
            )
        )

    def interrupt(self, cell: str, seconds: float, wrong: list[str]) -> float:
        """Interrupts a cell; seconds until its end. The next one must draw its picture."""
        self._open()
        # ipykernel loses the answer to a cell that is interrupted before its first line.
        asked = self._client.execute(f"print('It begins.', flush=True)\n{cell}{SLEEPS}")
        while True:
            said = self._client.get_iopub_msg(timeout=HANGS)
            if said["msg_type"] == "stream" and said["parent_header"].get("msg_id") == asked:
                break
        time.sleep(seconds)
        began = time.monotonic()
        self._manager.interrupt_kernel()
        while (reply := self._client.get_shell_msg(timeout=HANGS))["parent_header"].get("msg_id") != asked:
            pass
        took = time.monotonic() - began
        if (raised := reply["content"].get("ename", "")) != "KeyboardInterrupt":
            wrong.append(f"an interrupted cell raised {raised or 'nothing'}")
        next_one = "FilterExplorer(model, layer='second', filter=2).wait(60)\nvisualize_filter(model, 'first', 1)"
        if raised := self._done(next_one):
            wrong.append(f"the cell after an interrupted one raised {raised}")
        return took

    def ended(self, moment: str, wrong: list[str], *, restart: bool) -> float:
        """Seconds from when a person wants it ended, or anew, until its process has gone."""
        self._open()
        if raised := self._done(moment):
            wrong.append(f"a cell raised {raised}")
        process, began = self._manager.provisioner.process, time.monotonic()
        self._client.stop_channels()
        self._client = None
        self._manager.shutdown_kernel(restart=restart)
        took = time.monotonic() - began
        if process.returncode:
            wrong.append(f"a kernel ended with {process.returncode}")
        if restart:
            self._open()
        return took

    def kill(self) -> None:
        """Ends it at once."""
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if self._manager is not None and self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
