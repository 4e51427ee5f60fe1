"""Hostile messages, while a network is compiled, while it draws and at rest: all are answered, none raises."""

import logging
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from soak.found import Found
from soak.measure import memory, percentile, settle
from tests.widgets.hostile import message
from tests.widgets.page import Answer, Page, Raised
from tests.widgets.valid import fixed, invalid

if TYPE_CHECKING:
    from filterviz_widget import FilterExplorer

TIMES = {"short": 1_000, "middle": 3_000, "long": 10_000}
"""Messages."""

PER_EXPLORER = 63
"""Messages that one explorer gets."""

WARM = 3
"""Explorers, at least, after which memory is compared: TensorFlow takes some of its own for the first ones."""

OTHERS = 0.2
"""The share of messages that go to the widgets of a history and of an atlas."""

RECORDED = Path(__file__).parents[1] / "tests" / "history" / "saved_by_0_1_0.npz"


def run(found: Found, times: int, seed: int) -> None:
    """Sends them from this thread, as a host does."""
    from filterviz_widget import FilterExplorer, FilterHistory
    from filterviz_widget.widgets.atlas_widget import AtlasWidget
    from tests.networks import small_network

    settle()
    random, raised = Random(seed), Raised()
    for logger in (logging.getLogger(), logging.getLogger("traitlets")):
        logger.addHandler(raised)
    answers, broken = _Answers(), []
    grown: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        history = FilterHistory.load(RECORDED)
        others = [Page(history.widget()), Page(AtlasWidget(Path(folder), 3, lambda: None))]
        for _ in range(-(-times // PER_EXPLORER)):
            explorer = FilterExplorer(small_network(), layer="second", method="robust", iterations=10_000)
            page, before = Page(explorer), fixed(explorer)
            for phase in _phases(explorer):
                to = random.choice(others) if random.random() < OTHERS else page
                answers.take(phase, to.message(*message(random, sorted(to.widget.keys))))
                broken += invalid(to.widget)
            broken += ["what nobody may change was changed"] * (fixed(explorer) != before)
            explorer.close()
            grown.append(memory())
    answers.tell(found)
    found.none("exceptions in the log", raised.words)
    found.none("invalid states", broken)
    settled = max(len(grown) // 10, WARM)
    found.at_most("megabytes more than after the first tenth", max(grown) - max(grown[:settled]), 10.0)


def _phases(explorer: "FilterExplorer") -> Iterator[str]:
    """Yields once for each message, and sees to it that the explorer does what is said."""
    for phase in ("compiling", "running", "resting"):
        if phase == "resting":
            explorer.cancel()
        until = time.monotonic() + 60
        while phase != "compiling" and explorer._is_working() and time.monotonic() < until:
            if phase == "running" and explorer.status == "running":
                break
            time.sleep(0.01)
        for _ in range(PER_EXPLORER // 3):
            yield phase


class _Answers:
    """What came of the messages; of each two numbers, as memory is measured beside them."""

    def __init__(self) -> None:
        self.seconds: dict[str, array[float]] = {}
        self.cpu = array("d")
        self.wrong: list[str] = []
        self.largest = 0

    def take(self, phase: str, answer: Answer) -> None:
        """Notes one."""
        self.seconds.setdefault(phase, array("d")).append(answer.seconds)
        self.cpu.append(answer.cpu)
        self.wrong += answer.wrong
        self.largest = max(self.largest, answer.bytes)

    def tell(self, found: Found) -> None:
        """Says what was found."""
        every = [seconds for some in self.seconds.values() for seconds in some]
        found.figure("messages", len(every))
        for phase, some in self.seconds.items():
            found.figure(f"slowest answer while {phase}, in milliseconds", 1000 * max(some))
        found.figure("median answer in milliseconds", 1000 * percentile(every, 0.5))
        # On the clock there is also what other threads of the process and other programs take meanwhile.
        found.figure("milliseconds on the clock for 99.9 % of the answers", 1000 * percentile(every, 0.999))
        found.none("messages that raised, or were not answered as JSON", self.wrong)
        found.at_most("bytes of the largest answer, settings apart", self.largest, 2_000)
        slowest = 1000 * percentile(self.cpu, 0.999)
        found.at_most("milliseconds of computing for 99.9 % of the answers", slowest, 5.0, time=True)
