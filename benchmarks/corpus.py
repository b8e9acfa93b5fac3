"""Building a corpus: clips a second, memory of all processes, size on disk; what 80 hours take.

    python benchmarks/corpus.py --clips 1000 --workers 2

Runs the command `tdmm corpus build` and watches its processes from outside. What it takes to start
is measured with one clip and taken off. Memory is the sum over all processes at its peak, shared
pages counted once for each.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from common import RESULTS, print_table, write_result

from tdmm_hf.corpus.facts import split_facts
from tdmm_hf.corpus.splits import SPLITS

HOURS = 80.0
CORES = 4
LIMITS = {"minutes": 10.0, "memory GB": 1.5, "disk GB": 1.2}
SAMPLE_EVERY = 0.05  # seconds


def watched_build(clips: int, held_out: int, workers: int, out: Path) -> dict:
    """Seconds on the clock and of all cores, and the peak memory of the parent and a worker."""
    command = [sys.executable, "-m", "tdmm_hf.cli", "corpus", "build", "--clips", str(clips)]
    command += ["--held-out", str(held_out), "--workers", str(workers), "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    peaks = {"all": 0, "parent": 0, "worker": 0}
    while process.poll() is None:
        parent, workers_now = _resident(process)
        sample = {"parent": parent, "worker": max(workers_now, default=0)}
        sample["all"] = parent + sum(workers_now)
        peaks = {name: max(peaks[name], sample[name]) for name in peaks}
        time.sleep(SAMPLE_EVERY)
    if process.returncode:
        raise SystemExit(f"the build failed with status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.monotonic() - started, "cpu": cpu, "peaks": peaks}


def _resident(process: psutil.Process) -> tuple[int, list[int]]:
    """Bytes in memory of a process and of each process under it."""
    try:
        children = [child.memory_info().rss for child in process.children(recursive=True)]
        return process.memory_info().rss, children
    except psutil.NoSuchProcess:
        return 0, []


def measure(options: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        start = watched_build(1, 1, options.workers, Path(folder) / "start")
        out = Path(folder) / "corpus"
        whole = watched_build(options.clips, options.held_out, options.workers, out)
        facts = [split_facts(out, split) for split in SPLITS]
    clips = sum(one.clips for one in facts)
    hours = sum(one.hours for one in facts)
    size = sum(one.file_bytes for one in facts)
    wall, cpu = whole["wall"] - start["wall"], whole["cpu"] - start["cpu"]
    peaks = whole["peaks"]
    return {
        "clips": clips,
        "hours": hours,
        "workers": options.workers,
        "seconds": whole["wall"],
        "seconds to start": start["wall"],
        "clips per second": clips / wall,
        "core milliseconds per clip": 1000 * cpu / clips,
        "peak memory MB": peaks["all"] / 1e6,
        "parent MB": peaks["parent"] / 1e6,
        "worker MB": peaks["worker"] / 1e6,
        "MB per hour": size / 1e6 / hours,
        "largest and smallest category differ by": facts[0].imbalance,
        f"{HOURS:g} hours": {
            "clips": round(HOURS / hours * clips),
            "minutes": start["wall"] / 60 + cpu / hours * HOURS / 60 / CORES,
            "memory GB": (peaks["parent"] + CORES * peaks["worker"]) / 1e9,
            "disk GB": size / hours * HOURS / 1e9,
        },
    }


def show(result: dict) -> None:
    plain = {name: value for name, value in result.items() if not isinstance(value, dict)}
    print_table(["measured", ""], [[name, float(value)] for name, value in plain.items()])
    expected = result[f"{HOURS:g} hours"]
    rows = [[name, float(value), LIMITS.get(name)] for name, value in expected.items()]
    print_table([f"{HOURS:g} hours on {CORES} cores", "expected", "at most"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--workers", type=int, default=min(CORES, os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, default=RESULTS / "corpus.json")
    options = parser.parse_args()
    result = measure(options)
    show(result)
    write_result(options.out, {**result, "load": os.getloadavg()[0]})


if __name__ == "__main__":
    main()
