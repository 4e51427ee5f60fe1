"""The background thread and its one-slot mailbox."""

import gc
import logging
import subprocess
import sys
import threading
import weakref

import pytest

from filterviz_widget.session.worker import THREAD_NAME, Worker


def test_the_newest_job_wins_and_those_between_are_never_begun():
    begun, entered, go_on = [], threading.Event(), threading.Event()

    def work(job, is_wanted):
        begun.append(job)
        entered.set()
        go_on.wait(10)

    worker = Worker(work)
    worker.submit(0)
    assert entered.wait(10)
    for job in range(1, 50):
        worker.submit(job)
    go_on.set()
    assert worker.wait(10)
    assert begun == [0, 49]


def test_a_job_learns_that_it_is_no_longer_wanted():
    answers, entered, asked = [], threading.Event(), threading.Event()

    def work(job, is_wanted):
        if job == "old":
            answers.append(is_wanted())
            entered.set()
            asked.wait(10)
            answers.append(is_wanted())

    worker = Worker(work)
    worker.submit("old")
    assert entered.wait(10)
    worker.submit("new")
    asked.set()
    assert worker.wait(10)
    assert answers == [True, False]


def test_who_waits_no_time_is_told_how_it_is():
    go_on, worker = threading.Event(), Worker(lambda job, is_wanted: go_on.wait(10))
    assert worker.wait(0)
    assert worker.wait(-1)
    worker.submit(1)
    assert not worker.wait(0)
    go_on.set()
    assert worker.wait(10)
    assert worker.wait(0)


def test_wait_gives_up_after_its_time_and_a_closed_worker_takes_no_jobs():
    go_on, done = threading.Event(), []

    def work(job, is_wanted):
        go_on.wait(10)
        done.append((job, is_wanted()))

    worker = Worker(work)
    worker.submit(1)
    assert not worker.wait(0.01)
    worker.close()
    worker.submit(2)
    go_on.set()
    assert worker.wait(10)
    assert done == [(1, False)]


def test_a_job_for_a_busy_worker_only_is_dropped_by_an_idle_one():
    done = []
    worker = Worker(lambda job, is_wanted: done.append(job))
    worker.submit("stop", only_if_busy=True)
    assert worker.wait(10)
    assert done == []


def test_a_thread_lives_only_while_there_is_work():
    def threads():
        return [thread for thread in threading.enumerate() if thread.name.startswith(f"{THREAD_NAME}mine")]

    seen = []
    worker = Worker(lambda job, is_wanted: seen.extend(threads()), "mine")
    assert threads() == []
    for count in (1, 2):
        worker.submit(count)
        assert worker.wait(10)
        assert threads() == []
        assert len(seen) == count
        assert seen[-1].daemon


@pytest.mark.parametrize("failure", [ValueError("no screen"), SystemExit(3), KeyboardInterrupt()])
def test_a_worker_survives_whatever_its_work_raises_and_says_so_in_the_log(failure, caplog):
    def work(job, is_wanted):
        if job == "broken":
            raise failure
        done.append(job)

    done = []
    worker = Worker(work)
    with caplog.at_level(logging.ERROR, "filterviz_widget"):
        worker.submit("broken")
        assert worker.wait(10)
    assert type(failure).__name__ in caplog.text
    worker.submit("next")
    assert worker.wait(10)
    assert done == ["next"]


def test_a_worker_at_rest_holds_nobody_and_nobody_holds_it():
    class Owner:
        def __init__(self):
            self.worker = Worker(self.work)

        def work(self, job, is_wanted):
            pass

    owner = Owner()
    owner.worker.submit(1)
    assert owner.worker.wait(10)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_work_that_goes_on_ends_when_the_process_does():
    program = (
        "import threading, time\n"
        "from filterviz_widget.session.worker import Worker\n"
        "begun = threading.Event()\n"
        "def work(job, is_wanted):\n"
        "    begun.set()\n"
        "    while is_wanted():\n"
        "        time.sleep(0.01)\n"
        "    print('ended in good order', flush=True)\n"
        "Worker(work).submit(1)\n"
        "begun.wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended in good order\n"
