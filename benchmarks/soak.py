"""Thousands of generations in one process: does memory stay flat?

    python benchmarks/soak.py [MODEL] [--generations 2000] [--seconds 1] [--out result.json]

Motions of many prompts and lengths are made one after another, and every fourth is described. After
a warm-up the resident memory is noted after each tenth generation. Memory is flat if the line
through the second half of these, which a cache that fills up has left behind, rises by less than
``--most-slope`` MiB in a thousand generations, and the end is no more than ``--most-growth`` MiB
above where the warm-up left off. The exit status is 1 if it is not.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np
from common import load_pipeline, load_yaml, parser, print_table, write_result
from tqdm import tqdm

DESCRIBE_EVERY = 4
NOTE_EVERY = 10
MIB = 2**20


@dataclass(frozen=True)
class Growth:
    """What memory did after the warm-up, in MiB.

    Args:
        warm: resident after the warm-up, the least of the first tenth of the notes.
        end: resident in the end, the least of the last tenth.
        highest: the most that was noted.
        slope: of the line through the second half, a thousand generations.
    """

    warm: float
    end: float
    highest: float
    slope: float

    def flat(self, most_slope: float, most_growth: float) -> bool:
        return self.slope <= most_slope and self.end - self.warm <= most_growth


def growth(at: list[int], resident: list[float]) -> Growth:
    """How memory grew.

    Args:
        at: (notes,) generations done.
        resident: (notes,) MiB.
    """
    tenth, half = max(len(at) // 10, 1), len(at) // 2
    slope = np.polyfit(at[half:], resident[half:], 1)[0] if len(at) - half > 1 else 0.0
    return Growth(
        warm=min(resident[:tenth]),
        end=min(resident[-tenth:]),
        highest=max(resident),
        slope=1000 * float(slope),
    )


def soak(make, read, prompts: list[str], generations: int, warm_up: int, seconds: float):
    """Generate and describe, and note memory; returns (generations done, MiB) after the warm-up."""
    import psutil

    process = psutil.Process()
    lengths = seconds * np.array([0.8, 1.0, 1.2, 1.4])
    at, resident = [], []
    for number in tqdm(range(warm_up + generations), unit="motion", leave=False):
        prompt = prompts[number % len(prompts)]
        made = make(prompt, duration=float(lengths[number % len(lengths)]), seed=number)
        if number % DESCRIBE_EVERY == 0:
            read(made)
        if number >= warm_up and (number - warm_up) % NOTE_EVERY == NOTE_EVERY - 1:
            gc.collect()
            at.append(number - warm_up + 1)
            resident.append(process.memory_info().rss / MIB)
    return at, resident


def arguments() -> argparse.Namespace:
    found = parser(__doc__, "soak")
    found.add_argument("--generations", type=int, default=2000)
    found.add_argument("--warm-up", type=int, default=100)
    found.add_argument("--seconds", type=float, default=1.0, help="of a motion, on average")
    found.add_argument("--most-slope", type=float, default=4.0, help="MiB in a thousand")
    found.add_argument("--most-growth", type=float, default=32.0, help="MiB in all")
    return found.parse_args()


def main() -> int:
    chosen = arguments()
    make = load_pipeline("text-to-face-motion", chosen.model, chosen.device)
    read = load_pipeline("face-motion-to-text", chosen.model, chosen.device)
    prompts = [entry["prompt"] for entry in load_yaml("prompts")]
    started = time.perf_counter()
    at, resident = soak(make, read, prompts, chosen.generations, chosen.warm_up, chosen.seconds)
    taken = time.perf_counter() - started
    found = growth(at, resident)
    flat = found.flat(chosen.most_slope, chosen.most_growth)
    rows = [
        ("after the warm-up", found.warm, "MiB"),
        ("in the end", found.end, "MiB"),
        ("highest", found.highest, "MiB"),
        ("slope of the second half", found.slope, "MiB / 1000 motions"),
        ("time", taken / 60, "min"),
    ]
    print_table(("resident memory", "value", "unit"), rows)
    print(f"{chosen.generations} generations: memory is {'flat' if flat else 'NOT flat'}")
    result = {
        "model": chosen.model or "embedded",
        "generations": chosen.generations,
        "descriptions": -(-(chosen.warm_up + chosen.generations) // DESCRIBE_EVERY),
        "warm_up": chosen.warm_up,
        "seconds_of_motion": chosen.seconds,
        **asdict(found),
        "flat": flat,
        "limits": {"slope": chosen.most_slope, "growth": chosen.most_growth},
        "seconds": taken,
        "notes": [
            {"generations": n, "mib": round(mib, 1)} for n, mib in zip(at, resident, strict=True)
        ],
    }
    write_result(chosen.out, result)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
