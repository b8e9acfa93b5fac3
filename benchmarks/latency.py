"""How long a motion takes: one prompt, a batch of prompts, and the command from cold.

    python benchmarks/latency.py [MODEL] [--out result.json]

- AITS: average inference time per sentence, batch 1, over 50 hand-written prompts of 5 s, model
  loaded and warmed up (the metric of MLD, Chen et al. 2023).
- batch: seconds of motion made per second, 32 prompts of 5 s in one batch.
- cold: wall time of ``tdmm generate`` as a process of its own, best and worst of three.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import BATCH_SIZE, HERE, load_pipeline, load_yaml, parser, print_table, write_result
from tqdm import tqdm

DURATION = 5.0
SENTENCES = 50
WARM_UPS = 3
COLD_RUNS = 3


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def one_by_one(pipe, prompts: list[str]) -> dict:
    """AITS and its spread at batch 1, in seconds."""
    for prompt in prompts[:WARM_UPS]:
        pipe(prompt, duration=DURATION, seed=0)
    taken = [
        seconds(lambda prompt=prompt: pipe(prompt, duration=DURATION, seed=0))
        for prompt in tqdm(prompts, desc="one by one", leave=False)
    ]
    return {
        "aits": float(np.mean(taken)),
        "median": float(np.median(taken)),
        "p95": float(np.percentile(taken, 95)),
        "sentences": len(prompts),
    }


def in_batch(pipe, prompts: list[str]) -> dict:
    """Seconds of motion per second of work, all prompts in one batch; the better of two."""
    taken = min(
        seconds(lambda: pipe(prompts, duration=DURATION, seed=0, batch_size=len(prompts)))
        for _ in range(2)
    )
    return {
        "prompts": len(prompts),
        "seconds": taken,
        "motion_per_second": len(prompts) * DURATION / taken,
    }


def cold_command(prompt: str, model: str | None) -> dict:
    """Wall times of ``tdmm generate`` started as a user starts it."""
    root = str(HERE.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tdmm_hf.cli", "generate", prompt]
        command += ["--duration", str(DURATION), "--out", str(Path(folder) / "motion.csv")]
        command += ["--model", model] if model else []
        taken = [
            seconds(
                lambda: subprocess.run(
                    command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": path}
                )
            )
            for _ in range(COLD_RUNS)
        ]
    return {"best": min(taken), "worst": max(taken), "runs": COLD_RUNS}


def main() -> None:
    chosen = parser(__doc__, "latency").parse_args()
    prompts = [entry["prompt"] for entry in load_yaml("prompts")]
    pipe = load_pipeline("text-to-face-motion", chosen.model, chosen.device)
    single = one_by_one(pipe, prompts[:SENTENCES])
    batch = in_batch(pipe, prompts[:BATCH_SIZE])
    cold = cold_command(prompts[0], chosen.model)
    rows = [
        ("one 5 s motion, batch 1, mean (AITS)", single["aits"], "s"),
        ("one 5 s motion, batch 1, 95th percentile", single["p95"], "s"),
        (f"batch of {batch['prompts']}: motion per second", batch["motion_per_second"], "s/s"),
        ("tdmm generate, cold, worst", cold["worst"], "s"),
    ]
    print_table(("figure", "value", "unit"), rows)
    result = {"model": chosen.model or "embedded", "device": chosen.device}
    write_result(chosen.out, {**result, "single": single, "batch": batch, "cold": cold})


if __name__ == "__main__":
    main()
