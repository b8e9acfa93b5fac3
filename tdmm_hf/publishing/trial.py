"""Whether a folder works for somebody else: tried in a process of its own.

The process knows nothing of this one: no environment of ours, an empty home and cache, no network.
What it runs stands in ``trials/``, a script for each kind.

    >>> run_trial("model.py", "tdmm_hf/assets/tdmm-lm-tiny")    # doctest: +SKIP
    {'class': 'TDMMForCausalLM', 'parameters': 10103831, ...}
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIALS = Path(__file__).parent / "trials"
# All that a trial inherits: where programs and libraries are, and how many cores it may take.
INHERITED = (
    "PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
)  # fmt: skip


@contextmanager
def clean_environment() -> Iterator[dict[str, str]]:
    """An environment with a home of its own, gone afterwards, in which the Hub is out of reach."""
    with tempfile.TemporaryDirectory(prefix="tdmm-trial-") as home:
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {"HOME": home, "HF_HOME": f"{home}/hf", "HF_HUB_OFFLINE": "1"}
        yield {**kept, **own, "PYTHONNOUSERSITE": "1", "TQDM_DISABLE": "1"}


def run_trial(script: str, *arguments: str | Path) -> dict:
    """What a script of ``trials/`` found.

    Raises:
        ValueError: it failed; with the last line that it said.
    """
    with clean_environment() as environment:
        command = [sys.executable, "-I", str(TRIALS / script), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=environment["HOME"], env=environment, capture_output=True, text=True
        )
    if done.returncode:
        raise ValueError(last_line(done.stderr))
    return json.loads(done.stdout.splitlines()[-1])


def last_line(said: str) -> str:
    """What an error report comes down to."""
    return (said.strip().splitlines() or ["no reason given"])[-1].strip()
