"""Worker processes that leave nothing behind: what building and fitting corpora share.

with one_thread(), worker_pool(4) as pool:
    pool.submit(write_shard, shard)
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes started within have one thread each: sums are the same bits however many."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def worker_pool(
    workers: int, prepare: Callable[..., None] | None = None, *args
) -> ProcessPoolExecutor:
    """Spawned processes that end when the user interrupts, and with their parent.

    Args:
        workers: processes, at most.
        prepare: called with ``args`` once in each process, before its first task.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(prepare, args)
    )


def _start_worker(prepare: Callable[..., None] | None, args: tuple) -> None:
    """A worker ends at once when the user interrupts, and with its parent; files stay whole."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    if prepare is not None:
        prepare(*args)
