"""Workers: failures are one job's, nothing is done twice, whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import job_doubles as doubles
import pytest

from tdmm_hf.corpus.engines import ProcessEngine, Running
from tdmm_hf.corpus.jobs import Job, JobTable


def states(records):
    return {key: record.state for key, record in records.items()}


def begun(folder):
    return Counter(key for word, key, _ in doubles.log(folder) if word == "begin")


def test_failures_are_one_jobs_and_are_tried_thrice(tmp_path):
    jobs = [
        Job("raises", {"trouble": "raise"}),
        Job("dies", {"trouble": "die"}),
        Job("fine", {}),
        Job("later", {"trouble": "once"}),
        Job("rejected", {"reasons": ["no face"]}),
    ]
    records = doubles.run(tmp_path, jobs)
    assert states(records) == {
        "raises": "failed", "dies": "failed", "fine": "done", "later": "done",
        "rejected": "rejected",
    }  # fmt: skip
    assert begun(tmp_path) == {"raises": 3, "dies": 3, "fine": 1, "later": 2, "rejected": 1}
    assert records["raises"].error == "RuntimeError: no picture of raises"
    assert records["dies"].error == "the worker's process was killed"
    assert records["rejected"].result["reasons"] == ["no face"]


def test_a_full_disk_stops_everything_and_fails_nothing(tmp_path):
    jobs = [Job("full", {"trouble": "full"}), Job("fine", {})]
    with pytest.raises(OSError, match="No space left on device: stopped"):
        doubles.run(tmp_path, jobs, workers=1)
    with JobTable(tmp_path / "jobs.sqlite") as table:
        assert [(r.state, r.attempts) for r in table.records()] == [("waiting", 0)] * 2


def test_a_killed_driver_goes_on_where_it_was(tmp_path):
    jobs = 24
    command = [sys.executable, doubles.__file__, str(tmp_path), str(jobs), "2"]
    for stop_at in (5, 12):
        driver = subprocess.Popen(command)
        _until(lambda at=stop_at: _made(tmp_path) >= at)
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        _until(lambda: not _alive(tmp_path))
    before = {key for word, key, _ in doubles.log(tmp_path) if word == "made"}
    assert len(before) < jobs
    tried = begun(tmp_path)
    records = doubles.run(tmp_path)
    assert set(states(records).values()) == {"done"}
    assert len(records) == jobs
    assert {key: begun(tmp_path)[key] for key in before} == {key: tried[key] for key in before}
    made = Counter(key for word, key, _ in doubles.log(tmp_path) if word == "made")
    assert set(made.values()) == {1}


def _made(folder) -> int:
    return sum(word == "made" for word, *_ in doubles.log(folder))


def _alive(folder) -> bool:
    """Whether a worker of the log lives."""
    return any(Path(f"/proc/{pid}").exists() for *_, pid in doubles.log(folder))


def _until(holds, seconds=60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_workers_have_one_thread_each_and_the_driver_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with ProcessEngine(Running(workers=1), doubles.Double(tmp_path)):
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"engine": "slurm"}, "engine must be processes or ray, got 'slurm'"),
        ({"workers": -1}, "workers must not be negative, got -1"),
        ({"gpus": float("nan")}, "gpus must not be negative, got nan"),
    ],
)
def test_rules(wrong, rule):
    with pytest.raises(ValueError, match=rule):
        Running(**wrong)
