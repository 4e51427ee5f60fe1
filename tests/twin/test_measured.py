"""Which form a convolution takes: the one that is quicker here, found once."""

import itertools
import threading
import time

import pytest
import tensorflow as tf

from filterviz_widget.twin import measured
from filterviz_widget.twin.convolution import Case, Form
from filterviz_widget.twin.measured import Choice, Measured, measure

CASE = Case((8, 8), (3, 3, 4, 4), (1, 1), "same", (1, 1), "float32")


def slowed(monkeypatch, name, slow, seconds=0.03, only=None):
    """Makes one form of `forward` or `backward` slow, in one run only, or impossible where `seconds` is None."""
    original, runs = getattr(measured, name), itertools.count()

    def run(*arguments):
        if arguments[-1] == slow:
            if seconds is None:
                raise tf.errors.UnimplementedError(None, None, "no such kernel on this processor")
            if next(runs) == only or only is None:
                time.sleep(seconds)
        return original(*arguments)

    monkeypatch.setattr(measured, name, run)


@pytest.mark.parametrize("slow", ["plain", "turned"])
@pytest.mark.parametrize("late", ["own", "laid out"])
def test_the_quicker_form_is_taken(monkeypatch, slow, late):
    slowed(monkeypatch, "forward", slow)
    slowed(monkeypatch, "backward", late)
    form = measure(CASE).form
    assert form.forward == {"plain": "turned", "turned": "plain"}[slow]
    assert form.backward == {"own": "laid out", "laid out": "own"}[late]


def test_a_machine_that_was_busy_for_a_moment_does_not_rule_a_form_out(monkeypatch):
    slowed(monkeypatch, "forward", "plain")
    slowed(monkeypatch, "forward", "turned", 0.2, only=1)  # the first run that is timed
    assert measure(CASE).form.forward == "turned"


def test_a_form_that_the_processor_does_not_have_is_not_taken(monkeypatch):
    slowed(monkeypatch, "backward", "own", None)
    assert measure(CASE).form.backward == "laid out"


def test_without_a_size_nothing_is_timed_and_a_dilated_kernel_has_the_gradient_that_is_there_everywhere():
    assert measure(CASE._replace(size=None)) == Choice(Form("plain", "own"), 0.0)
    assert measure(CASE._replace(size=None, dilation=(2, 2))).form.backward == "laid out"


def test_each_case_is_timed_once_for_all_threads(monkeypatch):
    asked = []
    monkeypatch.setattr(measured, "measure", lambda case: asked.append(case) or Choice(Form("plain", "own"), 1.0))
    forms = Measured()
    threads = [threading.Thread(target=forms, args=(CASE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    forms(CASE._replace(dtype="bfloat16"))
    assert asked == [CASE, CASE._replace(dtype="bfloat16")]


def test_it_can_be_timed_in_the_midst_of_a_trace():
    found = []

    @tf.function(autograph=False)
    def traced(x):
        found.append(measure(CASE))
        return x

    traced(tf.zeros(()))
    assert found[0].milliseconds > 0
