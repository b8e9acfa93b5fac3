"""Workers that do jobs, one each at a time: processes of this machine, or actors of a Ray cluster.

    with open_engine(Running(workers=4), task) as engine:
        run_jobs(engine, table)

A task is a picklable callable, ``task(job) -> Verdict``, that may be called again for a job whose
result is on disk already, and then hands that back: so a job is never done twice, whenever the
driver was killed. What a task raises, and the death of the process it ran in, are failures of that
job alone. Where the trouble is not the job's (a full disk, a package that is missing) everything
stops, and the job waits as it was.
"""

from __future__ import annotations

import errno
import os
import textwrap
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Protocol

from ..import_utils import require_package
from .jobs import Job, JobTable
from .processes import ONE_THREAD, one_thread, worker_pool

ERROR_CHARACTERS = 400
MAX_FAILED_STARTS = 10  # of a cluster's workers, one after another
NOT_THE_JOB = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Verdict:
    """What a task found: plain data, and why the result is not to be used, if it is not."""

    result: dict
    reasons: tuple[str, ...] = ()


Task = Callable[[Job], Verdict]


@dataclass(frozen=True)
class Running:
    """How jobs are run; what comes out does not depend on it.

    Args:
        engine: ``processes`` or ``ray``.
        workers: how many; 0 for one per core, or as many as the cluster has room for.
        gpus: GPUs, or the share of one, that each worker of a Ray cluster takes.
        address: of a Ray cluster; empty for what ``RAY_ADDRESS`` names, or one started here.
    """

    engine: str = "processes"
    workers: int = 0
    gpus: float = 0.0
    address: str = ""

    def __post_init__(self):
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be {' or '.join(ENGINES)}, got {self.engine!r}")
        if self.workers < 0:
            raise ValueError(f"workers must not be negative, got {self.workers}")
        if not 0 <= self.gpus < float("inf"):
            raise ValueError(f"gpus must not be negative, got {self.gpus}")


@dataclass(frozen=True)
class Outcome:
    """How a job went: a verdict, or an error; ``stops`` where no other job would go better."""

    job: Job
    verdict: Verdict | None = None
    error: str = ""
    stops: bool = False


class Engine(Protocol):
    """Workers that are started, and that end when the context is left."""

    def __enter__(self) -> Engine: ...

    def __exit__(self, *exception) -> None: ...

    @property
    def idle(self) -> bool:
        """Whether a job can be taken."""

    @property
    def busy(self) -> bool:
        """Whether a job is being done."""

    def submit(self, job: Job) -> None:
        """Give a job to an idle worker."""

    def next(self) -> list[Outcome]:
        """Wait for something to happen; outcomes of the jobs that ended, perhaps of none."""


def attempt(task: Task, job: Job) -> Outcome:
    """Do a job, in the worker; what it raises becomes the outcome."""
    try:
        return Outcome(job, task(job))
    except ImportError as error:
        return Outcome(job, error=_one_line(error), stops=True)
    except Exception as error:  # whatever a generator or a decoder raises is this job's failure
        stops = isinstance(error, OSError) and error.errno in NOT_THE_JOB
        return Outcome(job, error=_one_line(error), stops=stops)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    named = isinstance(error, (ValueError, OSError, ImportError))
    text = text if text and named else f"{type(error).__name__}: {text}".rstrip(": ")
    return textwrap.shorten(text, ERROR_CHARACTERS)


def run_jobs(
    engine: Engine, table: JobTable, done: Callable[[Outcome, bool], None] = lambda *_: None
) -> None:
    """Do all jobs that wait; failures are tried again after the others, then kept.

    Args:
        engine: started.
        table: gives the jobs and takes what becomes of them.
        done: called with each outcome and whether it was the job's last.

    Raises:
        OSError: the disk is full, or a folder may not be written.
        ImportError: a package is missing.
    """
    queue = deque(table.waiting())
    while queue or engine.busy:
        while queue and engine.idle:
            engine.submit(queue.popleft())
        for outcome in engine.next():
            if outcome.verdict is not None:
                rejected = bool(outcome.verdict.reasons)
                found = {**outcome.verdict.result, "reasons": list(outcome.verdict.reasons)}
                table.finish(outcome.job.key, found, rejected)
                done(outcome, True)
            elif outcome.stops:
                raise OSError(f"{outcome.error}: stopped; started again, it goes on from here")
            else:
                last = table.fail(outcome.job.key, outcome.error)
                done(outcome, last)
                if not last:
                    queue.append(outcome.job)


