"""Damaged files for every reader: each must be read, or refused in one line.

    python benchmarks/fuzz.py [--inputs 100000] [--seed 0] [--only csv glb] [--out result.json]

Sound files of every format are spoiled by Hypothesis: bits flipped, parts cut, doubled and spliced,
columns doubled, numbers too large, trees nested deep, archives that unpack to gigabytes. A reader
fails if it raises what it does not document, says more than a line, takes more than 10 s of
processor time or 2 GiB, or ends its process. One file of each kind of failure is kept in
``--failures``; the exit status is 1 if there is one. With ``--only``, the figures of other readers
stay in the result as they are: a long run can be made in pieces.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common import RESULTS, print_table, write_result
from fuzzing.running import FAILED, REFUSED, run_apart
from fuzzing.targets import TARGETS
from tqdm import tqdm

KEPT = Path("out/fuzz-failures")


@dataclass
class Tally:
    """What came of a target's files."""

    seed: int = 0
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    refusals: set = field(default_factory=set)
    failures: Counter = field(default_factory=Counter)

    def told(self) -> dict:
        return {
            "inputs": self.inputs,
            "refused": self.refused,
            "read": self.inputs - self.refused - self.failures.total(),
            "places_that_refuse": len(self.refusals),
            "inputs_per_second": round(self.inputs / self.seconds, 1) if self.seconds else None,
            "failures": dict(self.failures),
            "seed": self.seed,
        }


def shares(names: list[str], inputs: int) -> dict[str, int]:
    """How many inputs each target gets: by its weight, no fewer than asked for in all."""
    total = sum(TARGETS[name].weight for name in names)
    return {name: -int(-inputs * TARGETS[name].weight // total) for name in names}


def fuzz(name: str, inputs: int, seed: int, kept: Path, bar: tqdm) -> Tally:
    """Run one target; the first file of each kind of failure goes to a folder."""
    tally, started = Tally(seed), time.perf_counter()
    for reading in run_apart(name, inputs, seed):
        found = reading.verdict
        tally.inputs += 1
        bar.update()
        if found.kind == REFUSED:
            tally.refused += 1
            tally.refusals.add(found.signature)
        elif found.kind == FAILED:
            if not tally.failures[found.signature]:
                keep(name, found, reading.data, kept)
            tally.failures[found.signature] += 1
    tally.seconds = time.perf_counter() - started
    return tally


def keep(name: str, found, data: bytes | None, folder: Path) -> None:
    """Save a file and what was said of it."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"\W+", "-", f"{name} {found.signature}")[:100]
    (folder / f"{stem}.{Path(TARGETS[name].file).name}").write_bytes(data or b"")
    (folder / f"{stem}.md").write_text(f"{found.signature}\n\n{found.detail}\n")


def together(path: Path, told: dict) -> dict:
    """The result with what a file tells of readers that were not run now."""
    before = json.loads(path.read_text())["readers"] if path.exists() else {}
    readers = {name: {**before, **told}[name] for name in TARGETS if name in {**before, **told}}
    return {
        "inputs": sum(one["inputs"] for one in readers.values()),
        "failed": sum(sum(one["failures"].values()) for one in readers.values()),
        "readers": readers,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--failures", type=Path, default=KEPT, help="where such files are kept")
    parser.add_argument("--out", type=Path, default=RESULTS / "fuzz.json")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    planned = shares(chosen.only, chosen.inputs)
    tallies = {}
    with tqdm(total=sum(planned.values()), unit="file", leave=False) as bar:
        for name, inputs in planned.items():
            bar.set_description(name)
            tallies[name] = fuzz(name, inputs, chosen.seed, chosen.failures, bar)
    told = {name: tally.told() for name, tally in tallies.items()}
    keys = ("inputs", "refused", "read", "places_that_refuse", "inputs_per_second")
    rows = [
        (name, *(one[key] for key in keys), sum(one["failures"].values()))
        for name, one in told.items()
    ]
    print_table(("reader", "files", "refused", "read", "places", "files/s", "failed"), rows)
    failed = sum(tally.failures.total() for tally in tallies.values())
    print(f"{sum(tally.inputs for tally in tallies.values())} damaged files, {failed} failed")
    for name, tally in tallies.items():
        for signature, count in tally.failures.most_common():
            print(f"  {name}: {signature} ({count} times)")
    write_result(chosen.out, together(chosen.out, told))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
