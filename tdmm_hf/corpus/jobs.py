"""A table of jobs with states, on disk: what is to be done, done, rejected or failed.

    >>> import tempfile
    >>> from pathlib import Path
    >>> table = JobTable(Path(tempfile.mkdtemp()) / "jobs.sqlite")
    >>> table.add([Job("a", {"prompt": "He smiles."}), Job("b", {"prompt": "She nods."})])
    2
    >>> table.finish("a", {"frames": 50})
    >>> table.fail("b", "no picture")
    False
    >>> [job.key for job in table.waiting()], table.counts()["done"]
    (['b'], 1)

One process, the driver, reads and writes it; workers, on whatever machine, only hand results back.
Hence SQLite with a rollback journal and full synchronisation: every change is on disk or was not
made, whenever the process is killed. Write-ahead logging would let readers work beside a writer,
which nobody does here, and asks for shared memory that folders shared over a network do not have.
The driver holds the file exclusively: a second one on the same folder is refused, and the lock goes
with the process that held it, however that ended.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATES = ("waiting", "done", "rejected", "failed")
ATTEMPTS = 3  # the first and two more
_TABLE = f"""
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN {STATES}),
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    result TEXT
)
"""


@dataclass(frozen=True)
class Job:
    """What one worker does at once: ``key`` names it and its files, ``task`` is plain data."""

    key: str
    task: dict


@dataclass(frozen=True)
class Record:
    """A job and what became of it.

    Args:
        job: the job.
        state: one of ``STATES``.
        attempts: how often it failed.
        error: of its last failure.
        result: plain data, where it was done or rejected; the reasons of the latter are among it.
    """

    job: Job
    state: str
    attempts: int
    error: str | None
    result: dict | None


class JobTable:
    """The table in one file; a context manager that gives the file back.

    Raises:
        ValueError: the file is no such table, or another process works on it.
        OSError: it cannot be written.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        try:
            self._connection = sqlite3.connect(path, timeout=0.2)
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous = FULL")
            with self._connection:
                self._connection.execute("BEGIN EXCLUSIVE")
                self._connection.execute(_TABLE)
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def __enter__(self) -> JobTable:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def add(self, jobs: Iterable[Job]) -> int:
        """Add jobs in order, all of them or none; those that are there are passed over.

        Returns:
            How many were new.

        Raises:
            ValueError: a key is there with another task.
        """
        with self._changing() as connection:
            return sum(_add(connection, job) for job in jobs)

    def waiting(self) -> list[Job]:
        """Jobs to be done, in order."""
        return [record.job for record in self.records("waiting")]

    def records(self, *states: str) -> Iterator[Record]:
        """Jobs in these states, or all, in the order in which they were added."""
        wanted = states or STATES
        marks = ", ".join("?" * len(wanted))
        rows = self._connection.execute(
            "SELECT key, task, state, attempts, error, result FROM jobs "
            f"WHERE state IN ({marks}) ORDER BY number",
            wanted,
        )
        for key, task, state, attempts, error, result in rows:
            done = None if result is None else json.loads(result)
            yield Record(Job(key, json.loads(task)), state, attempts, error, done)

    def counts(self) -> dict[str, int]:
        """Jobs in each state."""
        rows = self._connection.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state")
        return {**dict.fromkeys(STATES, 0), **dict(rows)}

    def finish(self, key: str, result: dict, rejected: bool = False) -> None:
        """A job is done, or its result is rejected; result and state change together."""
        state = "rejected" if rejected else "done"
        with self._changing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, result = ? WHERE key = ? AND state = 'waiting'",
                (state, json.dumps(result), key),
            )

    def fail(self, key: str, error: str) -> bool:
        """Count a failure; returns whether it was the last: then the job stays failed."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE jobs SET attempts = attempts + 1, error = ?, "
                "state = CASE WHEN attempts + 1 >= ? THEN 'failed' ELSE state END "
                "WHERE key = ? AND state = 'waiting'",
                (error, ATTEMPTS, key),
            )
            (state,) = connection.execute("SELECT state FROM jobs WHERE key = ?", (key,)).fetchone()
        return state == "failed"

    def retry_failed(self) -> int:
        """Let failed jobs wait again, as if they had not been tried; returns how many."""
        with self._changing() as connection:
            return connection.execute(
                "UPDATE jobs SET state = 'waiting', attempts = 0 WHERE state = 'failed'"
            ).rowcount

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing."""
        try:
            with self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error


def _add(connection: sqlite3.Connection, job: Job) -> bool:
    """Add one job; returns whether it is new."""
    task = json.dumps(job.task, sort_keys=True)
    found = connection.execute("SELECT task FROM jobs WHERE key = ?", (job.key,)).fetchone()
    if found is None:
        connection.execute("INSERT INTO jobs (key, task) VALUES (?, ?)", (job.key, task))
    elif found[0] != task:
        raise ValueError(f"{job.key} must be what it was, {found[0][:200]}, got {task[:200]}")
    return found is None


def _explained(error: sqlite3.Error, path: Path) -> ValueError | OSError:
    if "locked" in str(error):
        return ValueError(f"one process at a time may work on {path.parent}, another one does")
    if isinstance(error, sqlite3.OperationalError):
        return OSError(f"{path} cannot be written ({error})")
    return ValueError(f"{path} is no table of jobs ({error})")
