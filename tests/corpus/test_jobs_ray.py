"""A local Ray cluster of several worker processes, one of which is killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import job_doubles as doubles
import pytest

from tdmm_hf.corpus.jobs import JobTable

SECONDS = 55


def test_a_ray_cluster_that_loses_a_worker(tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed")
    command = [sys.executable, doubles.__file__, str(tmp_path), "8", "2", "ray"]
    environment = {**os.environ, "PYTHONPATH": str(Path(doubles.__file__).parent)}
    driver = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        assert driver.wait(SECONDS) == 0
    finally:
        if driver.poll() is None:
            os.killpg(driver.pid, signal.SIGKILL)
    with JobTable(tmp_path / "jobs.sqlite") as table:
        records = list(table.records())
    assert [record.state for record in records] == ["done"] * 8
    (tried,) = (record for record in records if record.attempts)
    assert (tried.attempts, tried.error) == (1, "the worker was lost (ActorDiedError)")
    made = Counter(key for word, key, _ in doubles.log(tmp_path) if word == "made")
    assert sorted(made.values()) == [1] * 8
    killed = (tmp_path / "killed").read_text()
    assert len({pid for *_, pid in doubles.log(tmp_path)} - {killed}) >= 1
