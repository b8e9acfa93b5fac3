"""The table of jobs: states, attempts, one driver at a time, whole after a kill."""

import os
import signal
import subprocess
import sys

import pytest

from tdmm_hf.corpus.jobs import ATTEMPTS, Job, JobTable

JOBS = [Job(key, {"prompt": key.upper()}) for key in "cab"]


@pytest.fixture
def table(tmp_path):
    with JobTable(tmp_path / "jobs.sqlite") as table:
        table.add(JOBS)
        yield table


def test_jobs_wait_in_the_order_in_which_they_came(table):
    assert table.waiting() == JOBS
    assert table.add([*JOBS, Job("d", {})]) == 1
    assert [job.key for job in table.waiting()] == ["c", "a", "b", "d"]


def test_results_are_kept(table):
    table.finish("a", {"seconds": 2.0})
    table.finish("b", {"reasons": ["no face"]}, rejected=True)
    assert table.counts() == {"waiting": 1, "done": 1, "rejected": 1, "failed": 0}
    assert [record.result for record in table.records("done")] == [{"seconds": 2.0}]
    assert next(table.records("rejected")).result["reasons"] == ["no face"]


def test_a_job_is_tried_three_times(table):
    lasts = [table.fail("a", f"error {n}") for n in range(ATTEMPTS)]
    assert lasts == [False, False, True]
    (record,) = table.records("failed")
    assert (record.attempts, record.error) == (3, "error 2")
    assert table.retry_failed() == 1
    assert [job.key for job in table.waiting()] == ["c", "a", "b"]


def test_what_is_done_stays_so(table):
    table.finish("a", {"seconds": 2.0})
    table.finish("a", {"seconds": 9.0}, rejected=True)
    table.fail("a", "late")
    (record,) = table.records("done")
    assert (record.result, record.attempts) == ({"seconds": 2.0}, 0)


def test_a_key_has_one_task_and_a_refused_list_adds_nothing(table):
    with pytest.raises(ValueError, match=r"^a must be what it was, .*, got \{\}$"):
        table.add([Job("new", {}), Job("a", {})])
    assert table.waiting() == JOBS


def test_one_driver_at_a_time(table):
    with pytest.raises(ValueError, match=r"^one process at a time may work on "):
        JobTable(table.path)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "jobs.sqlite").write_text("no table at all, but long enough " * 40)
    with pytest.raises(ValueError, match="is no table of jobs"):
        JobTable(tmp_path / "jobs.sqlite")
    with pytest.raises(OSError, match="cannot be written"):
        JobTable(tmp_path / "nowhere" / "jobs.sqlite")


KILLED = """
import sys
from tdmm_hf.corpus.jobs import Job, JobTable
table = JobTable(sys.argv[1])
table.add([Job(f"{n}", {}) for n in range(1000)])
for n in range(1000):
    table.finish(f"{n}", {"n": n})
    print(n, flush=True)
"""


def test_a_killed_driver_leaves_what_it_had_said(tmp_path):
    path = tmp_path / "jobs.sqlite"
    driver = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE)
    for _ in range(20):
        said = int(driver.stdout.readline())
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    with JobTable(path) as table:
        done = [record.result["n"] for record in table.records("done")]
        assert done == list(range(len(done)))
        assert len(done) > said
        assert sum(table.counts().values()) == 1000
