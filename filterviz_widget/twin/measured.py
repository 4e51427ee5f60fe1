"""Which form a convolution takes on this machine: timed, not looked up in a table of another one."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from filterviz_widget.twin.convolution import Case, Form, backward, backwards, everywhere, forward, forwards, prepared

GAIN = 1.05
"""How many times quicker another form must be than TensorFlow's own: within the noise the plain one stays."""

CLEAR = 1.3
"""A form that is so many times slower than another, more than once, is timed no further."""

NEAR = 1.1
FEWEST = 3
"""A form is timed until its quickest runs are this many, within a tenth of one another: on a machine that is busy with
something else the others tell of that."""

MOST_RUNS = 12
MOST_SECONDS = 0.5
"""For each form, whatever its runs were."""


class Choice(NamedTuple):
    """A form, and the milliseconds that convolution and gradient took in it."""

    form: Form
    milliseconds: float


class Forms(Protocol):
    """Says which form a convolution takes."""

    def __call__(self, case: Case) -> Choice:
        """Looks it up or times it."""


class Measured:
    """Times each case once and remembers it for the process. Several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Case, Choice] = {}

    def __call__(self, case: Case) -> Choice:
        """Looks the case up or times it."""
        with self._lock:  # one at a time: two timings beside one another would both be wrong
            if case not in self._known:
                self._known[case] = self._find(case)
            return self._known[case]

    def _find(self, case: Case) -> Choice:
        return measure(case)


def measure(case: Case) -> Choice:
    """Times the forms of a case, on random numbers and one image. Takes from milliseconds to a second.

    Args:
        case: With a size, or without, or with one that the kernel does not fit into: then nothing can be timed, and the
            plain convolution is taken with whatever gradient there is on every processor.
    """
    if (
        case.size is None or not _fits(case, case.size) or tf.config.list_physical_devices("GPU")
    ):  # which chooses by itself
        return Choice(everywhere(case), 0.0)
    with tf.init_scope():  # also in the midst of a trace
        x = tf.cast(tf.random.stateless_normal((1, *case.size, case.kernel[2]), (0, 1)), case.dtype)
        kernel = tf.cast(tf.random.stateless_normal(case.kernel, (0, 2)), case.dtype)
        every = Form("turned" if "turned" in forwards(case) else "plain", backwards(case)[-1])
        tensors = list(prepared(kernel, case, every))
        padded = prepared(kernel, case, Form("padded", "own"))[-1] if "padded" in forwards(case) else None
        ahead = {name: _runner(forward, x, [*tensors, padded], case, name) for name in forwards(case)}
        upstream = forward(x, tensors, case, "plain")
        back = {name: _runner(backward, upstream, x, tensors, case, name) for name in backwards(case)}
        (one, first), (other, second) = _quickest(ahead), _quickest(back)
    return Choice(Form(one, other), first + second)


def _fits(case: Case, size: tuple[int, int]) -> bool:
    reach = [(side - 1) * dilation + 1 for side, dilation in zip(case.kernel[:2], case.dilation, strict=True)]
    return case.padding == "same" or all(one <= whole for one, whole in zip(reach, size, strict=True))


def _runner(function: Callable[..., tf.Tensor], *arguments: object) -> Callable[[], object]:
    return lambda: function(*arguments)


def _quickest(forms: Mapping[Any, Callable[[], object]]) -> tuple[Any, float]:
    """The quickest form and its milliseconds; the first one unless another is clearly quicker."""
    if len(forms) == 1:
        (name,) = forms
        return name, _timed(forms[name], 2)
    runs: dict[str, list[float]] = {name: [] for name in forms}
    left = list(forms)
    for run in range(MOST_RUNS + 1):
        for name in left:
            try:
                took = _timed(forms[name], 1)
            except (tf.errors.OpError, NotImplementedError):  # the processor has no such gradient
                runs[name] = [float("inf")]
                continue
            if run:  # the first run sets things up
                runs[name].append(took)
        limit = CLEAR * min((min(each) for each in runs.values() if each), default=float("inf"))
        left = [name for name in left if not (_is_sure(runs[name]) or (runs[name][1:] and min(runs[name]) > limit))]
    best = {name: min(each) for name, each in runs.items()}
    first = next(iter(forms))
    winner = min(best, key=lambda name: best[name] * (1 if name == first else GAIN))
    return winner, best[winner]


def _is_sure(runs: Sequence[float]) -> bool:
    near = sum(each <= NEAR * min(runs) for each in runs) if runs else 0
    return near >= FEWEST or sum(runs) > 1000 * MOST_SECONDS or runs == [float("inf")]


def _timed(run: Callable[[], object], times: int) -> float:
    """Milliseconds of the quickest of some runs."""
    quickest = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        run()  # on a processor done when it returns; a GPU has its own convolutions, and is not asked
        quickest = min(quickest, time.perf_counter() - began)
    return 1000 * quickest
