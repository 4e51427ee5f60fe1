"""One process at a time, and nobody waits for ever."""

import threading
import time

import pytest

from filterviz_widget.store import one_at_a_time as module
from filterviz_widget.store.one_at_a_time import one_at_a_time


def test_one_after_another(tmp_path):
    within, most = [], []

    def work():
        for _ in range(20):
            with one_at_a_time(tmp_path / "lock"):
                within.append(1)
                most.append(len(within))
                time.sleep(0.0005)
                within.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 80


def test_who_waits_for_one_that_never_leaves_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with one_at_a_time(tmp_path / "lock"), pytest.raises(OSError), one_at_a_time(tmp_path / "lock"):  # noqa: PT011
        pass
    with one_at_a_time(tmp_path / "lock"):
        pass


def test_who_fails_within_leaves_it(tmp_path):
    with pytest.raises(ZeroDivisionError), one_at_a_time(tmp_path / "lock"):
        raise ZeroDivisionError
    with one_at_a_time(tmp_path / "lock"):
        pass
