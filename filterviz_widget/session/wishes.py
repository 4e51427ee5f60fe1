"""What is wished for beside the picture, each by a name: answered in the background, after what matters more."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from filterviz_widget.engine import Abandoned, Engine
from filterviz_widget.session.worker import Worker

TICK = 0.01
"""Seconds between two looks whether the picture still needs the processor."""

Turn = Literal["painted", "done"]
"""When a wish has its turn: once something of the picture is to be seen, or once it is finished."""

Told = Callable[[int], None]


class Wish(NamedTuple):
    """Something to find out.

    Attributes:
        key: Equal keys are the same wish: who asks for it again does not disturb it.
        answer: Finds it out; is given the engine, what to call often (it raises to give the work up), and whom to tell
            how far it is.
        is_at_hand: Whether `answer` would take no time worth speaking of: then it has its turn at once.
        version: Of the weights that the answer depends on; another one means that it has to be found anew.
        turn: When it has its turn otherwise.
        about: What the answer is about, for who publishes it.
    """

    key: Hashable
    answer: Callable[[Engine, Callable[[], None], Told], Any]
    is_at_hand: Callable[[Engine], bool] = lambda _: False
    version: Callable[[Engine], int] = lambda _: 0
    turn: Turn = "painted"
    about: Mapping[str, Any] = MappingProxyType({})


class Outcome(NamedTuple):
    """What became of a wish: its answer or its error, or how far it is."""

    answer: Any = None
    error: Exception | None = None
    progress: int | None = None


class Wishes:
    """Fulfils wishes on two background threads, what is at hand on the one and what takes time on the other.

    Args:
        engine: Returns the engine; called on the background threads.
        publish: Called there with a name, its wish and the `Outcome`; False means that nobody listens any more.
        may: Says whether a turn has come; until then, and again between steps, the others wait.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        publish: Callable[[str, Wish, Outcome], bool],
        may: Callable[[Turn], bool],
    ) -> None:
        self._engine, self._publish, self._may = engine, publish, may
        self._lock = threading.RLock()  # a signal's handler may wish in the midst of a wish
        self._wishes: dict[str, Wish] = {}
        self._fulfilled: dict[str, tuple[Hashable, int]] = {}
        self._failed: dict[str, tuple[Hashable, int]] = {}
        self._working: dict[str, Hashable] = {}
        self._quick: Worker[None] = Worker(self._at_hand, "quick")
        self._slow: Worker[None] = Worker(self._in_turn, "panels")

    def wish(self, wishes: Mapping[str, Wish], *, anew: bool = False) -> list[str]:
        """Takes the wishes of this moment in the place of those before. Returns at once.

        Args:
            wishes: By name, in the order in which they matter.
            anew: Whether to find out again what was found out already.

        Returns:
            The names of those that are not fulfilled yet.
        """
        with self._lock:
            self._wishes = dict(wishes)
            gone = [name for name in self._fulfilled if anew or name not in wishes]
            for name in gone:
                self._fulfilled.pop(name, None)
            if anew:
                self._failed.clear()
            known = (self._fulfilled, self._failed)
            new = [
                name
                for name, wish in wishes.items()
                if all(name not in marks or marks[name][0] != wish.key for marks in known)
            ]
        if wishes:
            self._quick.submit(None)
            self._slow.submit(None)
        return new

    @property
    def is_busy(self) -> bool:
        """Whether anything is found out, or waits for its turn."""
        return self._quick.is_busy or self._slow.is_busy

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until nothing is wished for; False if that takes longer than `timeout` seconds."""
        began = time.monotonic()
        if not self._quick.wait(timeout):
            return False
        return self._slow.wait(None if timeout is None else max(0.0, timeout - (time.monotonic() - began)))

    def close(self, timeout: float = 0) -> None:
        """Ends what runs, and waits for that up to `timeout` seconds for each thread."""
        with self._lock:
            self._wishes = {}
        for worker in (self._quick, self._slow):
            worker.close(timeout)

    def _at_hand(self, _: None, __: Callable[[], bool]) -> None:
        engine = self._engine()
        with self._lock:
            wishes = dict(self._wishes)
        at_hand = {name: wish for name, wish in wishes.items() if wish.is_at_hand(engine)}
        for name, wish in self._open(engine, at_hand):
            self._fulfil(engine, name, wish, lambda: None)

    def _in_turn(self, _: None, __: Callable[[], bool]) -> None:
        engine = self._engine()
        while still := self._open(engine, None):
            coming = [each for each in still if self._may(each[1].turn)]
            if not coming:
                time.sleep(TICK)
                continue
            name, wish = coming[0]
            self._fulfil(engine, name, wish, lambda name=name, wish=wish: self._check(name, wish))  # type: ignore[misc]

    def _open(self, engine: Engine, among: Mapping[str, Wish] | None) -> list[tuple[str, Wish]]:
        """What is wished for and not fulfilled with the weights of this moment."""
        if self._slow.is_closed:  # also when the process ends, which nobody tells `close`
            return []
        with self._lock:
            wishes = list((self._wishes if among is None else among).items())
        marks = {name: (wish.key, _version(wish, engine)) for name, wish in wishes}
        with self._lock:
            return [
                (name, wish)
                for name, wish in wishes
                if marks[name] not in (self._fulfilled.get(name), self._failed.get(name))
                and self._working.get(name) != wish.key
            ]

    def _fulfil(self, engine: Engine, name: str, wish: Wish, check: Callable[[], None]) -> None:
        mark = wish.key, _version(wish, engine)
        with self._lock:
            if self._working.get(name) == wish.key:
                return
            self._working[name] = wish.key

        def told(count: int) -> None:
            if self._is_wished(name, wish) and not self._publish(name, wish, Outcome(progress=count)):
                self.close()

        try:
            answer = wish.answer(engine, check, told)
        except Abandoned:
            return
        except Exception as error:
            outcome, marks = Outcome(error=error), self._failed
        else:
            outcome, marks = Outcome(answer), self._fulfilled
        finally:
            with self._lock:
                if self._working.get(name) == wish.key:
                    del self._working[name]
        with self._lock:
            present = self._wishes.get(name)
            if present is None or present.key != wish.key:
                return
            marks[name] = mark
        if not self._publish(name, wish, outcome):
            self.close()

    def _check(self, name: str, wish: Wish) -> None:
        """Gives the work up where it is no longer wished for, and rests while the picture needs the processor."""
        while True:
            if not self._is_wished(name, wish):
                raise Abandoned
            if self._may(wish.turn):
                return
            time.sleep(TICK)

    def _is_wished(self, name: str, wish: Wish) -> bool:
        with self._lock:
            present = self._wishes.get(name)
        return present is not None and present.key == wish.key and not self._slow.is_closed


def _version(wish: Wish, engine: Engine) -> int:
    try:
        return wish.version(engine)
    except Exception:  # `answer` will say what is wrong
        return 0
