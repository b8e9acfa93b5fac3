"""Tasks that stand in for generators and fitters, and a driver to be killed.

Run as a script, it is a driver: ``job_doubles.py FOLDER JOBS WORKERS [ENGINE]``.
"""

import errno
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tdmm_hf.corpus.engines import Running, Verdict, open_engine, run_jobs
from tdmm_hf.corpus.jobs import Job, JobTable

SECONDS = 0.05


def note(folder: Path, word: str, key: str) -> None:
    """A line of the log; appending so little is one write, whoever writes."""
    line = f"{word} {key} {os.getpid()}\n".encode()
    file = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)


def log(folder: Path) -> list[list[str]]:
    path = folder / "log"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@dataclass(frozen=True)
class Double:
    """Writes a file for each job, slowly; the job's task says what goes wrong."""

    folder: Path

    def __call__(self, job: Job) -> Verdict:
        made = self.folder / f"{job.key}.made"
        if made.exists():
            return Verdict({"seconds": 2.0})
        note(self.folder, "begin", job.key)
        trouble = job.task.get("trouble")
        if trouble == "raise":
            raise RuntimeError(f"no picture\nof {job.key}")
        if trouble == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if trouble == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if trouble == "once" and not (self.folder / job.key).exists():
            (self.folder / job.key).touch()
            raise ValueError("not the first time")
        time.sleep(job.task.get("seconds", SECONDS))
        made.write_text(job.key)
        note(self.folder, "made", job.key)
        return Verdict({"seconds": 2.0}, tuple(job.task.get("reasons", ())))


def run(folder, jobs=(), workers=2, engine="processes"):
    """Do jobs in a folder; returns their records by key."""
    with JobTable(Path(folder) / "jobs.sqlite") as table:
        table.add(jobs)
        with open_engine(Running(engine, workers), Double(Path(folder))) as workers:
            run_jobs(workers, table)
        return {record.job.key: record for record in table.records()}


def kill_a_worker(folder: Path) -> None:
    """Once a job is made, kill the process that is at work on another; its number stays."""
    while True:
        made = {key for word, key, _ in log(folder) if word == "made"}
        working = [pid for word, key, pid in log(folder) if word == "begin" and key not in made]
        if made and working:
            os.kill(int(working[0]), signal.SIGKILL)
            (folder / "killed").write_text(working[0])
            return
        time.sleep(0.01)


if __name__ == "__main__":
    where, count, number, *named = sys.argv[1:]
    task = {"seconds": 0.4} if named else {}
    wanted = [Job(f"clip-{n:03d}", task) for n in range(int(count))]
    if named:
        threading.Thread(target=kill_a_worker, args=[Path(where)], daemon=True).start()
    run(where, wanted, int(number), *named)
