"""Runs one target: spoils its files and has them read, in this process or in one of its own.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> found = list(run_here("packet", 50, seed=0, folder=Path(mkdtemp())))
>>> len(found), {one.verdict.kind for one in found} <= {"read", "refused"}
(50, True)
"""

from __future__ import annotations

import logging
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .guard import FAILED, REFUSED, Verdict, memory_limit, verdict
from .targets import TARGETS, Target

BATCH = 250
PYTHON_ERROR = 1
STUCK_SECONDS = 300  # a reader that neither Python's clock nor its own stops
SCRATCH = Path("/dev/shm")


@dataclass(frozen=True)
class Reading:
    """One file and what came of it; of files that did not fail the bytes are left out."""

    verdict: Verdict
    data: bytes | None = None


def run_here(name: str, inputs: int, seed: int, folder: Path) -> Iterator[Reading]:
    """Spoil and read so many files of a target in this process, its bombs first.

    Args:
        name: a key of ``TARGETS``.
        inputs: how many.
        seed: of the spoiling.
        folder: an empty one to put the file into.
    """
    target = TARGETS[name]
    path = prepare(target, folder)
    with memory_limit(), _quiet():
        for data in target.bombs()[:inputs]:
            inputs -= 1
            yield _read(target, path, data)
        while inputs > 0:
            found: list[Reading] = []
            _spoil(target, min(inputs, BATCH), seed, lambda data, to=found: to.append(
                _read(target, path, data)
            ))  # fmt: skip
            yield from found
            inputs -= len(found)
            seed += 1_000_003


@contextmanager
def _quiet() -> Iterator[None]:
    """Within, the readers' warnings of what they changed are not printed."""
    logger = logging.getLogger("tdmm_hf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def prepare(target: Target, folder: Path) -> Path:
    path = folder / target.file
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, data in target.beside().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    for data in target.sound():
        path.write_bytes(data)
        target.read(path)  # imports and caches are no part of what a file costs
    return path


def _read(target: Target, path: Path, data: bytes) -> Reading:
    path.write_bytes(data)
    found = verdict(target.read, path, target.own, target.names_file, target.longest)
    return Reading(found, data if found.kind == FAILED else None)


def _spoil(target: Target, inputs: int, number: int, take) -> None:
    """Have Hypothesis draw inputs; it draws no fewer than asked for unless there are no more."""
    taken = 0

    def once(data):
        nonlocal taken
        if taken < inputs:
            taken += 1
            take(data)

    drawn = given(target.spoiled(target.sound()))(once)
    plainly = settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(plainly(drawn))()


def run_apart(name: str, inputs: int, seed: int) -> Iterator[Reading]:
    """The same in a process of its own, which may die: its last file is then a failure."""
    context = multiprocessing.get_context("spawn")
    place = SCRATCH if SCRATCH.is_dir() else None
    while inputs > 0:
        folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=place))
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_work, args=(name, inputs, seed, folder, theirs), daemon=True
        )
        process.start()
        theirs.close()
        try:
            for readings in _received(ours):
                inputs -= len(readings)
                yield from readings
            if inputs > 0:
                yield _death(process, ours, folder / TARGETS[name].file)
                inputs -= 1
                seed += 7_000_003
        finally:
            process.kill()
            process.join()
            shutil.rmtree(folder, ignore_errors=True)


def _work(name: str, inputs: int, seed: int, folder: Path, out) -> None:
    waiting = []
    for reading in run_here(name, inputs, seed, folder):
        waiting.append(reading)
        if len(waiting) == 20:
            out.send(waiting)
            waiting = []
    out.send(waiting)
    out.close()


def _received(pipe) -> Iterator[list[Reading]]:
    """What a worker sends, until it is done, dead, or stuck."""
    while pipe.poll(STUCK_SECONDS):
        try:
            yield pipe.recv()
        except EOFError:
            pipe.close()
            return


def _death(process, pipe, path: Path) -> Reading:
    """The file at which a process stopped answering, or ended.

    Raises:
        RuntimeError: it ended by an error of the fuzzing itself, which it has printed.
    """
    if pipe.closed:
        process.join()
        what = f"died with status {process.exitcode}"
    else:
        what = f"is stuck for {STUCK_SECONDS} s"
    if process.exitcode == PYTHON_ERROR:
        raise RuntimeError(f"fuzzing ended by an error at {path.name}")
    data = path.read_bytes() if path.is_file() else None
    return Reading(Verdict(FAILED, f"the process {what}", what), data)


__all__ = ["FAILED", "REFUSED", "Reading", "run_apart", "run_here"]
