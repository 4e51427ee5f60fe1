"""The background thread and its one-slot mailbox."""

import threading

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
    worker.close(10)
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
    worker.close(10)
    assert answers == [True, False]


def test_wait_gives_up_after_its_time_and_close_ends_the_thread():
    go_on = threading.Event()
    worker = Worker(lambda job, is_wanted: go_on.wait(10))
    worker.submit(1)
    assert not worker.wait(0.01)
    go_on.set()
    worker.close(10)
    assert not worker._thread.is_alive()
    worker.submit(2)
    assert worker.wait(1), "a closed worker takes no jobs"


def test_a_job_for_a_busy_worker_only_is_dropped_by_an_idle_one():
    done = []
    worker = Worker(lambda job, is_wanted: done.append(job))
    worker.submit("stop", only_if_busy=True)
    assert worker.wait(10)
    worker.close(10)
    assert done == []


def test_the_thread_is_a_daemon_with_a_name_to_find_it_by():
    worker = Worker(lambda job, is_wanted: None)
    assert worker._thread.daemon
    assert worker._thread.name.startswith(THREAD_NAME)
    worker.close(10)