@dataclass
class ProcessEngine:
    """Processes of this machine, each an executor of its own: a death is one job's alone."""

    running: Running
    task: Task
    _idle: list[ProcessPoolExecutor] = field(default_factory=list)
    _busy: dict[Future, tuple[ProcessPoolExecutor, Job]] = field(default_factory=dict)

    def __enter__(self) -> ProcessEngine:
        self._single = one_thread()
        self._single.__enter__()
        workers = self.running.workers or os.cpu_count() or 1
        self._idle = [worker_pool(1) for _ in range(workers)]
        return self

    def __exit__(self, *exception) -> None:
        for executor in [*self._idle, *(executor for executor, _ in self._busy.values())]:
            executor.shutdown(wait=True, cancel_futures=True)
        self._single.__exit__(*exception)

    @property
    def idle(self) -> bool:
        return bool(self._idle)

    @property
    def busy(self) -> bool:
        return bool(self._busy)

    def submit(self, job: Job) -> None:
        executor = self._idle.pop()
        try:
            future = executor.submit(attempt, self.task, job)
        except BrokenProcessPool:  # it was killed while it had nothing to do
            executor.shutdown(wait=False)
            executor = worker_pool(1)
            future = executor.submit(attempt, self.task, job)
        self._busy[future] = (executor, job)

    def next(self) -> list[Outcome]:
        ended, _ = wait(self._busy, return_when=FIRST_COMPLETED)
        return [self._take(future) for future in ended]

    def _take(self, future: Future) -> Outcome:
        executor, job = self._busy.pop(future)
        try:
            outcome = future.result()
        except BrokenProcessPool:
            executor.shutdown(wait=False)
            executor = worker_pool(1)
            outcome = Outcome(job, error="the worker's process was killed")
        self._idle.append(executor)
        return outcome


@dataclass
class RayEngine:
    """Actors of a Ray cluster, with the GPUs asked for; the driver alone writes the table.

    The package must be installed on every machine, and the folders lie at the same path on all. Ray
    itself tries nothing again: failures are counted here.
    """

    running: Running
    task: Task
    _idle: list = field(default_factory=list)
    _busy: dict = field(default_factory=dict)
    _starting: dict = field(default_factory=dict)
    _failed_starts: int = 0
    _started: bool = False

    def __enter__(self) -> RayEngine:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self._ray = require_package("ray", extra="distributed")
        if not self._ray.is_initialized():
            self._ray.init(
                address=self.running.address or None, log_to_driver=False, logging_level="ERROR"
            )
            self._started = True
        for _ in range(self.running.workers or self._room()):
            self._start()
        return self

    def _room(self) -> int:
        """Workers that the cluster has room for.

        Raises:
            ValueError: it has room for none.
        """
        has = self._ray.cluster_resources()
        room = int(has.get("CPU", 0))
        if self.running.gpus:
            room = min(room, int(has.get("GPU", 0) / self.running.gpus))
        if room < 1:
            self.__exit__()
            raise ValueError(
                f"a worker takes 1 CPU and {self.running.gpus:g} GPUs, the Ray cluster has "
                f"{has.get('CPU', 0):g} and {has.get('GPU', 0):g}"
            )
        return room

    def _start(self) -> None:
        """Ask for a worker; it gets no job before it is there, which may be never."""
        kind = self._ray.remote(_Actor).options(
            num_cpus=1,
            num_gpus=self.running.gpus,
            max_restarts=0,
            max_task_retries=0,
            runtime_env={"env_vars": ONE_THREAD},
        )
        actor = kind.remote(self.task)
        self._starting[actor.ready.remote()] = actor

    def __exit__(self, *exception) -> None:
        actors = [
            *self._idle,
            *self._starting.values(),
            *(actor for actor, _ in self._busy.values()),
        ]
        for actor in actors:
            self._ray.kill(actor)
        if self._started:
            self._ray.shutdown()

    @property
    def idle(self) -> bool:
        return bool(self._idle)

    @property
    def busy(self) -> bool:
        return bool(self._busy)

    def submit(self, job: Job) -> None:
        actor = self._idle.pop()
        self._busy[actor.work.remote(job)] = (actor, job)

    def next(self) -> list[Outcome]:
        (ended, *_), _ = self._ray.wait([*self._busy, *self._starting], num_returns=1)
        if ended in self._starting:
            self._welcome(ended)
            return []
        return [self._take(ended)]

    def _welcome(self, reference) -> None:
        """A worker is there, or could not be started.

        Raises:
            OSError: none can be.
        """
        actor = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise OSError(f"no worker can be started: {_one_line(error)}") from error
            self._start()
        else:
            self._failed_starts = 0
            self._idle.append(actor)

    def _take(self, reference) -> Outcome:
        actor, job = self._busy.pop(reference)
        try:
            outcome = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(actor)
            self._start()
            return Outcome(job, error=f"the worker was lost ({type(error).__name__})")
        self._idle.append(actor)
        return outcome


class _Actor:
    """What runs in a process of the cluster."""

    def __init__(self, task: Task):
        self._task = task

    def ready(self) -> None:
        """Answered once the worker is there."""

    def work(self, job: Job) -> Outcome:
        return attempt(self._task, job)


ENGINES = {"processes": ProcessEngine, "ray": RayEngine}


def open_engine(running: Running, task: Task) -> Engine:
    """The workers that are asked for, not started yet."""
    return ENGINES[running.engine](running, task)
